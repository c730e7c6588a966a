from django.urls import path

from lyceum.library.orders import pages

app_name = "orders"
urlpatterns = [
    path("cart/", pages.cart, name="cart"),
    path("cart/add/<uuid:book_id>/", pages.add, name="add"),
    path("cart/clear/", pages.clear, name="clear"),
    path("cart/order/", pages.place, name="place"),
    path("cart/<uuid:item_id>/change/", pages.change, name="change"),
    path("cart/<uuid:item_id>/remove/", pages.remove, name="remove"),
    path("orders/", pages.order_list, name="orders"),
    path("orders/<uuid:order_id>/", pages.order, name="order"),
    path("orders/<uuid:order_id>/cancel/", pages.cancel, name="cancel"),
    path("orders/<uuid:order_id>/ship/", pages.ship, name="ship"),
    path("orders/<uuid:order_id>/deliver/", pages.deliver, name="deliver"),
]
