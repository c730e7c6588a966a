from django.urls import path

from lyceum.notifications import views, webhook_pages

one = "webhooks/<uuid:webhook_id>/"
app_name = "notifications"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("shown/", views.shown, name="shown"),
    path("digest/", views.digest, name="digest"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("devices/", views.device_list, name="devices"),
    path("devices/<uuid:device_id>/remove/", views.remove_device, name="remove-device"),
    path("devices/<uuid:device_id>/try/", views.try_device, name="try-device"),
    path("webhooks/", webhook_pages.webhook_list, name="webhooks"),
    path(one, webhook_pages.webhook_detail, name="webhook"),
    path(f"{one}groups/", webhook_pages.choose_groups, name="webhook-groups"),
    path(f"{one}secret/", webhook_pages.rotate, name="rotate-secret"),
    path(f"{one}try/", webhook_pages.try_webhook, name="try-webhook"),
    path(f"{one}delete/", webhook_pages.delete, name="delete-webhook"),
    path(f"{one}deliveries/<uuid:delivery_id>/again/", webhook_pages.send_again, name="send-again"),
]
