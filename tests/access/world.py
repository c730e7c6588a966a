"""Who asks, and what there is: everything private holds a token, so that it is found wherever it leaks."""

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.test import Client
from django.utils import timezone
from PIL import Image

from lyceum.accounts import exports, keys, tokens
from lyceum.accounts.models import ExternalIdentity, Passkey, PrivacyJob, Session, Token
from lyceum.accounts.oauth.models import App, AppGrant
from lyceum.core.archives import Archive
from lyceum.core.ids import uuid7
from lyceum.core.testing.people import make_person
from lyceum.library import reviews
from lyceum.library.models import CategorySuggestion
from lyceum.library.orders import carts, payments
from lyceum.library.orders import services as orders
from lyceum.library.testing import make_author, make_book, make_category, make_publisher
from lyceum.messaging import attachments, membership, services
from lyceum.notifications.models import Delivery, Device, Webhook

CSRF = "a" * 32
# Rows that asking alone makes or moves; what they keep is no thing of anybody's.
NO_THINGS = {"Session", "TokenFamily", "Token", "AuditEntry", "OutboxEvent", "ServerKey", "IdempotencyRecord"}


def client(**headers: str) -> Client:
    """Return a client that says its CSRF token, as our own pages do."""
    found = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": CSRF, **headers})
    found.cookies["csrftoken"] = CSRF
    return found


def by_session(person: Any) -> Client:
    found = client()
    found.force_login(person)
    return found


def by_token(person: Any) -> Client:
    pair = tokens.open_family(person, address="127.0.0.1", user_agent="")
    return client(Authorization=f"Bearer {pair.access}")


# The ways to sign in; each is held to the same matrix.
SCHEMES = {"session": by_session, "token": by_token}


@dataclass
class World:
    people: dict[str, Any]
    ids: dict[str, Any]
    # What is one's alone, and what members share.
    private: str = field(default_factory=lambda: f"zq{secrets.token_hex(8)}")
    shared: str = field(default_factory=lambda: f"zq{secrets.token_hex(8)}")

    def broken(self) -> dict[str, Client]:
        """Return clients whose credentials are good for nothing."""
        gone, pair = self.people["deactivated"], self._pair("owner")
        expired = self._pair("owner")
        Token.objects.filter(hash=tokens.token_hash(expired.access)).update(expires_at=timezone.now() - timedelta(1))
        revoked = self._pair("owner")
        tokens.revoke(revoked.refresh)
        found = {
            "an expired token": expired.access,
            "a refresh token": pair.refresh,
            "a revoked token": revoked.access,
            "a token of somebody deactivated": tokens.open_family(gone, address="", user_agent="").access,
            "a token that never was": "lya_nothing",
            "a token with another's end": pair.access[:-4] + expired.access[-4:],
            "a token that names no algorithm": _unsigned(self.people["owner"].pk),
        }
        clients = {name: client(Authorization=f"Bearer {token}") for name, token in found.items()}
        beside = by_session(self.people["owner"])
        beside.defaults["HTTP_AUTHORIZATION"] = "Bearer lya_nothing"
        return {
            **clients,
            "a bad token beside a good session": beside,
            "a session of somebody deactivated": self._out(),
        }

    def _pair(self, name: str) -> tokens.TokenPair:
        return tokens.open_family(self.people[name], address="", user_agent="")

    def _out(self) -> Client:
        gone = self.people["deactivated"]
        return by_session(gone)


def _unsigned(user_id: Any) -> str:
    """Return what some libraries take for a signed token: a JWT with the algorithm `none`."""
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": str(user_id), "user_id": str(user_id), "exp": 4102444800})
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def missing() -> dict[str, Any]:
    """Return ids of nothing, for every name that a path or a body may have."""
    return Missing(emoji="👍")


class Missing(dict[str, Any]):
    def __missing__(self, name: str) -> Any:
        return uuid7()


def make_world() -> World:
    names = {"owner": "alice", "member": "bob", "fellow": "dana", "removed": "erin", "stranger": "charlie"}
    people = {role: make_person(name) for role, name in names.items()}
    # Somebody to act upon, and who never asks.
    people["other"] = make_person("oona")
    people |= {"staff": make_person("priya", is_staff=True), "deactivated": make_person("gone", is_active=False)}
    world = World(people, {"emoji": "👍"})
    _make_room(world)
    _make_own(world)
    _make_bought(world)
    _make_staffs(world)
    _make_books(world)
    people["owner"].email = f"{world.private}@example.org"
    people["owner"].save()
    return world


def _make_room(world: World) -> None:
    pk = {role: person.pk for role, person in world.people.items()}
    everybody = [pk[role] for role in ("member", "fellow", "other", "removed")]
    room = services.create_group(pk["owner"], name=world.shared, members=everybody, history="all")
    with BytesIO() as picture:
        Image.new("RGB", (9, 9)).save(picture, "PNG")
        picture.seek(0)
        size = len(picture.getvalue())
        file = attachments.upload(pk["member"], picture, name=f"{world.shared}.png", size=size)
    text = f"rock {world.shared}"
    sent = services.send_message(room.pk, sender=pk["member"], content=text, attachments=[file.pk])
    for role in ("owner", "member"):
        place = room.participants.select_related("conversation", "user").get(user=pk[role])
        services.react(place, sent.message_id, "👍", add=True)
    owner = room.participants.select_related("conversation", "user").get(user=pk["owner"])
    membership.remove_member(owner, pk["removed"])
    over = services.create_group(pk["owner"], name=world.shared, members=[pk["member"]], history="all")
    services.end_conversation(over.participants.select_related("conversation", "user").get(user=pk["owner"]))
    world.ids |= {"conversation_id": room.pk, "message_id": sent.message_id, "member_id": pk["other"]}
    world.ids |= {"attachment_id": file.pk, "ended_id": over.pk, "stranger_id": pk["stranger"], "user_id": pk["owner"]}


def _make_own(world: World) -> None:
    owner, word = world.people["owner"], world.private
    key = Passkey.objects.create(user=owner, name=word, credential_id=word.encode(), credential=b"", rp_id="localhost")
    at = f"https://push.example.org/{word}"
    device = Device.objects.create(user=owner, endpoint=at, endpoint_hash=word, user_agent=word)
    identity = ExternalIdentity.objects.create(user=owner, issuer="https://id.example.org", subject=word)
    app = App.objects.create(client_id=word, name=word, scopes=["openid"])
    grant = AppGrant.objects.create(user=owner, app=app, scopes=["openid"])
    day = timezone.now() + timedelta(1)
    export = PrivacyJob.objects.create(user=owner, kind="export", state="done", expires_at=day)
    with BytesIO() as file:
        Archive(file).close()
        default_storage.save(exports.path_of(export.pk), ContentFile(file.getvalue()))
    by_session(owner)
    sign_in = Session.objects.get(user=owner)
    Session.objects.filter(pk=sign_in.pk).update(user_agent=word)
    world.ids |= {"passkey_id": key.pk, "device_id": device.pk, "identity_id": identity.pk, "grant_id": grant.pk}
    world.ids |= {"sign_in_id": sign_in.public_id, "app_id": app.pk, "export_id": export.pk}


def _make_bought(world: World) -> None:
    owner, book = world.people["owner"], make_book("A book for everybody", price="1.00", stock=99)
    carts.add(owner, book.pk)
    order = orders.place_order(owner, key=world.private)
    order.items.update(title=world.private)
    payments.receive(payments.Notice(world.private, order.pk, order.total_amount, order.currency, world.private))
    item = carts.add(owner, book.pk)
    world.ids |= {"book_id": book.pk, "order_id": order.pk, "item_id": item.id}


def _make_staffs(world: World) -> None:
    key, _ = keys.create(name="Reports", scopes=["chat:read"], actor=world.people["staff"])
    webhook = Webhook.objects.create(url=f"https://hooks.example.org/{world.private}", events=["message.created"])
    webhook.scopes.create(scope=world.ids["conversation_id"])
    delivery = Delivery.objects.create(
        webhook=webhook, event_id=uuid7(), event="message.created", data={}, happened_at=timezone.now(), state="failed"
    )
    world.ids |= {"key_id": key.pk, "webhook_id": webhook.pk, "delivery_id": delivery.pk}


def _make_books(world: World) -> None:
    book = make_book("Maps", ["Ada Writer"], categories=["Geology"], publisher="Field Press")
    review, _ = reviews.write_review(world.people["owner"], book.pk, rating=4)
    suggestion = CategorySuggestion.objects.create(book=make_book("Bare"), category=make_category("Geology"), score=0.5)
    world.ids |= {"suggestion_id": suggestion.pk}
    # Nothing stands under these, so that they may go.
    under = {
        "author_id": make_author("Bo Lim"),
        "publisher_id": make_publisher("Press"),
        "category_id": make_category("Ores"),
    }
    world.ids |= {"book_id": book.pk, "review_id": review.pk, **{name: row.pk for name, row in under.items()}}


def tables() -> list[type[models.Model]]:
    ours = [config for config in apps.get_app_configs() if config.name.startswith("lyceum.")]
    found = [model for config in ours for model in config.get_models()]
    return [model for model in found if model.__name__ not in NO_THINGS]


# What a table holds, but for when somebody last came; in no order but that of its text.
DIGEST = """
select '{name}', md5(coalesce(string_agg(held, ',' order by held), ''))
from (select (to_jsonb(t) - 'last_login')::text as held from {table} t) rows
"""


def state() -> list[tuple[str, str]]:
    """Return a digest of everything that anybody has, table by table, to be compared."""
    each = [
        DIGEST.format(name=model.__name__, table=connection.ops.quote_name(model._meta.db_table)) for model in tables()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(each))
        return sorted(cursor.fetchall())
