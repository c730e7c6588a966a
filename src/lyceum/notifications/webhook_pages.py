"""The staff's pages of webhooks: all of them, and one with what was sent to it."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lyceum.core import pages
from lyceum.core.forms import Form
from lyceum.notifications import deliveries, fields, webhook_places, webhooks
from lyceum.notifications.api import serializers as bodies
from lyceum.notifications.models import Delivery, Webhook

MOST_SHOWN = 50
LIST, DETAIL = "notifications/webhooks.html", "notifications/webhook.html"


def _new_form() -> Form:
    asked = [fields.WEBHOOK_URL, fields.WEBHOOK_DESCRIPTION, fields.events_field()]
    # Another name after each that was made: what was typed for one is not kept for the next.
    name = f"new-webhook-{webhooks.all_webhooks().count()}"
    return Form(name, asked, _("Make the webhook"), reverse("notifications:webhooks"), {"events": []})


def _list_page(request: HttpRequest, form: Form, **made: Any) -> HttpResponse:
    context = {"form": form, "webhooks": list(webhooks.all_webhooks()), **made}
    page = pages.show(request, LIST, "notifications/_webhooks.html", context, status=form.status)
    page.headers["Cache-Control"] = "no-store"
    return page


@pages.staff_only
@require_http_methods(["GET", "POST"])
def webhook_list(request: HttpRequest) -> HttpResponse:
    form = _new_form()
    if request.method == "POST":
        with form.refusals():
            made, secret = webhooks.create(**form.read(bodies.WebhookBody, request), actor=request.user)
            return _list_page(request, _new_form(), made=made, secret=secret)
    return _list_page(request, form)


def _form(webhook: Webhook) -> Form:
    asked = [fields.WEBHOOK_URL, fields.WEBHOOK_DESCRIPTION, fields.events_field(), fields.WEBHOOK_ENABLED]
    values = {each.name: getattr(webhook, each.name) for each in asked}
    address = reverse("notifications:webhook", args=[webhook.pk])
    return Form("webhook", asked, _("Save the webhook"), address, values, is_main=False)


def _groups_form(request: HttpRequest, webhook: Webhook) -> Form:
    """Make the choice of the groups of who looks; what others' groups let it have is theirs to say."""
    owned = webhook_places.places().owned_by(UUID(str(request.user.pk)))
    asked = [fields.groups_field(owned)] if owned else []
    address = reverse("notifications:webhook-groups", args=[webhook.pk])
    values = {"groups": [str(scope) for scope in webhooks.scopes_of(webhook)]}
    return Form("webhook-groups", asked, _("Save the groups") if owned else "", address, values, is_main=False)


def _detail_page(
    request: HttpRequest, webhook: Webhook, form: Form, *, groups: Form | None = None, **more: Any
) -> HttpResponse:
    asked = request.GET.get("state")
    state = asked if asked in Delivery.State.values else None
    found = deliveries.of(webhook.pk, state=state).order_by("-created_at", "-pk")[:MOST_SHOWN]
    context = {
        "webhook": webhook,
        "form": form,
        "deliveries": list(found),
        "state": state,
        "states": [("", _("All")), *((value, fields.STATE_WORDS[value]) for value in Delivery.State.values)],
        "conversations": len(webhooks.scopes_of(webhook)),
        "groups": groups or _groups_form(request, webhook),
        **more,
    }
    status = groups.status if groups is not None else form.status
    page = pages.show(request, DETAIL, "notifications/_webhook.html", context, status=status)
    page.headers["Cache-Control"] = "no-store"
    return page


@pages.staff_only
@require_http_methods(["GET", "POST"])
def webhook_detail(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = webhooks.get(webhook_id)
    form = _form(webhook)
    if request.method == "POST":
        with form.refusals():
            changes = form.read(bodies.WebhookPatch, request)
            webhook = webhooks.change(webhook_id, actor=request.user, **changes)
            return _acted(request, webhook, _("The webhook is saved."))
    return _detail_page(request, webhook, form)


@pages.staff_only
@require_POST
def choose_groups(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook = webhooks.get(webhook_id)
    form = _groups_form(request, webhook)
    with form.refusals():
        chosen = form.read(bodies.WebhookGroups, request).get("groups", [])
        webhooks.choose_places(webhook_id, chosen, actor=request.user)
        return _acted(request, webhook, _("The groups are saved."))
    return _detail_page(request, webhook, _form(webhook), groups=form)


def _acted(request: HttpRequest, webhook: Webhook, told: str) -> HttpResponse:
    if pages.is_partial(request):
        return pages.tell(_detail_page(request, webhook, _form(webhook)), told)
    return pages.go(request, reverse("notifications:webhook", args=[webhook.pk]), told=told)


@pages.staff_only
@require_POST
def rotate(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhook, secret = webhooks.rotate(webhook_id, actor=request.user)
    return _detail_page(request, webhook, _form(webhook), secret=secret)


@pages.staff_only
@require_POST
def try_webhook(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    deliveries.send_test(webhook_id)
    return _acted(request, webhooks.get(webhook_id), _("A test is on its way. Load the page again to see its end."))


@pages.staff_only
@require_POST
def send_again(request: HttpRequest, webhook_id: UUID, delivery_id: UUID) -> HttpResponse:
    deliveries.send_again(webhook_id, delivery_id)
    return _acted(request, webhooks.get(webhook_id), _("It is sent once more within a few seconds."))


@pages.staff_only
@require_POST
def delete(request: HttpRequest, webhook_id: UUID) -> HttpResponse:
    webhooks.delete(webhook_id, actor=request.user)
    return pages.go(request, reverse("notifications:webhooks"), told=_("The webhook is deleted."))
