from django.urls import path

from lyceum.accounts.oauth import app_pages, pages, views

app_name = "oauth"
urlpatterns = [
    path(".well-known/openid-configuration", views.configuration, name="configuration"),
    path(".well-known/oauth-authorization-server", views.configuration),
    path(".well-known/oauth-protected-resource", views.protected_resource),
    path("oauth/authorize/", pages.authorize, name="authorize"),
    path("oauth/token/", views.token, name="token"),
    path("oauth/revoke/", views.revoke, name="revoke"),
    path("oauth/introspect/", views.introspect, name="introspect"),
    path("oauth/userinfo/", views.userinfo, name="userinfo"),
    path("oauth/jwks/", views.jwks, name="jwks"),
    path("oauth/device/", views.device, name="device"),
    path("oauth/register/", views.register, name="register"),
    path("device/", pages.device, name="enter-code"),
    path("connections/apps/<uuid:grant_id>/refuse/", pages.take_back, name="take-back"),
    path("apps/", app_pages.apps_page, name="apps"),
    path("apps/<uuid:app_id>/remove/", app_pages.remove, name="remove-app"),
]
