from django.urls import path

from lyceum.accounts.api import key_views, views

urlpatterns = [
    path("users/register/", views.Register.as_view()),
    path("users/setup/", views.Setup.as_view()),
    path("users/csrf/", views.Csrf.as_view()),
    path("users/login/", views.Login.as_view()),
    path("users/logout/", views.Logout.as_view()),
    path("users/profile/", views.Profile.as_view()),
    path("users/avatar/", views.OwnAvatar.as_view()),
    path("users/<uuid:user_id>/avatar/", views.Avatar.as_view()),
    path("users/password/", views.PasswordChange.as_view()),
    path("users/password/reset/", views.PasswordReset.as_view()),
    path("users/password/reset/confirm/", views.PasswordResetConfirm.as_view()),
    path("users/email/", views.EmailChange.as_view()),
    path("users/email/verify/", views.EmailVerify.as_view()),
    path("users/email/verify/resend/", views.EmailVerifyAgain.as_view()),
    path("users/list/", views.Directory.as_view()),
    path("users/sessions/", views.SignInList.as_view()),
    path("users/sessions/<uuid:sign_in_id>/", views.SignInDetail.as_view()),
    path("auth/me/", views.Me.as_view()),
    path("auth/token/", views.TokenOpen.as_view()),
    path("auth/token/refresh/", views.TokenRefresh.as_view()),
    path("auth/token/verify/", views.TokenVerify.as_view()),
    path("auth/token/blacklist/", views.TokenBlacklist.as_view()),
    path("auth/keys/", key_views.KeyList.as_view()),
    path("auth/keys/<uuid:key_id>/", key_views.KeyDetail.as_view()),
    path("auth/ws-ticket/", views.WsTicket.as_view()),
]
