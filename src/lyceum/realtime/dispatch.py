"""From a frame's text to the command that a domain registered, and from refusals to `error` frames."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from lyceum.core import json, tallies
from lyceum.core.errors import DomainError, FieldError
from lyceum.realtime import registry
from lyceum.realtime.connections import Connection, error

faults = structlog.get_logger("lyceum.errors")


class Turn:
    """One frame on its way: begun, ended once, answered where it is refused, and logged."""

    __slots__ = ("_body", "_connection", "_is_over", "_on_end", "_started", "refused_for", "text")

    def __init__(
        self, connection: Connection, text: str, started: float, refused_for: float, on_end: Callable[["Turn"], None]
    ) -> None:
        self._connection, self.text, self._started, self.refused_for = connection, text, started, refused_for
        self._on_end = on_end
        self._body: Any = None
        self._is_over = False

    def begin(self) -> Awaitable[None] | None:
        """Read the frame and start its command; returns what is to be awaited where it does not run by itself."""
        try:
            self._body = json.parse(self.text)
            if not isinstance(self._body, dict):
                raise DomainError("A frame is a JSON object.", code="malformed")
            found, frame = _find(self._connection, self._body)
            if found.handle is not None:
                return found.handle(self._connection, frame)
            assert found.start is not None
            found.start(self._connection, frame, self.end)
        except Exception as err:  # noqa: BLE001  # the edge: `end` tells one from the other
            self.end(err)
        return None

    async def carry_out(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as err:  # noqa: BLE001  # as above
            self.end(err)
        else:
            self.end()

    def end(self, err: BaseException | None = None) -> None:
        """End the turn; what went wrong is told to the connection, which lives on."""
        if err is not None:
            self.refuse(self._error(err))
        else:
            self._close("ok")

    def refuse(self, refusal: dict[str, Any]) -> None:
        if not self._is_over:
            self._connection.answer(refusal)
            self._close(refusal["code"])

    def _close(self, status: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        name = _of(self._body, "type") or "user_message"
        known = name if isinstance(name, str) and name in registry.commands else "(unknown)"
        duration = (time.perf_counter() - self._started) * 1000
        if self.refused_for:
            known = "(unknown)"
        tallies.count("frames_in", known, status)
        self._connection.source.write("socket_frame", method=known, status=status, duration_ms=duration)
        self._on_end(self)

    def _error(self, err: BaseException) -> dict[str, Any]:
        """Make the `error` frame; what nobody foresaw is logged with its trace."""
        body = self._body
        if isinstance(err, json.MalformedBody):
            return error("malformed", err.detail)
        if isinstance(err, DomainError):
            return _refusal(self._connection, body, err)
        if isinstance(err, (RedisError, DatabaseError)):
            faults.warning("command_unavailable", error=type(err).__name__)
            sentence = "This is not available now. Try again."
            return error("unavailable", sentence, client_id=_of(body, "client_id"), retry_after=2.0)
        faults.error("command_failed", exc_info=err)
        return error("internal", "Something went wrong on our side.", client_id=_of(body, "client_id"))


def _refusal(connection: Connection, body: Any, err: DomainError) -> dict[str, Any]:
    code = {404: "not_found", 400: "invalid", 503: "unavailable"}.get(err.status, err.code)
    if err.code not in ("invalid", "not_found"):
        code = err.code
    if any(e.code == "too_long" for e in err.errors):
        code = "too_long"
    return error(
        code,
        err.detail,
        client_id=_of(body, "client_id"),
        retry_after=err.retry_after,
        errors=err.errors if code in ("invalid", "too_long") else None,
        conversation=connection.conversation or _conversation_of(body),
    )


def _of(body: Any, name: str) -> Any:
    return body.get(name) if isinstance(body, dict) else None


def client_id_of(text: str) -> Any:
    try:
        return _of(json.parse(text), "client_id")
    except DomainError:
        return None


def _conversation_of(body: Any) -> UUID | None:
    try:
        return UUID(_of(body, "conversation"))
    except (TypeError, ValueError, AttributeError):
        return None


def _find(connection: Connection, body: dict[str, Any]) -> tuple[registry.Command, registry.ClientFrame]:
    """Return the command that a frame names, and the frame in its form."""
    name = body.get("type", "user_message")
    found = registry.commands.get(name) if isinstance(name, str) else None
    if found is None:
        raise DomainError("This type of frame is not known.", code="unknown_type")
    if found.on_multiplexed_only and not connection.is_multiplexed:
        raise DomainError("Topics are served on /ws/.", code="wrong_socket")
    try:
        frame = msgspec.convert(body, found.frame)
    except msgspec.ValidationError as err:
        raise _invalid(err) from err
    except UnicodeEncodeError as err:
        # Half a pair of surrogates where msgspec reads the text.
        fault = FieldError("", "invalid", "It holds a character that is not allowed.")
        raise DomainError("This frame is not valid.", code="invalid", errors=[fault]) from err
    if connection.conversation is not None:
        if frame.conversation not in (None, connection.conversation):
            raise DomainError("This connection is for another conversation.", code="wrong_conversation")
        frame.conversation = connection.conversation
    elif found.needs_conversation and frame.conversation is None:
        raise DomainError("Say which conversation is meant.", code="conversation_required")
    return found, frame


def _invalid(err: msgspec.ValidationError) -> DomainError:
    """Turn msgspec's sentence into the contract's field error."""
    text = str(err)
    path = re.search(r"at `\$\.([^`]+)`", text)
    missing = re.search(r"missing required field `([^`]+)`", text)
    name = missing.group(1) if missing else path.group(1) if path else ""
    code = "required" if missing else "too_long" if "length <=" in text else "invalid_type"
    if "Invalid " in text:
        code = "invalid"
    elif ">= " in text:
        code = "too_small" if "int" in text else "too_short"
    elif "<= " in text and "int" in text:
        code = "too_large"
    return DomainError("This frame is not valid.", code="invalid", errors=[FieldError(name, code, text)])
