from django.urls import path

from lyceum.notifications.api import views, webhook_views

one = "webhooks/<uuid:webhook_id>/"
urlpatterns = [
    path("preferences/", views.NotificationPreferences.as_view()),
    path("push/key/", views.PushKey.as_view()),
    path("push/devices/", views.DeviceList.as_view()),
    path("push/devices/<uuid:device_id>/", views.DeviceDetail.as_view()),
    path("push/devices/<uuid:device_id>/test/", views.DeviceTest.as_view()),
    path("webhooks/", webhook_views.WebhookList.as_view()),
    path("webhooks/events/", webhook_views.WebhookEvents.as_view()),
    path(one, webhook_views.WebhookDetail.as_view()),
    path(f"{one}secret/", webhook_views.WebhookSecret.as_view()),
    path(f"{one}test/", webhook_views.WebhookTest.as_view()),
    path(f"{one}deliveries/", webhook_views.DeliveryList.as_view()),
    path(f"{one}deliveries/<uuid:delivery_id>/redeliver/", webhook_views.DeliveryRepeat.as_view()),
]
