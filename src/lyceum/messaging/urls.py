from django.urls import path

from lyceum.messaging import views

app_name = "talk"
urlpatterns = [
    path("", views.talk, name="talk"),
    path("<uuid:conversation_id>/", views.talk, name="conversation"),
]
