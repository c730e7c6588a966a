"""Accounts behind the scenes. No hash of a password, token or code is on any page, nor a key of a session."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework import serializers

from lyceum.accounts import coming_back, devices, factors, limit_profiles, search, services
from lyceum.accounts.bodies import Email
from lyceum.accounts.models import (
    ExternalIdentity,
    GroupLimits,
    ServiceKey,
    Session,
    TokenFamily,
    User,
    email_key,
    name_key,
)
from lyceum.core import audit
from lyceum.core.serializers import PersonName
from lyceum.core.staff_admin import ListOnly, LookOnly, StaffAdmin, StaffRows

PROFILES = [(name, name) for name in ("free", "basic", "premium")]


def _checked(field: Any, value: str) -> str:
    """Hold what was typed against the rule of the API."""
    try:
        return str(field.run_validation(value))
    except serializers.ValidationError as err:
        raise ValidationError([str(each) for each in err.detail]) from err


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    limit_profile = forms.ChoiceField(choices=PROFILES)
    # The person's version when the page was opened.
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "is_active", "is_staff", "groups", "limit_profile")
        widgets = {"groups": forms.CheckboxSelectMultiple}
        help_texts = {"groups": gettext_lazy("Groups carry limits; what staff may do does not hang on them.")}

    actor: User

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version

    def clean_seen_version(self) -> None:
        if self.cleaned_data["seen_version"] != self.instance.version:
            raise ValidationError(_("This person was changed meanwhile. Open the page again."))

    def clean_first_name(self) -> str:
        return _checked(PersonName(), self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        return _checked(PersonName(), self.cleaned_data["last_name"])

    def clean_email(self) -> str:
        email = _checked(Email(), self.cleaned_data["email"])
        if User.objects.filter(email_key=email_key(email)).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is an account with this address."))
        return email

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        is_oneself = self.instance.pk == self.actor.pk
        if is_oneself and not (found.get("is_active") and found.get("is_staff")):
            raise ValidationError(_("You cannot shut yourself out. Ask another member of staff."))
        return found


@admin.register(User)
class PersonAdmin(StaffAdmin):
    form = PersonForm
    may_change = True
    list_display = ("name", "email", "kind", "is_staff", "is_active", "last_login")
    list_filter = ("is_staff", "is_active", "kind", "limit_profile", "groups")
    search_fields = ("name_key", "email_key")
    search_help_text = gettext_lazy("A part of a name or address.")
    ordering = ("name_key", "pk")
    fields = (
        "email",
        "first_name",
        "last_name",
        "is_active",
        "is_staff",
        "groups",
        "limit_profile",
        "seen_version",
        "kind",
        "email_verified_at",
        "protected_by",
        "last_login",
        "date_joined",
        "erase_at",
        "id",
    )
    readonly_fields = ("kind", "email_verified_at", "protected_by", "last_login", "date_joined", "erase_at", "id")
    actions = ("sign_out", "shut")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        # As names are compared: without case and accents.
        return super().get_search_results(request, queryset, name_key(search_term))

    @admin.display(description=gettext_lazy("protected by"))
    def protected_by(self, user: User) -> str:
        count = user.passkeys.count()
        found = [_("second factor")] if factors.is_on(user) else []
        found += [ngettext("%d passkey", "%d passkeys", count) % count] if count else []
        return ", ".join([_("password"), *found] if user.has_usable_password() else found)

    @admin.action(description=gettext_lazy("Sign out everywhere; the keys of services are revoked"))
    def sign_out(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            services.end_sign_ins(user, keep=None)
            audit.record(request.user, "user.signed_out_by_staff", user.pk)
        messages.success(request, _("They are signed out everywhere."))

    @admin.action(description=gettext_lazy("Close for sign-in, also who would come back before the erasure"))
    def shut(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in people:
            if user.pk != request.user.pk:
                services.deactivate(user, actor=request.user)  # type: ignore[arg-type]
        messages.success(request, _("They are closed for sign-in; your own account stays as it is."))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        made: Any = super().get_form(request, obj, change, **kwargs)
        made.actor = request.user
        return made

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        found: User | None = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        # What is saved is what was looked at: nobody else changes it until then.
        return User.objects.select_for_update().get(pk=found.pk)

    def save_model(self, request: HttpRequest, user: User, form: Any, change: bool) -> None:
        user.version += 1
        changed = {"version", *form.changed_data} - {"groups"}
        if "email" in form.changed_data:
            user.email_verified_at = None
            changed.add("email_verified_at")
        if user.is_active:
            user.is_barred = False
            changed.add("is_barred")
        user.save(update_fields=changed)
        search.touch(user.pk)
        audit.record(request.user, "user.changed_by_staff", user.pk, fields=sorted(form.changed_data))
        if "email" in form.changed_data:
            services.end_links(user)
        if "is_active" in form.changed_data and not user.is_active:
            services.deactivate(user, actor=request.user)  # type: ignore[arg-type]
        elif user.is_active and user.erase_at is not None:
            # Opened for the person, who would else be erased while they use it.
            coming_back.open_again(user)


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    limit_profile = forms.ChoiceField(choices=PROFILES)


class GroupLimitsRow(StaffRows):
    model = GroupLimits
    form = LimitsForm
    fields = ("limit_profile",)
    may_add = may_change = may_delete = True
    max_num = 1


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(StaffAdmin):
    may_add = may_change = may_delete = True
    list_display = ("name",)
    search_fields = ("name",)
    fields = ("name",)
    inlines = (GroupLimitsRow,)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        limit_profiles.forget()


class SignIns(StaffAdmin):
    """What both kinds of sign-ins show."""

    list_display = ("user", "device", "address", "created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__email_key__startswith", "user__name_key__startswith", "address__exact")
    search_help_text = gettext_lazy("The beginning of a name or an e-mail, or a whole network address.")
    ordering = ("-last_seen_at",)

    @admin.display(description=gettext_lazy("device"))
    def device(self, row: Session | TokenFamily) -> str:
        return devices.name(row.user_agent) or _("Unknown program")


@admin.register(Session)
class BrowserAdmin(SignIns, ListOnly):
    fields = ("user", "address", "user_agent", "created_at", "last_seen_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        return super().get_queryset(request).filter(user__isnull=False)


@admin.register(TokenFamily)
class ProgramAdmin(SignIns, LookOnly):
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    fields = ("user", "address", "user_agent", "created_at", "last_seen_at", "expires_at", "revoked_at", "id")


@admin.register(ServiceKey)
class ServiceKeyAdmin(LookOnly):
    list_display = ("name", "prefix", "created_by", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("user", "created_by")
    search_fields = ("user__name_key", "prefix__startswith")
    ordering = ("-created_at",)
    fields = ("user", "prefix", "scopes", "created_by", "created_at", "last_used_at", "expires_at", "revoked_at")


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(LookOnly):
    list_display = ("user", "issuer", "email", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__email_key__startswith", "email__istartswith")
    ordering = ("-last_used_at",)
    fields = ("user", "issuer", "subject", "email", "created_at", "last_used_at")
