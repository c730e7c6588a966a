"""Pages of carts and orders: a person's own, and for staff everybody's with the next step."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import Serializer

from lyceum.core import pages
from lyceum.core.errors import DomainError, Invalid
from lyceum.library import selectors as catalogue
from lyceum.library.api import order_serializers as bodies
from lyceum.library.orders import carts, selectors, services
from lyceum.library.orders.models import MOST_COPIES, Order

ON_A_PAGE = 20


def _read(body: type[Serializer[Any]], **sent: Any) -> dict[str, Any]:
    """Read what a page sent by the rules of the API; raises Invalid in words for people."""
    form = body(data={name: int(text) if text.isdecimal() else text for name, text in sent.items()})
    try:
        form.is_valid(raise_exception=True)
    except ValidationError as err:
        raise Invalid(_("Choose 1 to %d copies.") % MOST_COPIES) from err
    return dict(form.validated_data)


def _cart_page(request: HttpRequest, *, refusal: DomainError | None = None) -> HttpResponse:
    context = {
        "cart": carts.cart_of(request.user),
        "refusal": refusal,
        # A form that is sent twice orders once; one that was shown anew is another one.
        "key": str(uuid4()),
        "most": MOST_COPIES,
    }
    status = 200 if refusal is None else refusal.status
    page = pages.show(request, "orders/cart.html", "orders/_cart.html", context, status=status)
    page.headers["Cache-Control"] = "no-store"
    return page


@pages.signed_in
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    return _cart_page(request)


@pages.signed_in
@require_POST
def add(request: HttpRequest, book_id: UUID) -> HttpResponse:
    """Put a copy of a book into the cart; for htmx the button on the book's page says so."""
    carts.add(request.user, book_id)
    told = _("It is in your cart.")
    if not pages.is_partial(request):
        return pages.go(request, reverse("orders:cart"), told=told)
    context = {"book": catalogue.get_book_for(request.user, book_id)}
    return pages.tell(pages.show(request, "orders/_add_to_cart.html", "orders/_add_to_cart.html", context), told)


@pages.signed_in
@require_POST
def change(request: HttpRequest, item_id: UUID) -> HttpResponse:
    return _act_on_cart(request, lambda: _change(request, item_id))


def _change(request: HttpRequest, item_id: UUID) -> str:
    body = _read(bodies.CartItemPatch, quantity=request.POST.get("quantity", ""))
    line = carts.change(request.user, item_id, body["quantity"])
    return ngettext("%d copy is in your cart.", "%d copies are in your cart.", line.quantity) % line.quantity


@pages.signed_in
@require_POST
def remove(request: HttpRequest, item_id: UUID) -> HttpResponse:
    carts.remove(request.user, item_id)
    return _cart_done(request, _("It is out of your cart."))


@pages.signed_in
@require_POST
def clear(request: HttpRequest) -> HttpResponse:
    carts.clear(request.user)
    return _cart_done(request, _("Your cart is empty."))


def _act_on_cart(request: HttpRequest, act: Any) -> HttpResponse:
    try:
        told = act()
    except DomainError as err:
        return _cart_page(request, refusal=err)
    return _cart_done(request, told)


def _cart_done(request: HttpRequest, told: str) -> HttpResponse:
    if pages.is_partial(request):
        return pages.tell(_cart_page(request), told)
    return pages.go(request, reverse("orders:cart"), told=told)


@pages.signed_in
@require_POST
def place(request: HttpRequest) -> HttpResponse:
    """Order what the page showed; where that is not so any more, the page is shown anew and says what changed."""
    key, quote = request.POST.get("key", "")[:255], request.POST.get("quote", "")
    if not (key and quote):
        return _cart_page(request, refusal=Invalid(_("Look at your cart, and order it from here.")))
    try:
        order = services.place_order(request.user, key=key, quote=quote)
    except DomainError as err:
        return _cart_page(request, refusal=err)
    return pages.go(request, reverse("orders:order", args=[order.pk]), told=_("Your order is placed."))


@pages.signed_in
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    is_all = request.user.is_staff and request.GET.get("all") == "true"
    asked = request.GET.get("status", "")
    status = asked if asked in Order.Status.values else None
    rows = selectors.visible_orders(request.user) if is_all else selectors.own_orders(request.user)
    found = list(selectors.page_after(selectors.orders_in(rows, status), request.GET.get("after"), ON_A_PAGE + 1))
    context = {
        "orders": found[:ON_A_PAGE],
        "after": found[ON_A_PAGE - 1].pk if len(found) > ON_A_PAGE else None,
        "is_all": is_all,
        "status": status or "",
        "statuses": [("", _("All")), *((value, label) for value, label in Order.Status.choices)],
    }
    page = pages.show(request, "orders/list.html", "orders/_list.html", context)
    page.headers["Cache-Control"] = "no-store"
    return page


def _order_page(request: HttpRequest, order_id: UUID, *, refusal: DomainError | None = None) -> HttpResponse:
    order = selectors.get_order_for(request.user, order_id)
    is_staff = request.user.is_staff
    context = {
        "order": order,
        "is_own": order.buyer_id == request.user.pk,
        "refusal": refusal,
        "payments": list(order.payments.order_by("received_at")) if is_staff else [],
    }
    status = 200 if refusal is None else refusal.status
    page = pages.show(request, "orders/order.html", "orders/_order.html", context, status=status)
    page.headers["Cache-Control"] = "no-store"
    return page


@pages.signed_in
@require_GET
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _order_page(request, order_id)


def _act_on_order(request: HttpRequest, order_id: UUID, act: Any, told: str) -> HttpResponse:
    try:
        act(request.user, order_id)
    except DomainError as err:
        return _order_page(request, order_id, refusal=err)
    if pages.is_partial(request):
        return pages.tell(_order_page(request, order_id), told)
    return pages.go(request, reverse("orders:order", args=[order_id]), told=told)


@pages.signed_in
@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _act_on_order(request, order_id, services.cancel_order, _("The order is cancelled."))


@pages.staff_only
@require_POST
def ship(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _act_on_order(request, order_id, services.ship_order, _("The order is on its way."))


@pages.staff_only
@require_POST
def deliver(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _act_on_order(request, order_id, services.deliver_order, _("The order has arrived."))
