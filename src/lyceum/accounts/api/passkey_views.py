"""Doors of passkeys: to make, list, rename and remove them, and to sign in or confirm with one."""

from dataclasses import asdict
from hashlib import sha256
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts import devices, passkeys, reauthentication, tokens
from lyceum.accounts.api import factor_serializers as forms
from lyceum.accounts.api.authentication import check_csrf
from lyceum.accounts.api.factor_views import confirmed_sign_in_of, person_of, sign_in_of
from lyceum.accounts.api.serializers import TokenPairView, UserView
from lyceum.accounts.api.views import OpenDoor, address_of, agent_of, user_data
from lyceum.accounts.errors import PasskeyRefused
from lyceum.accounts.models import Passkey
from lyceum.accounts.sessions import open_session
from lyceum.core.api import Door, check_if_match, etag, read


def place_of(request: Request) -> passkeys.Place:
    return passkeys.place_at(request.get_host(), scheme=request.scheme or "http")


def passkey_data(row: Passkey) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.name,
        "is_synced": row.is_synced,
        "rp_id": row.rp_id,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
    }


def _challenge(made: tuple[str, dict[str, Any]]) -> Response:
    return Response({"state": made[0], "public_key": made[1]})


def _browser(request: Request) -> str:
    """Name the browser that asks, by the secret of its CSRF cookie."""
    check_csrf(request)
    return sha256(request._request.META.get("CSRF_COOKIE", "").encode()).hexdigest()


class PasskeyOptions(Door):
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.ChallengeView)
    def post(self, request: Request) -> Response:
        """Begin to make a passkey: what the browser needs for `navigator.credentials.create`."""
        sign_in_id = confirmed_sign_in_of(request)
        return _challenge(passkeys.begin_adding(person_of(request), place_of(request), sign_in_id=sign_in_id))


class PasskeyList(Door):
    creates = True

    @extend_schema(responses=forms.PasskeyListView)
    def get(self, request: Request) -> Response:
        """List one's passkeys, the oldest first."""
        rows = person_of(request).passkeys.order_by("created_at", "pk")
        return Response({"results": [passkey_data(row) for row in rows], "next": None, "previous": None})

    @extend_schema(request=forms.NewPasskeyBody, responses={201: forms.PasskeyView})
    def post(self, request: Request) -> Response:
        """Add the passkey that the browser made."""
        body = {"name": devices.name(agent_of(request)) or "Passkey", **read(forms.NewPasskeyBody, request)}
        sign_in_id = confirmed_sign_in_of(request)
        row = passkeys.add(person_of(request), place_of(request), sign_in_id=sign_in_id, **body)
        return Response(passkey_data(row), status=201)


class PasskeyDetail(Door):
    conditional = ("PATCH", "DELETE")
    refusals = {"DELETE": (409,)}

    @extend_schema(request=forms.PasskeyNameBody, responses=forms.PasskeyView)
    def patch(self, request: Request, passkey_id: UUID) -> Response:
        """Give a passkey another name."""
        name = read(forms.PasskeyNameBody, request)["name"]
        row = passkeys.rename(person_of(request), passkey_id, name, check=self._check)
        return Response(passkey_data(row), headers={"ETag": etag(row.pk, row.version)})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, passkey_id: UUID) -> Response:
        """Remove a passkey: it lets nobody in any more."""
        passkeys.get_for(person_of(request), passkey_id)
        confirmed_sign_in_of(request)
        passkeys.remove(person_of(request), passkey_id, check=self._check)
        return Response(status=204)

    def _check(self, row: Passkey) -> None:
        check_if_match(self.request, etag(row.pk, row.version))


class PasskeyLoginOptions(OpenDoor):
    # The sign-in page asks by itself, so it counts as pages do.
    limit_classes = {"POST": ("light",)}
    refusals = {"POST": (403, 409)}

    @extend_schema(request=None, responses=forms.ChallengeView)
    def post(self, request: Request) -> Response:
        """Begin to sign in with a passkey and a session cookie; this browser alone may answer."""
        return _challenge(passkeys.begin_entering(place_of(request), purpose="login", holder=_browser(request)))


class PasskeyLogin(OpenDoor):
    refusals = {"POST": (401, 403, 409)}

    @extend_schema(request=forms.AnswerBody, responses=UserView)
    def post(self, request: Request) -> Response:
        """Sign in with a passkey and a session cookie; it stands for both factors."""
        browser = _browser(request)
        answer = read(forms.AnswerBody, request)
        place, address = place_of(request), address_of(request)
        user = passkeys.sign_in(place, purpose="login", holder=browser, address=address, **answer)
        open_session(request._request, user, second_factor=True, through="passkey")
        return Response(user_data(user))


class PasskeyTokenOptions(OpenDoor):
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.ChallengeView)
    def post(self, request: Request) -> Response:
        """Begin to sign in with a passkey and a pair of tokens."""
        return _challenge(passkeys.begin_entering(place_of(request), purpose="token", holder=""))


class PasskeyToken(OpenDoor):
    refusals = {"POST": (401, 403, 409)}

    @extend_schema(request=forms.AnswerBody, responses=TokenPairView)
    def post(self, request: Request) -> Response:
        """Sign in with a passkey and a pair of tokens; it stands for both factors."""
        answer = read(forms.AnswerBody, request)
        address = address_of(request)
        user = passkeys.sign_in(place_of(request), purpose="token", holder="", address=address, **answer)
        pair = tokens.open_family(user, address=address, user_agent=agent_of(request), through="passkey")
        return Response(asdict(pair))


class PasskeyConfirmOptions(Door):
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.ChallengeView)
    def post(self, request: Request) -> Response:
        """Begin to confirm with a passkey that it is oneself."""
        holder = sign_in_of(request)
        place, user = place_of(request), person_of(request)
        return _challenge(passkeys.begin_entering(place, purpose="confirm", holder=holder, user=user))


class PasskeyConfirm(Door):
    refusals = {"POST": (409,)}

    @extend_schema(request=forms.AnswerBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Confirm with a passkey, so that this sign-in may change what is sensitive for ten minutes."""
        answer = read(forms.AnswerBody, request)
        holder = sign_in_of(request)
        user = passkeys.check(place_of(request), purpose="confirm", holder=holder, **answer)
        if user.pk != request.user.pk:
            raise PasskeyRefused
        reauthentication.note_confirmed(user, holder)
        return Response(status=204)
