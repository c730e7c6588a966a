"""Carts and orders."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from lyceum.core import json, paging
from lyceum.core.api import Door, check_if_match, etag, flag, read
from lyceum.core.errors import NotAllowed
from lyceum.core.permissions import IsStaff, is_staff
from lyceum.library import selectors as catalogue
from lyceum.library.api import order_serializers as forms
from lyceum.library.api.views import LibraryDoor
from lyceum.library.orders import carts, payments, sales, selectors, services
from lyceum.library.orders.models import Order
from lyceum.library.orders.payments import Notice
from lyceum.library.orders.quotes import Line, Quote
from lyceum.library.shapes import book_data

ORDERS = "/api/v1/orders"
PAID = "order.paid"


def line_data(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "book": line.book_id,
        "title": line.title,
        "quantity": line.quantity,
        "price": line.shown,
        "currency": line.shown_currency,
        "current_price": line.price,
        "current_currency": line.currency,
        "amount": line.amount,
        "notice": line.notice,
    }


def cart_data(cart: Quote) -> dict[str, Any]:
    return {
        "items": [line_data(line) for line in cart.lines],
        "count": cart.copies,
        "total_amount": cart.total_amount,
        "currency": cart.currency,
        "can_be_ordered": cart.can_be_ordered,
        "quote": cart.mark,
    }


def order_data(order: Order) -> dict[str, Any]:
    names = ("id", "status", "total_amount", "currency", "created_at", "pay_until")
    moments = ("paid_at", "shipped_at", "delivered_at", "cancelled_at")
    return {name: getattr(order, name) for name in (*names, *moments)} | {
        "items": [
            {"book": item.book_id, "title": item.title, "price": item.price, "quantity": item.quantity}
            for item in order.items.all()
        ],
        "buyer": order.buyer_id,
        "cancelled_because": order.cancelled_because or None,
    }


def order_answer(order: Order, status: int = 200) -> Response:
    return Response(order_data(order), status=status, headers={"ETag": etag(order.pk, order.version)})


class CartDetail(Door):
    @extend_schema(responses=forms.CartView)
    def get(self, request: Request) -> Response:
        """Read one's cart, at the prices of now."""
        return Response(cart_data(carts.cart_of(request.user)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Empty one's cart."""
        carts.clear(request.user)
        return Response(status=204)


class CartItemList(Door):
    creates = True
    refusals = {"POST": (404,)}

    @extend_schema(request=forms.CartItemBody, responses={201: forms.CartItemView})
    def post(self, request: Request) -> Response:
        """Put copies of a book into one's cart, beside those of it that are there."""
        body = read(forms.CartItemBody, request)
        return Response(line_data(carts.add(request.user, body["book"], body["quantity"])), status=201)


class CartItemDetail(Door):
    conditional = ("PATCH", "DELETE")
    refusals = {"PATCH": (409,)}

    @extend_schema(responses=forms.CartItemView)
    def get(self, request: Request, item_id: UUID) -> Response:
        """Read an item of one's cart."""
        return self._answer(carts.get_item_for(request.user, item_id))

    @extend_schema(request=forms.CartItemPatch, responses=forms.CartItemView)
    def patch(self, request: Request, item_id: UUID) -> Response:
        """Have so many copies of a book in one's cart, at its price of now."""
        quantity = read(forms.CartItemPatch, request)["quantity"]
        return self._answer(carts.change(request.user, item_id, quantity, check=self._check))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, item_id: UUID) -> Response:
        """Take a book out of one's cart."""
        carts.remove(request.user, item_id, check=self._check)
        return Response(status=204)

    def _check(self, line: Line) -> None:
        check_if_match(self.request, etag(line.id, line.version))

    def _answer(self, line: Line) -> Response:
        return Response(line_data(line), headers={"ETag": etag(line.id, line.version)})


class OrderFromCart(Door):
    creates = needs_key = True
    made_below = ORDERS

    @extend_schema(request=forms.OrderBody, responses={201: forms.OrderView})
    def post(self, request: Request) -> Response:
        """Order what is in one's cart, at the prices that one was shown."""
        quote = read(forms.OrderBody, request).get("quote", "")
        order = services.place_order(request.user, key=request.headers["Idempotency-Key"], quote=quote)
        return Response(order_data(order), status=201)


class OrderList(Door):
    @extend_schema(
        parameters=[
            *paging.PARAMETERS,
            OpenApiParameter("status", str, enum=Order.Status.values),
            OpenApiParameter("all", str, enum=["true", "false"], description="Everybody's, for staff."),
        ],
        responses=forms.OrderPage,
    )
    def get(self, request: Request) -> Response:
        """List one's orders, the newest first."""
        is_all = flag(request, "all")
        if is_all and not request.user.is_staff:
            raise NotAllowed("Only staff see everybody's orders.")
        rows = selectors.visible_orders(request.user) if is_all else selectors.own_orders(request.user)
        rows = selectors.orders_in(rows, request.query_params.get("status"))
        found, links = paging.page(request, selectors.whole(rows), "created_at")
        return Response({"results": [order_data(order) for order in found], **links})


class OrderDetail(Door):
    tagged = True

    @extend_schema(responses=forms.OrderView)
    def get(self, request: Request, order_id: UUID) -> Response:
        """Read an order."""
        return order_answer(selectors.get_order_for(request.user, order_id))


class OrderCancel(Door):
    tagged = True
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.OrderView)
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel an order that is not on its way yet."""
        return order_answer(services.cancel_order(request.user, order_id))


class OrderShipment(Door):
    permission_classes = (IsStaff,)
    tagged = True
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.OrderView)
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that a paid order is on its way."""
        return order_answer(services.ship_order(request.user, order_id))


class OrderDelivery(Door):
    permission_classes = (IsStaff,)
    tagged = True
    refusals = {"POST": (409,)}

    @extend_schema(request=None, responses=forms.OrderView)
    def post(self, request: Request, order_id: UUID) -> Response:
        """Say that an order has arrived."""
        return order_answer(services.deliver_order(request.user, order_id))


class OrderPayment(Door):
    """For the program that takes payments: it signs what it says, and has no account."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    limit_classes = {"POST": ("light",)}
    refusals = {"POST": (401, 404, 409)}

    @extend_schema(
        parameters=[
            OpenApiParameter(name, str, OpenApiParameter.HEADER, required=True)
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        ],
        request=forms.PaymentMessage,
        responses={200: forms.PaymentView, 204: None},
    )
    def post(self, request: Request) -> Response:
        """Say that an order is paid, by a message that is signed as Standard Webhooks has it."""
        body = request._request.body
        message_id = payments.check_signature(request.headers, body)
        message = json.parse(body)
        if isinstance(message, dict) and message.get("type") not in (None, PAID):
            return Response(status=204)
        form = forms.PaymentMessage(data=message)
        form.is_valid(raise_exception=True)
        said = form.validated_data["data"]
        notice = Notice(message_id, said["order"], said["amount"], said["currency"], said["reference"])
        order = payments.receive(notice).order
        return Response({"order": order.pk, "status": order.status})


class Bestsellers(LibraryDoor):
    numbered = True

    @extend_schema(parameters=paging.NUMBERED, responses=forms.BestsellerPage)
    def get(self, request: Request) -> Response:
        """List the books that were ordered most in the last thirty days."""
        page, rows = paging.numbered(request), sales.bestsellers(request.user)
        count = rows.count()
        results = [
            {**book_data(book, for_staff=is_staff(request)), "copies_ordered": book.sales.copies}
            for book in catalogue.whole(rows)[page.here]
        ]
        return page.answer(results, count)
