"""Doors to all of one's own data: a file of it, and its end."""

from typing import Any
from uuid import UUID

from django.contrib.auth import logout
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts import erasure, exports, reauthentication
from lyceum.accounts.api.factor_serializers import ConfirmBody
from lyceum.accounts.api.factor_views import person_of
from lyceum.accounts.api.views import address_of
from lyceum.accounts.models import PrivacyJob
from lyceum.core.api import Door, read
from lyceum.core.errors import NotFound


class PrivacyJobView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(PrivacyJob.State.choices)
    progress = serializers.IntegerField(min_value=0, max_value=100, help_text="In percent.")
    message = serializers.CharField()
    created_at = serializers.DateTimeField()


class ExportView(PrivacyJobView):
    url = serializers.CharField(help_text="Where to ask how it stands.")
    file = serializers.CharField(allow_null=True, help_text="Where the file is fetched; null until it is ready.")
    size = serializers.IntegerField(allow_null=True, help_text="In bytes.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the file is deleted.")


class ReadyView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    file = serializers.CharField(help_text="Where it is fetched.")
    size = serializers.IntegerField(help_text="In bytes.")
    created_at = serializers.DateTimeField(help_text="When it was asked for.")
    expires_at = serializers.DateTimeField(help_text="When it is deleted.")


class LastExportView(ExportView):
    ready = ReadyView(allow_null=True, help_text="The newest file that is there, also while another is being made.")


class ErasureView(PrivacyJobView):
    erase_at = serializers.DateTimeField(help_text="Signing in before takes it back.")


def _job(found: PrivacyJob) -> dict[str, Any]:
    return {
        "id": found.pk,
        "state": found.state,
        "progress": found.progress,
        "message": exports.words_of(found),
        "created_at": found.created_at,
    }


def export_data(found: PrivacyJob) -> dict[str, Any]:
    url = f"/api/v1/users/export/{found.pk}/"
    is_there = found.expires_at is not None and found.expires_at > timezone.now()
    file = f"{url}file/" if is_there else None
    return {**_job(found), "url": url, "file": file, "size": found.size, "expires_at": found.expires_at}


def ready_data(found: PrivacyJob | None) -> dict[str, Any] | None:
    names = ("id", "file", "size", "created_at", "expires_at")
    return {name: value for name, value in export_data(found).items() if name in names} if found is not None else None


class Export(Door):
    creates = True

    @extend_schema(responses=LastExportView)
    def get(self, request: Request) -> Response:
        """Read how the last export of one's own data stands, and which file is there."""
        user = person_of(request)
        found = exports.latest(user)
        if found is None:
            raise NotFound("You have not asked for your data, or its file is gone.")
        return Response({**export_data(found), "ready": ready_data(exports.ready(user))})

    @extend_schema(request=None, responses={202: ExportView})
    def post(self, request: Request) -> Response:
        """Ask for a file of all of one's own data; while one is being made, it is that one."""
        return Response(export_data(exports.ask(person_of(request))), status=202)


class ExportDetail(Door):
    @extend_schema(responses=ExportView)
    def get(self, request: Request, export_id: UUID) -> Response:
        """Read how an export stands."""
        return Response(export_data(exports.get_for(person_of(request), export_id)))


class ExportFile(Door):
    answers_json = False

    @extend_schema(responses={(200, "application/zip"): bytes})
    def get(self, request: Request, export_id: UUID) -> HttpResponseBase:
        """Fetch the file of an export."""
        file = exports.open_file(person_of(request), export_id)
        headers = {"Cache-Control": "private, no-store"}
        return FileResponse(
            file, as_attachment=True, filename="lyceum-my-data.zip", content_type="application/zip", headers=headers
        )


class Erase(Door):
    refusals = {"POST": (403, 409)}

    @extend_schema(request=ConfirmBody, responses={202: ErasureView})
    def post(self, request: Request) -> Response:
        """Close one's account at once, to be erased later; signing in before takes it back."""
        user = person_of(request)
        body = read(ConfirmBody, request, person=user)
        sign_in_id = request.auth if isinstance(request.auth, UUID) else None
        reauthentication.reauthenticate(user, **body, address=address_of(request), sign_in_id=sign_in_id)
        found = erasure.close(user)
        logout(request._request)
        message = "The account is closed. Sign in before it is erased to keep it."
        return Response({**_job(found), "message": message, "erase_at": found.expires_at}, status=202)
