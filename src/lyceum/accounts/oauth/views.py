"""The addresses that apps call themselves: forms come in, JSON goes out, as the standards have it."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from lyceum.accounts import tokens
from lyceum.accounts.models import Token, User
from lyceum.accounts.oauth import apps, claims, devices, grants, requests, signing
from lyceum.accounts.oauth.errors import OAuthError
from lyceum.accounts.oauth.models import App
from lyceum.accounts.tokens import TokenPair
from lyceum.core import json
from lyceum.core.errors import NotAuthenticated, NotFound
from lyceum.core.quotas import count
from lyceum.core.scopes import declared

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
Answer = Callable[..., HttpResponse]


def door(*methods: str) -> Callable[[Answer], Answer]:
    """Make an address for programs: no cookies count, pages of any origin may ask, refusals are the standards'."""

    def make(view: Answer) -> Answer:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest) -> HttpResponse:
            response = _answer(view, request, methods)
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return make


def _answer(view: Answer, request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    allowed = {"Allow": ", ".join([*methods, "OPTIONS"])}
    if request.method == "OPTIONS":
        cross = {"Access-Control-Allow-Methods": ", ".join(methods)}
        cross["Access-Control-Allow-Headers"] = "Authorization, Content-Type, MCP-Protocol-Version"
        return HttpResponse(status=204, headers={**allowed, **cross})
    if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
        return JsonResponse({"error": "invalid_request"}, status=405, headers=allowed)
    try:
        return view(request)
    except OAuthError as err:
        told = {"error": err.error, **({"error_description": err.description} if err.description else {})}
        response = JsonResponse(told, status=err.status)
        if err.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="lyceum"'
        return response


def form_of(request: HttpRequest) -> dict[str, str]:
    """Return what was sent; raises OAuthError for a name that is there twice."""
    twice = [name for name, values in request.POST.lists() if len(values) > 1 and name != "resource"]
    if twice:
        raise OAuthError("invalid_request", f"{twice[0]} is there twice.")
    return {name: str(value) for name, value in request.POST.items()}


def find_client(request: HttpRequest, form: dict[str, str]) -> App:
    """Return the app that calls, which has shown its secret where it has one; raises OAuthError."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    header = request.headers.get("Authorization", "")
    if header:
        named, client_id = client_id, ""
        scheme, _, coded = header.partition(" ")
        try:
            pair = b64decode(coded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (NotBase64, UnicodeDecodeError):
            pair = ""
        client_id, _, header_secret = pair.partition(":")
        client_id, header_secret = unquote_plus(client_id), unquote_plus(header_secret)
        if secret or (named and named != client_id):
            raise OAuthError("invalid_request", "Show who you are in one way.")
        secret = header_secret
    app = requests.app_of(request, client_id)
    if app is None or not apps.check_secret(app, secret):
        raise OAuthError("invalid_client", "The app or its secret is not known.", 401)
    return app


def _from(request: HttpRequest) -> dict[str, str]:
    address = str(request.client_address)  # type: ignore[attr-defined]
    return {"address": address, "user_agent": request.headers.get("User-Agent", "")}


@door("POST")
def token(request: HttpRequest) -> HttpResponse:
    form = form_of(request)
    app = find_client(request, form)
    match form.get("grant_type"):
        case "authorization_code":
            pair, code = grants.trade_code(
                app,
                form.get("code", ""),
                verifier=form.get("code_verifier", ""),
                redirect_uri=form.get("redirect_uri", ""),
                **_from(request),
            )
            told = {"nonce": code.nonce, "signed_in_at": code.signed_in_at}
            return JsonResponse(_token_answer(app, code.user, pair, code.scopes, **told))
        case "refresh_token":
            scopes = form["scope"].split() if form.get("scope") else None
            pair, family = grants.refresh(app, form.get("refresh_token", ""), scopes)
            return JsonResponse(_token_answer(app, family.user, pair, scopes or family.scopes or []))
        case grant if grant == DEVICE_GRANT:
            pair, user, device = devices.poll(app, form.get("device_code", ""), **_from(request))
            told = {"signed_in_at": device.signed_in_at}
            return JsonResponse(_token_answer(app, user, pair, device.scopes, **told))
    raise OAuthError("unsupported_grant_type")


def _token_answer(app: App, user: User, pair: TokenPair, scopes: list[str], **told: Any) -> dict[str, Any]:
    answer = {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": round((pair.access_expires_at - timezone.now()).total_seconds()),
        "refresh_token": pair.refresh,
        "scope": " ".join(scopes),
    }
    if "openid" in scopes:
        answer["id_token"] = claims.id_token(app, user, scopes, access=pair.access, **told)
    return answer


@door("POST")
def revoke(request: HttpRequest) -> HttpResponse:
    form = form_of(request)
    grants.revoke_token(find_client(request, form), form.get("token", ""))
    return JsonResponse({})


@door("POST")
def introspect(request: HttpRequest) -> HttpResponse:
    """Tell an app with a secret of its own tokens (RFC 7662)."""
    form = form_of(request)
    app = find_client(request, form)
    if not app.is_confidential:
        raise OAuthError("invalid_client", "Only apps with a secret may look.", 401)
    row = grants.living_token(app, form.get("token", ""))
    if row is None:
        return JsonResponse({"active": False})
    told = {
        "active": True,
        "scope": " ".join(row.granted or ()),
        "client_id": app.client_id,
        "sub": str(row.family.user_id),
        "iss": settings.PUBLIC_URL,
        "exp": int(row.expires_at.timestamp()),
        "token_type": "Bearer" if row.kind == Token.Kind.ACCESS else "refresh_token",
    }
    return JsonResponse(told)


@door("GET", "POST")
def userinfo(request: HttpRequest) -> HttpResponse:
    scheme, _, access = request.headers.get("Authorization", "").partition(" ")
    try:
        found = tokens.find_access(access.strip()) if scheme.lower() == "bearer" else None
    except NotAuthenticated:
        found = None
    if found is None:
        return _no_bearer(401, "invalid_token")
    if "openid" not in (found.granted or ()):
        return _no_bearer(403, "insufficient_scope")
    return JsonResponse(claims.about(found.family.user, found.granted or ()))


def _no_bearer(status: int, error: str) -> HttpResponse:
    response = JsonResponse({"error": error}, status=status)
    response.headers["WWW-Authenticate"] = f'Bearer realm="lyceum", error="{error}"'
    return response


@door("POST")
def device(request: HttpRequest) -> HttpResponse:
    """Begin to let a program in that has no browser (RFC 8628)."""
    # As to register: nobody has to be signed in for what makes a row.
    count(request, ("api",), for_address=True)
    form = form_of(request)
    app = find_client(request, form)
    if not app.may_use_devices:
        raise OAuthError("unauthorized_client", "This app was not made for devices.")
    secret, row = devices.begin(app, requests.read_scopes(form.get("scope", ""), app))
    code, page = devices.shown(row.user_code), f"{settings.PUBLIC_URL}/device/"
    told = {
        "device_code": secret,
        "user_code": code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?code={code}",
        "expires_in": int(devices.LIFETIME.total_seconds()),
        "interval": devices.INTERVAL_SECONDS,
    }
    return JsonResponse(told)


@door("POST")
def register(request: HttpRequest) -> HttpResponse:
    """Let an app make itself known (RFC 7591), where the operator allows it."""
    if not settings.OAUTH_REGISTRATION:
        raise NotFound
    # Nobody has to be signed in for this, so it counts as an act of the address.
    count(request, ("api",), for_address=True)
    try:
        document = json.parse(request.body)
    except json.MalformedBody:
        document = None
    if not isinstance(document, dict):
        raise OAuthError("invalid_client_metadata", "Send a JSON object.")
    method = document.get("token_endpoint_auth_method", "client_secret_basic")
    if method not in ("none", "client_secret_basic", "client_secret_post"):
        raise OAuthError("invalid_client_metadata", "This way for an app to show who it is is not known here.")
    grant_types = document.get("grant_types", ["authorization_code", "refresh_token"])
    if not isinstance(grant_types, list) or not set(map(str, grant_types)) <= set(GRANT_TYPES):
        raise OAuthError("invalid_client_metadata", f"Choose grant types of: {', '.join(GRANT_TYPES)}.")
    if document.get("response_types", ["code"]) != ["code"]:
        raise OAuthError("invalid_client_metadata", "The only response type is code.")
    about = apps.read_metadata(document)
    has_device = DEVICE_GRANT in grant_types
    app, secret = apps.create(
        **about, is_confidential=method != "none", may_use_devices=has_device, origin=App.Origin.REGISTERED
    )
    told = {
        "client_id": app.client_id,
        "client_id_issued_at": int(app.created_at.timestamp()),
        "client_name": app.name,
        "redirect_uris": app.redirect_uris,
        "scope": " ".join(app.scopes),
        "token_endpoint_auth_method": method,
        "grant_types": grant_types,
        "response_types": ["code"],
        **({"client_secret": secret, "client_secret_expires_at": 0} if secret else {}),
    }
    return JsonResponse(told, status=201)


GRANT_TYPES = ("authorization_code", "refresh_token", DEVICE_GRANT)


def published() -> dict[str, Any]:
    """Return what the workspace says of itself as a provider (OpenID Connect Discovery, RFC 8414)."""
    at = f"{settings.PUBLIC_URL}/oauth"
    methods = ["client_secret_basic", "client_secret_post", "none"]
    return {
        "issuer": settings.PUBLIC_URL,
        "authorization_endpoint": f"{at}/authorize/",
        "token_endpoint": f"{at}/token/",
        "userinfo_endpoint": f"{at}/userinfo/",
        "jwks_uri": f"{at}/jwks/",
        "revocation_endpoint": f"{at}/revoke/",
        "introspection_endpoint": f"{at}/introspect/",
        "device_authorization_endpoint": f"{at}/device/",
        **({"registration_endpoint": f"{at}/register/"} if settings.OAUTH_REGISTRATION else {}),
        "client_id_metadata_document_supported": settings.OAUTH_CLIENT_DOCUMENTS,
        "scopes_supported": apps.all_scopes(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods[:2],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing.ALGORITHM],
        "claims_supported": [
            "sub",
            "name",
            "given_name",
            "family_name",
            "locale",
            "zoneinfo",
            "email",
            "email_verified",
        ],
        "prompt_values_supported": ["none", "login", "consent"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "service_documentation": f"{settings.PUBLIC_URL}/api/docs/",
    }


@door("GET")
def configuration(request: HttpRequest) -> HttpResponse:
    return JsonResponse(published(), headers={"Cache-Control": "public, max-age=300"})


@door("GET")
def protected_resource(request: HttpRequest) -> HttpResponse:
    """Say who gives leave for the API (RFC 9728)."""
    told = {
        "resource": settings.PUBLIC_URL,
        "authorization_servers": [settings.PUBLIC_URL],
        "scopes_supported": list(declared()),
        "bearer_methods_supported": ["header"],
        "resource_documentation": f"{settings.PUBLIC_URL}/api/docs/",
    }
    return JsonResponse(told, headers={"Cache-Control": "public, max-age=300"})


@door("GET")
def jwks(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"keys": signing.public_keys()}, headers={"Cache-Control": "public, max-age=300"})
