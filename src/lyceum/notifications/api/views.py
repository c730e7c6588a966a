"""How one is told: preferences, and the devices that take Web Push."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.accounts.public import device_name
from lyceum.core.api import Door, check_if_match, etag, read
from lyceum.notifications import devices, preferences, server_key
from lyceum.notifications.api import serializers as forms
from lyceum.notifications.models import Device, Preferences


def person_id(request: Request) -> UUID:
    return UUID(str(request.user.pk))


class NotificationPreferences(Door):
    conditional = ("PATCH",)

    @extend_schema(responses=forms.PreferencesView)
    def get(self, request: Request) -> Response:
        """Read how one wants to be told."""
        return self._answer(request)

    @extend_schema(request=forms.PreferencesBody, responses=forms.PreferencesView)
    def patch(self, request: Request) -> Response:
        """Change how one wants to be told."""
        body = read(forms.PreferencesBody, request)
        preferences.change(person_id(request), check=self._check, **body)
        return self._answer(request)

    def _check(self, row: Preferences) -> None:
        check_if_match(self.request, etag(row.pk, row.version))

    def _answer(self, request: Request) -> Response:
        found = preferences.of(person_id(request))
        data = {
            "digest": found.digest,
            "show_text": found.show_text,
            "group_messages": found.group_messages,
            "digest_reaches": preferences.digest_reaches(request.user),
        }
        return Response(data, headers={"ETag": etag(found.pk, found.version)})


class PushKey(Door):
    @extend_schema(responses=forms.PushKeyView)
    def get(self, request: Request) -> Response:
        """Read the key for which a browser subscribes."""
        return Response({"public_key": server_key.public()})


def device_data(device: Device, sign_in_id: Any) -> dict[str, Any]:
    return {
        "id": device.pk,
        "name": device_name(device.user_agent),
        "current": sign_in_id is not None and device.sign_in_id == sign_in_id,
        "created_at": device.created_at,
        "last_sent_at": device.last_sent_at,
        "refused_with": device.refused_with,
    }


class DeviceList(Door):
    creates = True

    @extend_schema(responses=forms.DeviceList)
    def get(self, request: Request) -> Response:
        """List the devices on which one is told."""
        found = devices.devices_of(request.user)
        return Response({"results": [device_data(device, request.auth) for device in found]})

    @extend_schema(request=forms.DeviceBody, responses={200: forms.DeviceView, 201: forms.DeviceView})
    def post(self, request: Request) -> Response:
        """Add a browser by its push subscription; the same one again is the same device."""
        body = read(forms.DeviceBody, request)
        device, is_new = devices.add(
            request.user,
            endpoint=body["endpoint"],
            public_key=body["keys"]["p256dh"],
            secret=body["keys"]["auth"],
            sign_in_id=request.auth if isinstance(request.auth, UUID) else None,
            user_agent=request.headers.get("User-Agent", ""),
        )
        return Response(device_data(device, request.auth), status=201 if is_new else 200)


class DeviceDetail(Door):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, device_id: UUID) -> Response:
        """Tell nothing more on a device."""
        devices.remove(request.user, device_id)
        return Response(status=204)


class DeviceTest(Door):
    @extend_schema(request=None, responses={202: forms.JobView})
    def post(self, request: Request, device_id: UUID) -> Response:
        """Send a test to a device."""
        return Response({"job": devices.send_test(request.user, device_id)}, status=202)
