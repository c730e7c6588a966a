"""Webhooks: made and changed by staff; owners of a place let them have its texts."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from lyceum.core import audit, outbound, sealing
from lyceum.core.conditions import unbound
from lyceum.core.errors import Conflict, FieldError, Invalid, NotFound
from lyceum.notifications import signatures, webhook_events, webhook_places
from lyceum.notifications.models import Webhook, WebhookScope

PURPOSE = "webhook secret"
MOST_WEBHOOKS = 50
PREVIOUS_KEPT = timedelta(hours=24)
RESOLVE_SECONDS = 5.0


class TooManyWebhooks(Conflict):
    code, title = "too_many_webhooks", f"There are {MOST_WEBHOOKS} webhooks. Delete one first."


def all_webhooks() -> QuerySet[Webhook]:
    return Webhook.objects.order_by("-created_at", "-pk")


def get(webhook_id: UUID, *, lock: bool = False) -> Webhook:
    rows = Webhook.objects.select_for_update() if lock else Webhook.objects
    found = rows.filter(pk=webhook_id).first()
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


@transaction.atomic
def create(*, url: str, events: Sequence[str], description: str = "", actor: Any) -> tuple[Webhook, str]:
    """Make a webhook and return it with its secret, which is shown this once."""
    _check(url=url, events=events)
    if Webhook.objects.count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks
    made = Webhook(url=url, events=sorted(set(events)), description=description, created_by=actor)
    secret = _set_secret(made)
    made.save()
    audit.record(actor, "webhook.created", made.pk, events=made.events)
    return made, secret


def _check(*, url: str | None = None, events: Sequence[str] | None = None) -> None:
    """Raise Invalid for an address that must not be called and for kinds that nobody declared."""
    errors = []
    if url is not None and (fault := _fault_of(url)):
        errors.append(FieldError("url", "invalid", fault))
    unknown = [name for name in events or () if webhook_events.get(name) is None]
    errors += [FieldError("events", "invalid", f"There is no event {name}.") for name in unknown]
    if errors:
        raise Invalid(errors=errors)


def _fault_of(url: str) -> str:
    guard = outbound.Guard(settings.OUTBOUND_ALLOWED_HOSTS)
    try:
        found = guard.check_secure(url)
        guard.addresses(found.host, found.port or outbound.PORTS[found.scheme], within=RESOLVE_SECONDS)
    except outbound.OutboundRefused as err:
        return err.for_operators
    except outbound.OutboundFailed as err:
        return str(err.detail)
    return ""


def _set_secret(webhook: Webhook) -> str:
    secret = signatures.new_secret()
    webhook.sealed_secret = sealing.seal(secret, purpose=PURPOSE, place=webhook.pk)
    return secret


def secrets_of(webhook: Webhook) -> list[str]:
    """Return the secrets that sign now, the newest first; raises Unreadable."""
    sealed = [webhook.sealed_secret]
    if webhook.previous_until is not None and webhook.previous_until > timezone.now():
        sealed.append(webhook.sealed_previous)
    return [sealing.unseal(one, purpose=PURPOSE, place=webhook.pk) for one in sealed]


@transaction.atomic
def change(webhook_id: UUID, *, actor: Any, check: Callable[[Webhook], None] = unbound, **changes: Any) -> Webhook:
    """Change a webhook; switched on again, it begins afresh, and gets what waited meanwhile."""
    webhook = get(webhook_id, lock=True)
    check(webhook)
    _check(url=changes.get("url"), events=changes.get("events"))
    if "url" in changes and urlsplit(changes["url"]).netloc != urlsplit(webhook.url).netloc:
        # The owners of groups said yes to one receiver, not to the next.
        webhook.scopes.all().delete()
    for name, value in changes.items():
        setattr(webhook, name, sorted(set(value)) if name == "events" else value)
    if changes.get("is_enabled"):
        webhook.failing_since = None
    webhook.version = webhook.version + 1
    webhook.save()
    audit.record(actor, "webhook.changed", webhook.pk, fields=sorted(changes))
    return webhook


@transaction.atomic
def rotate(webhook_id: UUID, *, actor: Any) -> tuple[Webhook, str]:
    """Give a webhook another secret; deliveries carry the signatures of both for a day."""
    webhook = get(webhook_id, lock=True)
    webhook.sealed_previous, webhook.previous_until = webhook.sealed_secret, timezone.now() + PREVIOUS_KEPT
    secret = _set_secret(webhook)
    webhook.save()
    audit.record(actor, "webhook.secret_changed", webhook.pk)
    return webhook, secret


@transaction.atomic
def delete(webhook_id: UUID, *, actor: Any, check: Callable[[Webhook], None] = unbound) -> None:
    webhook = get(webhook_id, lock=True)
    check(webhook)
    webhook.delete()
    audit.record(actor, "webhook.deleted", webhook_id)


def disable(webhook_id: UUID, *, why: str) -> bool:
    """Switch a webhook off by itself; says whether it was on."""
    was_on = Webhook.objects.filter(pk=webhook_id, is_enabled=True).update(is_enabled=False, version=F("version") + 1)
    if was_on:
        audit.record(None, "webhook.disabled", webhook_id, why=why)
    return bool(was_on)


def attach(webhook_id: UUID, scope: UUID, *, actor: Any) -> None:
    """Let a webhook have the texts of a place; whoever calls has checked that the actor may say so."""
    said = {"allowed_by": actor}
    _, is_new = WebhookScope.objects.update_or_create(webhook=get(webhook_id), scope=scope, defaults=said)
    if is_new:
        audit.record(actor, "webhook.attached", webhook_id, scope=str(scope))


def detach(webhook_id: UUID, scope: UUID, *, actor: Any) -> None:
    if not WebhookScope.objects.filter(webhook=webhook_id, scope=scope).delete()[0]:
        raise NotFound("There is no such webhook.")
    audit.record(actor, "webhook.detached", webhook_id, scope=str(scope))


def withdraw(scope: UUID, *, allowed_by: UUID) -> None:
    """End what somebody allowed in a place that they have left."""
    for one in WebhookScope.objects.filter(scope=scope, allowed_by=allowed_by):
        one.delete()
        audit.record(None, "webhook.detached", one.webhook_id, scope=str(scope))


def forget(scopes: Collection[UUID]) -> None:
    """Forget what was allowed in places that are gone."""
    WebhookScope.objects.filter(scope__in=list(scopes)).delete()


def scopes_of(webhook: Webhook) -> list[UUID]:
    """Return the places whose texts a webhook has, the first first; none that has ended."""
    return scopes_of_each([webhook])[webhook.pk]


def scopes_of_each(found: Collection[Webhook]) -> dict[UUID, list[UUID]]:
    """Return for each of some webhooks the places whose texts it has, in two queries however many there are."""
    rows = WebhookScope.objects.filter(webhook__in=found).order_by("created_at", "pk")
    pairs = list(rows.values_list("webhook_id", "scope"))
    standing = webhook_places.places().standing({scope for _, scope in pairs}) if pairs else set()
    scopes: dict[UUID, list[UUID]] = {one.pk: [] for one in found}
    for webhook_id, scope in pairs:
        if scope in standing:
            scopes[webhook_id].append(scope)
    return scopes


def may_have_texts(webhook_id: UUID, scope: UUID) -> bool:
    is_attached = WebhookScope.objects.filter(webhook=webhook_id, scope=scope).exists()
    return is_attached and bool(webhook_places.places().standing([scope]))


def choose_places(webhook_id: UUID, chosen: Collection[UUID], *, actor: Any) -> None:
    """Let a webhook have the texts of these of a person's places, and of no other of theirs; raises Invalid."""
    mine = {place.id for place in webhook_places.places().owned_by(actor.pk)}
    if not mine.issuperset(chosen):
        raise Invalid.field("groups", "not_found", "Choose groups that you own.")
    had = set(scopes_of(get(webhook_id))) & mine
    with transaction.atomic():
        # Each is locked, in the order in which everybody locks places.
        for place_id in sorted(had ^ set(chosen)):
            webhook_places.places().let_listen(actor.pk, place_id, webhook_id, listen=place_id not in had)


def attached(scope: UUID) -> QuerySet[Webhook]:
    """Return the webhooks that have the texts of a place."""
    return Webhook.objects.filter(scopes__scope=scope).order_by("created_at", "pk")
