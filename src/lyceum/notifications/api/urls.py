from django.urls import path

from lyceum.notifications.api import views

urlpatterns = [
    path("preferences/", views.NotificationPreferences.as_view()),
    path("push/key/", views.PushKey.as_view()),
    path("push/devices/", views.DeviceList.as_view()),
    path("push/devices/<uuid:device_id>/", views.DeviceDetail.as_view()),
    path("push/devices/<uuid:device_id>/test/", views.DeviceTest.as_view()),
]
