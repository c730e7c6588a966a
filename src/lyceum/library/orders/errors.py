"""What stands in the way of a cart or an order."""

from lyceum.core.errors import Conflict, NotAuthenticated


class CartEmpty(Conflict):
    code, title = "cart_empty", "There is nothing in your cart."


class CartFull(Conflict):
    code, title = "cart_full", "There is no room for another book in your cart."


class NotForSale(Conflict):
    code, title = "not_for_sale", "This book is not sold here now."


class SoldOut(Conflict):
    code, title = "sold_out", "There are not as many copies in stock."


class PriceChanged(Conflict):
    code, title = "price_changed", "A price has changed since it was shown to you."


class CartChanged(Conflict):
    code, title = "cart_changed", "The cart is not as it was shown to you. Look at it again."


class MixedCurrencies(Conflict):
    code, title = "mixed_currencies", "Books in different currencies cannot be in one order."


class WrongStatus(Conflict):
    code, title = "wrong_status", "The order does not stand where this could be done."


class PaymentRefused(Conflict):
    code, title = "payment_refused", "This payment does not fit the order."


class SignatureInvalid(NotAuthenticated):
    code, title = "signature_invalid", "The signature is not good, or too old."
