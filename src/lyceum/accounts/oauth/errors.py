"""Refusals in the words of OAuth (RFC 6749, 7009, 8628; OpenID Connect Core)."""

from lyceum.core.errors import DomainError


class OAuthError(Exception):
    """A refusal that a program understands: `error` is a code of the standards."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


class BadRequest(DomainError):
    """A request for leave that cannot be sent back, since where it came from is not sure."""

    code, title = "app_request_invalid", "This app asks in a way that cannot be answered."


def invalid_grant(description: str = "") -> OAuthError:
    return OAuthError("invalid_grant", description)
