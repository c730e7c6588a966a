from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts import avatars, factors, selectors, services, tickets, tokens
from lyceum.accounts.api import serializers as forms
from lyceum.accounts.api.authentication import check_csrf
from lyceum.accounts.bodies import RegisterBody
from lyceum.accounts.models import User
from lyceum.accounts.scopes import USERS_READ
from lyceum.accounts.sessions import keep_session, open_session
from lyceum.core import paging
from lyceum.core.api import Door, check_if_match, etag, number, read
from lyceum.core.errors import Invalid
from lyceum.core.openapi import whole
from lyceum.core.uploads import StrictMultiPartParser, read_file


def user_data(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": user.role,
        "date_joined": user.date_joined,
    }


def profile_data(user: User) -> dict[str, Any]:
    return {
        **user_data(user),
        "name": user.name,
        "avatar": user.avatar_url,
        "email_verified_at": user.email_verified_at,
        "locale": user.locale,
        "timezone": user.timezone,
        "show_presence": user.show_presence,
        "show_typing": user.show_typing,
        "limit_profile": user.limit_profile,
    }


def profile_answer(user: User) -> Response:
    return Response(profile_data(user), headers={"ETag": etag(user.pk, user.version)})


def address_of(request: Request) -> str:
    return str(request._request.client_address)  # type: ignore[attr-defined]


def agent_of(request: Request) -> str:
    return request.headers.get("User-Agent", "")[:300]


class OpenDoor(Door):
    """Needs no account, and counts for the address."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    counts_for_address = True


class Register(OpenDoor):
    @extend_schema(request=RegisterBody, responses={201: forms.UserView})
    def post(self, request: Request) -> Response:
        """Create an account."""
        return Response(user_data(services.register(**read(RegisterBody, request))), status=201)


class Setup(OpenDoor):
    @extend_schema(request=forms.SetupBody, responses={201: forms.UserView})
    def post(self, request: Request) -> Response:
        """Create the first staff account with the set-up link."""
        return Response(user_data(services.set_up(**read(forms.SetupBody, request))), status=201)


class Csrf(OpenDoor):
    @extend_schema(responses=forms.CsrfView)
    def get(self, request: Request) -> Response:
        """Get the CSRF token that unsafe requests of a session send."""
        return Response({"csrf_token": get_token(request._request)})


class Login(OpenDoor):
    refusals = {"POST": (401, 403)}

    @extend_schema(request=forms.LoginBody, responses=forms.UserView)
    def post(self, request: Request) -> Response:
        """Sign in with a session cookie."""
        check_csrf(request)
        body = read(forms.LoginBody, request)
        user = services.check_credentials(**body, address=address_of(request))
        open_session(request._request, user, second_factor=factors.is_on(user))
        return Response(user_data(user))


class Logout(Door):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Sign out."""
        if isinstance(request.auth, UUID):
            services.end_sign_in(request.user, request.auth)  # type: ignore[arg-type]
        logout(request._request)
        return Response(status=204)


class TokenOpen(OpenDoor):
    refusals = {"POST": (401, 403)}

    @extend_schema(request=forms.LoginBody, responses=forms.TokenPairView)
    def post(self, request: Request) -> Response:
        """Sign in with a pair of tokens."""
        body = read(forms.LoginBody, request)
        user = services.check_credentials(**body, address=address_of(request))
        pair = tokens.open_family(user, address=address_of(request), user_agent=agent_of(request))
        return Response(asdict(pair))


class TokenRefresh(OpenDoor):
    refusals = {"POST": (401,)}

    @extend_schema(request=forms.RefreshBody, responses=forms.TokenPairView)
    def post(self, request: Request) -> Response:
        """Trade a refresh token for the next pair."""
        return Response(asdict(tokens.rotate(read(forms.RefreshBody, request)["refresh"])))


class TokenVerify(OpenDoor):
    refusals = {"POST": (401,)}

    @extend_schema(request=forms.TokenBody, responses={200: {"type": "object", "additionalProperties": False}})
    def post(self, request: Request) -> Response:
        """Ask whether a token is good."""
        tokens.verify(read(forms.TokenBody, request)["token"])
        return Response({})


class TokenBlacklist(OpenDoor):
    refusals = {"POST": (401,)}

    @extend_schema(request=forms.RefreshBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the sign-in that a token belongs to."""
        tokens.revoke(read(forms.RefreshBody, request)["refresh"])
        return Response(status=204)


class WsTicket(Door):
    # What one may hear and say on a socket is what one may over HTTP.
    scopes = {"POST": ("chat:read", "chat:write")}

    @extend_schema(request=None, responses=forms.TicketView)
    def post(self, request: Request) -> Response:
        """Get a ticket that opens one WebSocket within 30 seconds."""
        granted = getattr(request._request, "granted_scopes", None)
        ticket, expires_at = tickets.issue(request.user.pk, request.auth, granted)  # type: ignore[arg-type]
        return Response({"ticket": ticket, "expires_at": expires_at})


class Profile(Door):
    scopes = {"GET": (USERS_READ,)}
    conditional = ("PATCH",)

    @extend_schema(responses=forms.ProfileView)
    def get(self, request: Request) -> Response:
        """Read one's own profile."""
        return profile_answer(request.user)  # type: ignore[arg-type]

    @extend_schema(request=forms.ProfileBody, responses=forms.ProfileView)
    def patch(self, request: Request) -> Response:
        """Change one's own profile."""
        user: User = request.user  # type: ignore[assignment]
        body = read(forms.ProfileBody, request)
        return profile_answer(
            services.update_profile(user, check=lambda row: check_if_match(request, etag(row.pk, row.version)), **body)
        )


class Me(Profile):
    """The profile at its second address."""


class OwnAvatar(Door):
    conditional = ("PUT", "DELETE")
    parser_classes = (StrictMultiPartParser,)

    @extend_schema(request={"multipart/form-data": forms.AvatarBody}, responses=forms.ProfileView)
    def put(self, request: Request) -> Response:
        """Set one's picture: a PNG, JPEG, WebP or GIF of at most 5 MB."""
        file = read_file(request, "file", most=settings.UPLOAD_MAX_BYTES["/users/avatar/"])
        user = avatars.set_avatar(request.user, file, check=self._check)  # type: ignore[arg-type]
        return Response(profile_data(user), headers={"ETag": etag(user.pk, user.avatar)})

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Remove one's picture."""
        avatars.remove_avatar(request.user, check=self._check)  # type: ignore[arg-type]
        return Response(status=204)

    def _check(self, row: User) -> None:
        check_if_match(self.request, etag(row.pk, row.avatar))


class Avatar(Door):
    scopes = {"GET": (USERS_READ,)}
    limit_classes = {"GET": ("light",), "HEAD": ("light",)}
    answers_json = False
    tagged = True

    @extend_schema(
        parameters=[OpenApiParameter("v", str, description="The version that one knows of.")],
        responses={(200, "image/webp"): bytes, 304: None},
    )
    def get(self, request: Request, user_id: UUID) -> HttpResponseBase:
        """Read a person's picture."""
        avatar, file = avatars.open_avatar(user_id)
        tag = etag(user_id, avatar)
        # Only the address that names this very picture may be kept without asking again.
        is_fixed = request.query_params.get("v") == avatar
        headers = {"ETag": tag, "Cache-Control": "private, max-age=31536000, immutable" if is_fixed else "no-cache"}
        if tag in request.headers.get("If-None-Match", ""):
            file.close()
            return HttpResponse(status=304, headers=headers)
        return FileResponse(file, content_type="image/webp", headers=headers)


class PasswordChange(Door):
    @extend_schema(request=forms.PasswordBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Change one's password; all other sign-ins end."""
        user: User = request.user  # type: ignore[assignment]
        body = read(forms.PasswordBody, request)
        services.change_password(user, **body, keep=cast(UUID, request.auth), address=address_of(request))
        if request._request.session.session_key:
            keep_session(request._request, user)
        return Response(status=204)


class PasswordReset(OpenDoor):
    @extend_schema(request=forms.EmailOnlyBody, responses={202: {"type": "object", "additionalProperties": False}})
    def post(self, request: Request) -> Response:
        """Mail a link to choose a new password."""
        services.ask_for_reset(read(forms.EmailOnlyBody, request)["email"])
        return Response({}, status=202)


class PasswordResetConfirm(OpenDoor):
    @extend_schema(request=forms.ResetBody, responses={204: None})
    def post(self, request: Request) -> Response:
        """Choose a new password with a mailed link; all sign-ins end."""
        services.reset_password(**read(forms.ResetBody, request))
        return Response(status=204)


class EmailChange(Door):
    refusals = {"POST": (403,)}

    @extend_schema(request=forms.ChangeEmailBody, responses={202: {"type": "object", "additionalProperties": False}})
    def post(self, request: Request) -> Response:
        """Ask for a change of address; a link goes to the new one."""
        user = cast(User, request.user)
        body = read(forms.ChangeEmailBody, request, person=user)
        sign_in_id = request.auth if isinstance(request.auth, UUID) else None
        services.change_email(user, **body, address=address_of(request), sign_in_id=sign_in_id)
        return Response({}, status=202)


class EmailVerify(OpenDoor):
    @extend_schema(request=forms.TokenBody, responses=forms.UserView)
    def post(self, request: Request) -> Response:
        """Confirm an address with a mailed link."""
        return Response(user_data(services.verify_email(read(forms.TokenBody, request)["token"])))


class EmailVerifyAgain(OpenDoor):
    @extend_schema(request=forms.EmailOnlyBody, responses={202: {"type": "object", "additionalProperties": False}})
    def post(self, request: Request) -> Response:
        """Mail the link again that confirms an address."""
        services.ask_for_verification(read(forms.EmailOnlyBody, request)["email"])
        return Response({}, status=202)


class Directory(Door):
    scopes = {"GET": (USERS_READ,)}
    numbered = True

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, description="The beginning of any word of a name."),
            *paging.NUMBERED,
        ],
        responses=forms.DirectoryView,
    )
    def get(self, request: Request) -> Response:
        """Find people by name."""
        person: User = request.user  # type: ignore[assignment]
        page = paging.numbered(request)
        found = selectors.directory_page(person, request.query_params.get("q", ""), page=page.number, size=page.size)
        results = [
            {
                "id": row.pk,
                "first_name": row.first_name,
                "last_name": row.last_name,
                "name": row.name,
                "avatar": row.avatar_url,
                "presence": state or None,
                **({"email": row.email} if person.is_staff else {}),
            }
            for row, state in found.people
        ]
        return page.answer(results, found.count)


class SignInList(Door):
    @extend_schema(parameters=[whole("limit", default=100, low=1, high=100)], responses=forms.SignInView(many=True))
    def get(self, request: Request) -> Response:
        """List where one is signed in, the newest first."""
        limit = number(request, "limit", default=100, low=1, high=100) or 100
        found = selectors.sign_ins_of(request.user, request.auth, limit=limit)  # type: ignore[arg-type]
        return Response([asdict(view) for view in found])

    @extend_schema(parameters=[OpenApiParameter("others", str, enum=["true"], required=True)], responses={204: None})
    def delete(self, request: Request) -> Response:
        """End all other sign-ins."""
        if request.query_params.get("others") != "true":
            raise Invalid.field("others", "required", "Say others=true to sign out everywhere else.")
        services.end_sign_ins(request.user, keep=request.auth)  # type: ignore[arg-type]
        return Response(status=204)


class SignInDetail(Door):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, sign_in_id: UUID) -> Response:
        """End one sign-in."""
        services.end_sign_in(request.user, sign_in_id)  # type: ignore[arg-type]
        return Response(status=204)
