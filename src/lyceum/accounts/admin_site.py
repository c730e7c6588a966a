"""The door of Django's admin: our own sign-in leads there, and in production nobody without a second factor."""

from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lyceum.accounts import factors
from lyceum.accounts.models import User
from lyceum.accounts.sessions import has_second_factor

# As wide as the types of Django's own site, which names one class of answers.
View = Any


def _has_factor(user: Any) -> bool:
    return factors.is_on(user) or bool(user.passkeys.exists())


class Site(AdminSite):
    site_header = _("Lyceum, behind the scenes")
    site_title = _("Lyceum")
    index_title = _("What is in this workspace")
    site_url = "/talk/"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        is_staff = user.is_active and bool(getattr(user, "is_staff", False))
        return is_staff and (has_second_factor(request) or not settings.ADMIN_SECOND_FACTOR)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return inner(request, *args, **kwargs) if self._lets_in(request) else self._refuse(request)

        return update_wrapper(guarded, view)

    def _lets_in(self, request: HttpRequest) -> bool:
        if not settings.ADMIN_ENABLED or not self.has_permission(request):
            return False
        # A factor that was taken away since then counts no more.
        return not settings.ADMIN_SECOND_FACTOR or _has_factor(request.user)

    def _refuse(self, request: HttpRequest) -> HttpResponse:
        """Lead to the sign-in, or to the factor that is missing; to everybody else there is nothing here."""
        if not settings.ADMIN_ENABLED:
            raise Http404
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        if not request.user.is_staff:
            raise Http404
        context = {"has_one": _has_factor(request.user)}
        return render(request, "accounts/admin_needs_factor.html", context, status=403)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one form to sign in, which counts failures and asks for the second factor."""
        if not self._lets_in(request):
            return self._refuse(request)
        return HttpResponseRedirect(reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        from lyceum.accounts.views import sign_out

        return sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return HttpResponseRedirect(f"{reverse('accounts:profile')}#secret")

    password_change_done = password_change
