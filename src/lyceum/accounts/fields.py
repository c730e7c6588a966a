"""The fields of accounts' forms, in the words of the pages."""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import available_timezones

from django.conf import settings
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from lyceum.accounts.bodies import LOCALE
from lyceum.core.forms import Field

FIRST_NAME = Field("first_name", _("First name"), autocomplete="given-name", missing=_("Enter your first name."))
LAST_NAME = Field("last_name", _("Last name"), autocomplete="family-name", missing=_("Enter your last name."))
EMAIL = Field("email", _("E-mail"), "email", "username", missing=_("Enter your e-mail address."))
# Where one signs in, the browser may offer passkeys beside addresses.
SIGN_IN_EMAIL = replace(EMAIL, autocomplete="username webauthn")
PASSWORD = Field("password", _("Password"), "password", "current-password", missing=_("Enter your password."))
OTP = Field(
    "otp",
    _("Code"),
    autocomplete="one-time-code",
    hint=_("Six digits from your app, or one of your recovery codes."),
    missing=_("Enter a code."),
)
APP_CODE = Field(
    "otp",
    _("Code from the app"),
    autocomplete="one-time-code",
    hint=_("Six digits, which change every 30 seconds."),
    missing=_("Enter the code that the app shows."),
)
PASSKEY_NAME = Field("name", _("Name"), missing=_("Enter a name."))
KEEP = Field("keep", _("Keep me signed in on this computer"), "check")
NEW_PASSWORD = Field(
    "password",
    _("New password"),
    "password",
    "new-password",
    hint=_("8 characters or more. Not a common one, not only digits, not your name."),
    missing=_("Choose a password."),
)
CONFIRM = Field(
    "password_confirm",
    _("The same password again"),
    "password",
    "new-password",
    missing=_("Enter the same password again."),
)
CURRENT = Field(
    "current_password",
    _("Current password"),
    "password",
    "current-password",
    missing=_("Enter your current password."),
)
NEW_EMAIL = Field(
    "email",
    _("New e-mail"),
    "email",
    "email",
    hint=_("A link goes there. The address changes when you open it."),
    missing=_("Enter the new address."),
)
SHOW_PRESENCE = Field(
    "show_presence",
    _("Show whether I am here"),
    "check",
    hint=_("Others see when you are online or away."),
)
SHOW_TYPING = Field(
    "show_typing",
    _("Show when I am writing"),
    "check",
    hint=_("Others in the conversation see that you are writing."),
)
KEY_NAME = Field(
    "name",
    _("Name of the service"),
    hint=_("People see it beside what the service writes."),
    missing=_("Enter a name."),
)
LIMITS = Field(
    "limit_profile",
    _("Requests a minute"),
    "select",
    choices=[("free", _("as a person")), ("basic", _("3 times as many")), ("premium", _("10 times as many"))],
)
KEY_DAYS = Field(
    "days",
    _("The key ends"),
    "select",
    choices=[
        ("30", _("after 30 days")),
        ("90", _("after 90 days")),
        ("365", _("after a year")),
        ("", _("when it is revoked")),
    ],
)

APP_NAME = Field("name", _("Name of the app"), missing=_("Enter a name."))
APP_REDIRECTS = Field(
    "redirect_uris",
    _("Addresses for answers"),
    "lines",
    hint=_("One a line: where the app takes people back to, to the letter. A device needs none."),
    missing=_("Enter at least one address."),
)
APP_KIND = Field(
    "is_confidential",
    _("It can keep a secret"),
    "check",
    hint=_("An app on a server can; one that runs in a browser, on a phone or a desk cannot."),
)
APP_DEVICES = Field(
    "may_use_devices",
    _("It runs where there is no browser"),
    "check",
    hint=_("It shows a short code, which people enter elsewhere."),
)


def scopes_field(label: object, meanings: Iterable[tuple[str, object]]) -> Field:
    """Ask for at least one of the scopes."""
    return Field("scopes", label, "checks", missing=_("Choose at least one."), choices=list(meanings))


def locales() -> list[tuple[str, str]]:
    """Return the languages whose dates and figures can be shown, by their own names."""
    known = [(_tag(code), get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
    return sorted(((tag, name) for tag, name in known if LOCALE.fullmatch(tag)), key=lambda pair: pair[1].casefold())


def _tag(code: str) -> str:
    name, _dash, region = code.partition("-")
    return f"{name}-{region.upper()}" if region else name


def zones() -> list[tuple[str, str]]:
    """Return the time zones that name a place, with the place in words."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]


def locale_field() -> Field:
    return Field("locale", _("Language of dates and figures"), "select", choices=locales())


def zone_field() -> Field:
    return Field(
        "timezone",
        _("Time zone"),
        "zone",
        hint=_("Type a part of it, such as Perth."),
        missing=_("Choose a zone such as Australia/Perth."),
        choices=zones(),
    )
