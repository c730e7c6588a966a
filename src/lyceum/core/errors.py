"""What can go wrong in the domain; each edge turns these into its own kind of answer in one place."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One rule that one field broke; `field` is a path such as `items.3.price`."""

    field: str
    code: str
    detail: str


class DomainError(Exception):
    """A fact that stops an act: a stable code, a sentence for people and an HTTP status."""

    code = "invalid"
    title = "This cannot be done."
    status = 400

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        errors: list[FieldError] | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.code = code or self.code
        self.errors = errors or []
        self.retry_after = retry_after
        super().__init__(self.detail)


class Invalid(DomainError):
    title = "Some of what was sent is not valid."

    @classmethod
    def field(cls, name: str, code: str, detail: str) -> "Invalid":
        return cls(errors=[FieldError(name, code, detail)])


class NotAuthenticated(DomainError):
    code, title, status = "not_authenticated", "Sign in first.", 401


class NotAllowed(DomainError):
    code, title, status = "forbidden", "You may not do this.", 403


class NotFound(DomainError):
    code, title, status = "not_found", "There is no such thing here.", 404


class Conflict(DomainError):
    code, title, status = "conflict", "This conflicts with what is there.", 409


class PreconditionFailed(DomainError):
    code, title, status = "precondition_failed", "It has changed since you read it.", 412


class TooMany(DomainError):
    code, title, status = "rate_limited", "Too many requests. Wait a little.", 429


class Unavailable(DomainError):
    code, title, status = "unavailable", "This is not available now. Try again soon.", 503
