"""Webhooks, for staff."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import paging
from lyceum.core.api import Door, check_if_match, etag, read
from lyceum.core.idempotency import ShownOnce
from lyceum.core.permissions import IsStaff
from lyceum.notifications import deliveries, webhook_events, webhooks
from lyceum.notifications.api import serializers as forms
from lyceum.notifications.models import Delivery, Webhook


class StaffDoor(Door):
    permission_classes = (IsStaff,)


def webhook_data(found: Collection[Webhook]) -> list[dict[str, Any]]:
    names = ("id", "url", "description", "events", "is_enabled", "failing_since", "created_at")
    scopes = webhooks.scopes_of_each(found)
    return [{name: getattr(one, name) for name in names} | {"conversations": scopes[one.pk]} for one in found]


def made_answer(webhook: Webhook, secret: str, *, status: int) -> Response:
    [data] = webhook_data([webhook])
    return ShownOnce({**data, "secret": secret}, status=status)


def delivery_data(delivery: Delivery) -> dict[str, Any]:
    names = ("id", "event", "data", "state", "tries", "status", "error", "created_at", "ended_at")
    is_waiting = delivery.state == Delivery.State.WAITING
    more = {"webhook_id": deliveries.message_id(delivery), "due_at": delivery.due_at if is_waiting else None}
    return {name: getattr(delivery, name) for name in names} | more


class WebhookList(StaffDoor):
    creates = True

    @extend_schema(parameters=paging.PARAMETERS, responses=forms.WebhookPage)
    def get(self, request: Request) -> Response:
        """List the webhooks, the newest first."""
        found, links = paging.page(request, webhooks.all_webhooks(), "created_at")
        return Response({"results": webhook_data(found), **links})

    @extend_schema(request=forms.WebhookBody, responses={201: forms.MadeWebhookView})
    def post(self, request: Request) -> Response:
        """Make a webhook. The answer is the only place where its secret is shown."""
        webhook, secret = webhooks.create(**read(forms.WebhookBody, request), actor=request.user)
        return made_answer(webhook, secret, status=201)


class WebhookDetail(StaffDoor):
    conditional = ("PATCH", "DELETE")

    @extend_schema(responses=forms.WebhookView)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Read a webhook."""
        return self._answer(webhooks.get(webhook_id))

    @extend_schema(request=forms.WebhookPatch, responses=forms.WebhookView)
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change a webhook, or switch it on or off."""
        changes = read(forms.WebhookPatch, request)
        return self._answer(
            webhooks.change(webhook_id, actor=request.user, check=lambda row: self._check(request, row), **changes)
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Delete a webhook, with what waits for it."""
        webhooks.delete(webhook_id, actor=request.user, check=lambda row: self._check(request, row))
        return Response(status=204)

    def _check(self, request: Request, row: Webhook) -> None:
        check_if_match(request, etag(row.pk, row.version))

    def _answer(self, webhook: Webhook) -> Response:
        [data] = webhook_data([webhook])
        return Response(data, headers={"ETag": etag(webhook.pk, webhook.version)})


class WebhookSecret(StaffDoor):
    creates = True
    located = False

    @extend_schema(request=None, responses={201: forms.MadeWebhookView})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Make another secret; for a day deliveries are signed with the old one too."""
        webhook, secret = webhooks.rotate(webhook_id, actor=request.user)
        return made_answer(webhook, secret, status=201)


class WebhookTest(StaffDoor):
    @extend_schema(request=None, responses={202: forms.DeliveryView})
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a test."""
        return Response(delivery_data(deliveries.send_test(webhook_id)), status=202)


class WebhookEvents(StaffDoor):
    @extend_schema(responses=forms.EventList)
    def get(self, request: Request) -> Response:
        """List the events that webhooks may hear."""
        found = [{"name": kind.name, "meaning": str(kind.meaning)} for kind in webhook_events.declared()]
        return Response({"results": found})


class DeliveryList(StaffDoor):
    @extend_schema(
        parameters=[*paging.PARAMETERS, OpenApiParameter("state", str, enum=Delivery.State.values)],
        responses=forms.DeliveryPage,
    )
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """List what was sent or waits, the newest first."""
        rows = deliveries.of(webhook_id, state=request.query_params.get("state"))
        found, links = paging.page(request, rows, "created_at")
        return Response({"results": [delivery_data(one) for one in found], **links})


class DeliveryRepeat(StaffDoor):
    @extend_schema(request=None, responses={202: forms.DeliveryView})
    def post(self, request: Request, webhook_id: UUID, delivery_id: UUID) -> Response:
        """Send a delivery again, under the id that it had."""
        return Response(delivery_data(deliveries.send_again(webhook_id, delivery_id)), status=202)
