from django.urls import path

from lyceum.notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.settings, name="settings"),
    path("shown/", views.shown, name="shown"),
    path("digest/", views.digest, name="digest"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("devices/", views.device_list, name="devices"),
    path("devices/<uuid:device_id>/remove/", views.remove_device, name="remove-device"),
    path("devices/<uuid:device_id>/try/", views.try_device, name="try-device"),
]
