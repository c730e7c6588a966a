from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension

from lyceum.core.scopes import declared


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "lyceum.accounts.api.authentication.BearerAuthentication"
    name = ["bearer", "serviceKey", "app"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        scopes = "".join(f"\n- `{name}`: it may {meaning}" for name, meaning in declared().items())
        return [
            {"type": "http", "scheme": "bearer", "description": "A person's access token."},
            {"type": "http", "scheme": "bearer", "description": f"A service key that staff made. Scopes:\n{scopes}"},
            {
                "type": "oauth2",
                "description": "An app that a person lets act for them: OAuth 2.1 with PKCE.",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": f"{settings.PUBLIC_URL}/oauth/authorize/",
                        "tokenUrl": f"{settings.PUBLIC_URL}/oauth/token/",
                        "refreshUrl": f"{settings.PUBLIC_URL}/oauth/token/",
                        "scopes": {name: f"It may {meaning}" for name, meaning in declared().items()},
                    }
                },
            },
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        needed = list(auto_schema.view.needed_scopes(auto_schema.method))
        return [{"bearer": []}, *([{"serviceKey": needed}, {"app": needed}] if needed else [])]


class CookieScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "lyceum.accounts.api.authentication.CookieAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
