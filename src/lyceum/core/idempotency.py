"""Idempotency keys: a creating request that is repeated gets the answer of its first time, for 24 hours."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import valkey
from lyceum.core.errors import Conflict, Invalid, NotFound
from lyceum.core.json import dump
from lyceum.core.models import IdempotencyRecord
from lyceum.core.problems import CONTENT_TYPE, for_exception

KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT = timedelta(hours=24)
SHOWN_SECONDS = 60
# Longer than any request may take; who claimed a key before that and has not answered was killed.
ABANDONED = timedelta(seconds=60)


class ReusedKey(Conflict):
    code, title = "idempotency_key_reused", "This Idempotency-Key was used with another body."


class InProgress(Conflict):
    code, title = "request_in_progress", "A request with this Idempotency-Key is still at work."


class FleetingResponse(Response):
    """An answer whose body must not come into the database; it is kept in Valkey and gone after `seconds`."""

    def __init__(self, data: Any, *, seconds: int, **options: Any) -> None:
        super().__init__(data, **options)
        self.seconds = seconds


class ShownOnce(FleetingResponse):
    """An answer with a secret: a repeat under the same key finds it for a minute, and nothing keeps it."""

    def __init__(self, data: Any, *, status: int) -> None:
        super().__init__(data, seconds=SHOWN_SECONDS, status=status, headers={"Cache-Control": "no-store"})


def once(request: Request, act: Callable[[], Any], *, is_needed: bool = False) -> Any:
    """Do the act, or give the stored answer of the first request with the same key; raises Invalid where one is needed.

    The act and the storing of its answer are one transaction: neither is ever there without the other.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None and is_needed:
        raise Invalid.field("Idempotency-Key", "required", "Send a key of your own, and the same one with a repeat.")
    if key is None or not request.user.is_authenticated:
        return act()
    if not KEY.fullmatch(key):
        raise Invalid.field("Idempotency-Key", "invalid", "Use 1 to 255 visible ASCII characters.")
    record = _claim(request, key)
    if record.status is not None:
        return _replay(record)
    try:
        with transaction.atomic():
            answer = act()
            _keep(record, answer)
            return answer
    except Exception as err:
        _keep_refusal(request, record, err)
        raise


def _claim(request: Request, key: str) -> IdempotencyRecord:
    """Return a record that is ours to fill, or the one that has the answer; raises ReusedKey or InProgress."""
    body_hash = _hash(request.data)
    # Every address is also served without its version.
    where = {"user": request.user, "path": request.path.replace("/api/v1/", "/api/", 1)[:300], "key": key}
    now = timezone.now()
    IdempotencyRecord.objects.filter(**where, created_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(**where, body_hash=body_hash)
    except IntegrityError:
        known = IdempotencyRecord.objects.filter(**where).first()
    if known is None:
        raise InProgress
    if known.body_hash != body_hash:
        raise ReusedKey
    if known.status is None:
        left = IdempotencyRecord.objects.filter(pk=known.pk, status=None, created_at__lt=now - ABANDONED)
        if not left.update(created_at=now):
            raise InProgress
    return known


def _hash(data: Any) -> str:
    if not any(isinstance(value, UploadedFile) for value in getattr(data, "values", list)()):
        return hashlib.sha256(json.dumps(data).encode()).hexdigest()
    found = hashlib.sha256()
    for name, value in sorted(data.items()):
        found.update(f"{name}\n".encode())
        for chunk in value.chunks() if isinstance(value, UploadedFile) else [str(value).encode()]:
            found.update(chunk)
    return found.hexdigest()


def _fleeting_key(record: IdempotencyRecord) -> str:
    return valkey.key("idempotency", record.pk)


def _keep(record: IdempotencyRecord, answer: Any) -> None:
    body = dump(answer.data)
    if isinstance(answer, FleetingResponse):
        valkey.connection().set(_fleeting_key(record), body, ex=answer.seconds)
    else:
        record.body = body
    record.status = answer.status_code
    record.save(update_fields=["status", "body"])


def _keep_refusal(request: Request, record: IdempotencyRecord, err: Exception) -> None:
    refusal = for_exception(request._request, err)
    if refusal is None or refusal.status_code >= 500 or refusal.status_code == 429:
        # What failed on our side, or came too soon, may be tried again under the same key.
        record.delete()
        return
    record.status, record.body = refusal.status_code, refusal.content
    record.save(update_fields=["status", "body"])


def _replay(record: IdempotencyRecord) -> HttpResponse:
    assert record.status is not None
    body = valkey.connection().get(_fleeting_key(record)) if record.body is None else bytes(record.body)
    if body is None:
        raise NotFound("What this request made is gone.")
    kind = CONTENT_TYPE if record.status >= 400 else "application/json"
    response = HttpResponse(body, status=record.status, content_type=kind)
    response["Idempotency-Replayed"] = "true"
    return response
