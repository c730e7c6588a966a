from django.urls import path

from lyceum.messaging import views

app_name = "talk"
urlpatterns = [
    path("", views.talk, name="talk"),
    path("with/<uuid:user_id>/", views.write_to, name="write-to"),
    path("<uuid:conversation_id>/", views.talk, name="conversation"),
]
