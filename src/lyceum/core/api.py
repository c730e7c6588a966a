"""The base of every REST door: limits, idempotency keys, conditional changes, and reading a body."""

import hashlib
import re
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from lyceum.core import limits
from lyceum.core.addresses import limit_key
from lyceum.core.errors import Conflict, Invalid, PreconditionFailed, TooMany, Unavailable
from lyceum.core.json import dump
from lyceum.core.models import IdempotencyRecord

KEY = re.compile(r"[\x21-\x7e]{1,255}")
MAX_INTEGER = 2**63 - 1
S = TypeVar("S", bound=Serializer[Any])


class ReusedKey(Conflict):
    code, title = "idempotency_key_reused", "This Idempotency-Key was used with another body."


class InProgress(Conflict):
    code, title = "request_in_progress", "A request with this Idempotency-Key is still at work."


class Door(APIView):
    """One address of the API. `limit_classes` name what a request counts in, by method or for all."""

    limit_classes: ClassVar[dict[str, tuple[str, ...]]] = {}
    counts_for_address: ClassVar[bool] = False
    creates: ClassVar[bool] = False
    answers_json: ClassVar[bool] = True
    idempotency: IdempotencyRecord | None = None
    limit_headers: dict[str, str]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.limit_headers = {}
        self.format_kwarg = self.get_format_suffix(**kwargs)
        neg = self.perform_content_negotiation(request)
        request.accepted_renderer, request.accepted_media_type = neg
        failure = self._authenticate(request)
        self._count(request)
        if failure is not None:
            raise failure
        self.check_permissions(request)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # What is no JSON (a picture) has one form, whatever is accepted.
        return super().perform_content_negotiation(request, force or not self.answers_json)

    def _authenticate(self, request: Request) -> Exception | None:
        """Find the person first, so that a refused sign-in counts against its address."""
        from lyceum.core.errors import DomainError

        try:
            self.perform_authentication(request)
        except (APIException, DomainError) as err:
            return err
        request._request.api_user = request.user  # type: ignore[attr-defined]
        return None

    def _count(self, request: Request) -> None:
        if not settings.LIMITS_ENABLED:
            return
        user = getattr(request._request, "api_user", None)
        known = user is not None and user.is_authenticated and not self.counts_for_address
        names = self.limit_classes.get(request.method or "", ("api",))
        address = limit_key(request._request.client_address)  # type: ignore[attr-defined]
        buckets = [
            limits.bucket(
                name,
                user=str(user.pk) if known and user else None,
                address=address,
                profile=user.limit_profile if known and user else "free",
            )
            for name in names
        ]
        verdict = limits.take(buckets)
        self.limit_headers = limits.headers(buckets, verdict)
        if verdict.wait:
            raise TooMany(retry_after=verdict.wait)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if response.status_code >= 500 and self.idempotency is not None:
            self.idempotency.delete()
            self.idempotency = None
        return response

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in getattr(self, "limit_headers", {}).items():
            response[name] = value
        if self.idempotency is not None:
            self._keep_answer(response)
        return response

    def _keep_answer(self, response: Any) -> None:
        record, self.idempotency = self.idempotency, None
        assert record is not None
        if response.status_code >= 500:
            record.delete()
            return
        record.status = response.status_code
        record.body = dump(response.data) if isinstance(response, Response) else response.content
        record.save(update_fields=["status", "body"])

    def replay(self, request: Request) -> HttpResponse | None:
        """Claim the request's Idempotency-Key, or return the stored answer of its first use."""
        key = request.headers.get("Idempotency-Key")
        if key is None or not request.user.is_authenticated:
            return None
        if not KEY.fullmatch(key):
            raise Invalid.field("Idempotency-Key", "invalid", "Use 1 to 255 visible ASCII characters.")
        body_hash = hashlib.sha256(dump(request.data)).hexdigest()
        where = {"user": request.user, "path": request.path, "key": key}
        try:
            with transaction.atomic():
                self.idempotency = IdempotencyRecord.objects.create(**where, body_hash=body_hash)
            return None
        except IntegrityError:
            known = IdempotencyRecord.objects.filter(**where).first()
        if known is None:
            raise InProgress
        if known.body_hash != body_hash:
            raise ReusedKey
        if known.status is None:
            raise InProgress
        response = HttpResponse(bytes(known.body or b""), status=known.status, content_type="application/json")
        response["Idempotency-Replayed"] = "true"
        return response


def read(serializer: type[S], request: Request, **context: Any) -> dict[str, Any]:
    """Parse a request's body; raises a ValidationError with every broken rule."""
    form = serializer(data=request.data, context=context)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def etag(identity: UUID, version: object) -> str:
    return f'"{identity}.{version}"'


def check_if_match(request: Request, tag: str) -> None:
    """Raise PreconditionFailed when the request names another state than the current one."""
    given = request.headers.get("If-Match")
    if given is not None and given.strip() != "*" and tag not in [part.strip() for part in given.split(",")]:
        raise PreconditionFailed


def number(request: Request, name: str, *, default: int | None, low: int = 0, high: int = MAX_INTEGER) -> int | None:
    """Read a whole number from the query; raises Invalid outside `low` to `high`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise Invalid.field(name, "invalid", "Use a whole number.")
    value = int(text)
    if value < low:
        raise Invalid.field(name, "too_small", f"Use {low} or more.")
    if value > high:
        raise Invalid.field(name, "too_large", f"Use {high} or less.")
    return value


__all__ = ["Door", "Unavailable", "check_if_match", "etag", "number", "read"]
