"""From a frame's text to the command that a domain registered, and from refusals to `error` frames."""

import re
import time
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from lyceum.core import json
from lyceum.core.errors import DomainError, FieldError
from lyceum.realtime import registry
from lyceum.realtime.connections import Connection, error

log = structlog.get_logger("lyceum.access")
faults = structlog.get_logger("lyceum.errors")


async def handle(connection: Connection, text: str) -> bool:
    """Carry out one frame; False when the connection has to end as a flood."""
    started = time.perf_counter()
    if wait := connection.limit.take():
        if connection.limit.is_flood:
            return False
        connection.answer(
            error("rate_limited", "Too many frames. Wait a little.", client_id=_client_id(text), retry_after=wait)
        )
        _log(None, "rate_limited", started)
        return True
    body, refusal = await _carry_out(connection, text)
    if refusal is not None:
        connection.answer(refusal)
    _log(body, refusal["code"] if refusal else "ok", started)
    return True


def _log(body: Any, status: str, started: float) -> None:
    name = _of(body, "type") or "user_message"
    log.info(
        "socket_frame",
        method=name if isinstance(name, str) and name in registry.commands else "(unknown)",
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000, 1),
    )


async def _carry_out(connection: Connection, text: str) -> tuple[Any, dict[str, Any] | None]:
    """Do what a frame asks; returns its body and the error that refuses it."""
    body: Any = None
    try:
        body = json.parse(text)
        if not isinstance(body, dict):
            raise DomainError("A frame is a JSON object.", code="malformed")
        await _dispatch(connection, body)
    except json.MalformedBody as err:
        return body, error("malformed", err.detail)
    except DomainError as err:
        return body, _refusal(connection, body, err)
    except (RedisError, DatabaseError) as err:
        faults.warning("command_unavailable", error=type(err).__name__)
        return body, error(
            "unavailable", "This is not available now. Try again.", client_id=_of(body, "client_id"), retry_after=2.0
        )
    except Exception as err:  # noqa: BLE001  # the edge: the connection lives and the fault is logged once
        faults.error("command_failed", exc_info=err)
        return body, error("internal", "Something went wrong on our side.", client_id=_of(body, "client_id"))
    return body, None


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


def _client_id(text: str) -> Any:
    try:
        return _of(json.parse(text), "client_id")
    except DomainError:
        return None


def _conversation_of(body: Any) -> UUID | None:
    try:
        return UUID(_of(body, "conversation"))
    except (TypeError, ValueError, AttributeError):
        return None


async def _dispatch(connection: Connection, body: dict[str, Any]) -> None:
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
    await found.handle(connection, frame)


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
