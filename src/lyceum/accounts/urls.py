from django.urls import path

from lyceum.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-up/", views.sign_up, name="sign-up"),
    path("setup/<str:token>/", views.set_up, name="set-up"),
    path("reset/", views.ask_for_reset, name="ask-for-reset"),
    path("reset/<str:token>/", views.reset, name="reset"),
    path("verify/<str:token>/", views.verify, name="verify"),
    path("profile/", views.profile, name="profile"),
    path("sessions/", views.sessions, name="sessions"),
]
