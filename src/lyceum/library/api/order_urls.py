from django.urls import path

from lyceum.library.api import order_views as views

urlpatterns = [
    path("books/bestsellers/", views.Bestsellers.as_view()),
    path("cart/", views.CartDetail.as_view()),
    path("cart/items/", views.CartItemList.as_view()),
    path("cart/items/<uuid:item_id>/", views.CartItemDetail.as_view()),
    path("orders/", views.OrderList.as_view()),
    path("orders/create_from_cart/", views.OrderFromCart.as_view()),
    path("orders/payments/", views.OrderPayment.as_view()),
    path("orders/<uuid:order_id>/", views.OrderDetail.as_view()),
    path("orders/<uuid:order_id>/cancel/", views.OrderCancel.as_view()),
    path("orders/<uuid:order_id>/ship/", views.OrderShipment.as_view()),
    path("orders/<uuid:order_id>/deliver/", views.OrderDelivery.as_view()),
]
