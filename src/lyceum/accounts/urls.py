from django.urls import path

from lyceum.accounts import confirm_views, connection_views, data_views, key_views, own_views, security_views, views
from lyceum.accounts.openid import views as openid_views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-in/code/", views.sign_in_code, name="sign-in-code"),
    path("sign-in/openid/", openid_views.begin, name="openid"),
    path("sign-in/openid/back/", openid_views.back, name="openid-back"),
    path("connections/", connection_views.connections, name="connections"),
    path("connections/openid/<uuid:identity_id>/unlink/", openid_views.unlink, name="unlink"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("sign-up/", views.sign_up, name="sign-up"),
    path("setup/<str:token>/", views.set_up, name="set-up"),
    path("reset/", views.ask_for_reset, name="ask-for-reset"),
    path("reset/<str:token>/", views.reset, name="reset"),
    path("verify/", views.ask_for_verification, name="ask-for-verification"),
    path("verify/<str:token>/", views.verify, name="verify"),
    path("profile/", own_views.profile, name="profile"),
    path("profile/shared/", own_views.shared, name="shared"),
    path("profile/email/", own_views.email, name="email"),
    path("profile/password/", own_views.password, name="password"),
    path("sessions/", own_views.sessions, name="sessions"),
    path("sessions/end-others/", own_views.end_others, name="end-others"),
    path("sessions/<uuid:sign_in_id>/end/", own_views.end_session, name="end-session"),
    path("service-keys/", key_views.service_keys, name="service-keys"),
    path("service-keys/<uuid:key_id>/revoke/", key_views.revoke, name="revoke-key"),
    path("your-data/", data_views.own_data, name="data"),
    path("your-data/export/", data_views.export, name="export"),
    path("your-data/erase/", data_views.erase, name="erase"),
    path("security/", security_views.security, name="security"),
    path("security/confirm/", confirm_views.confirm, name="confirm"),
    path("security/app/", security_views.app, name="app"),
    path("security/app/off/", security_views.app_off, name="app-off"),
    path("security/recovery-codes/", security_views.recovery_codes, name="recovery-codes"),
    path("security/passkeys/", security_views.passkey_list, name="passkeys"),
    path("security/passkeys/<uuid:passkey_id>/", security_views.passkey, name="passkey"),
    path("security/passkeys/<uuid:passkey_id>/remove/", security_views.remove_passkey, name="remove-passkey"),
    path("people/", own_views.people, name="people"),
]
