from typing import Any
from zoneinfo import available_timezones

from django.conf.locale import LANG_INFO
from rest_framework import serializers

from lyceum.accounts.bodies import LOCALE, PERSON, Email, Otp, Password, RegisterBody
from lyceum.core.serializers import Body, PersonName, StrictBoolean, StrictText


class SetupBody(RegisterBody):
    example = {**PERSON, "token": "the-token-of-the-link"}
    token = StrictText(max_length=200)


class LoginBody(Body):
    example = {"email": "ada@example.org", "password": "Lefroy-salt-lake-7"}
    # Any text: what is no address is simply a wrong one.
    email = StrictText(max_length=1000)
    password = Password()
    otp = Otp(required=False)


class OtpBody(Body):
    example = {"otp": "123456"}
    otp = Otp()


class RefreshBody(Body):
    refresh = StrictText(max_length=1000)


class TokenBody(Body):
    token = StrictText(max_length=1000)


class PasswordBody(Body):
    example = {
        "current_password": "Lefroy-salt-lake-7",
        "password": "Norseman-granite-3",
        "password_confirm": "Norseman-granite-3",
    }
    current_password = Password()
    password = Password()
    password_confirm = Password()


class EmailOnlyBody(Body):
    email = StrictText(max_length=1000)


class ProofBody(Body):
    """What shows again who asks: with `person` in the context, the password of everybody who has one."""

    password = Password(required=False, help_text="Of everybody who has one.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person = self.context.get("person")
        self.fields["password"].required = person is not None and person.has_usable_password()


class ChangeEmailBody(ProofBody):
    email = Email()


class ResetBody(Body):
    token = StrictText(max_length=200)
    password = Password()
    password_confirm = Password()


class ProfileBody(Body):
    example = {"timezone": "Australia/Perth", "show_presence": False}
    first_name = PersonName(required=False)
    last_name = PersonName(required=False)
    locale = StrictText(required=False, max_length=10)
    timezone = StrictText(required=False, max_length=64)
    show_presence = StrictBoolean(required=False)
    show_typing = StrictBoolean(required=False)

    def validate_locale(self, value: str) -> str:
        if not LOCALE.fullmatch(value) or value.split("-")[0] not in LANG_INFO:
            raise serializers.ValidationError("Use a language such as en or en-AU.", code="invalid")
        return value

    def validate_timezone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError("Use a zone such as Australia/Perth.", code="invalid")
        return value


class KeyView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    user = serializers.UUIDField(help_text="The service's own identity, which conversations can take in.")
    prefix = serializers.CharField(help_text="How the key begins.")
    scopes = serializers.ListField(child=serializers.CharField())
    limit_profile = serializers.ChoiceField(["free", "basic", "premium"])
    created_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(["alive", "expired", "revoked"])


class MadeKeyView(KeyView):
    key = serializers.CharField(help_text="The key itself; it is never shown again.")


class KeyPage(serializers.Serializer[Any]):
    results = KeyView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class AvatarBody(Body):
    file = serializers.FileField()


class UserView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.ChoiceField(["member", "staff"])
    date_joined = serializers.DateTimeField()


class ProfileView(UserView):
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    email_verified_at = serializers.DateTimeField(allow_null=True)
    locale = serializers.CharField()
    timezone = serializers.CharField()
    show_presence = serializers.BooleanField()
    show_typing = serializers.BooleanField()
    limit_profile = serializers.ChoiceField(["free", "basic", "premium"])


class TokenPairView(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    access_expires_at = serializers.DateTimeField()
    refresh_expires_at = serializers.DateTimeField()


class CsrfView(serializers.Serializer[Any]):
    csrf_token = serializers.CharField()


class TicketView(serializers.Serializer[Any]):
    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField()


class DirectoryPersonView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    name = serializers.CharField()
    avatar = serializers.CharField(allow_null=True)
    presence = serializers.ChoiceField(["online", "away", "offline"], allow_null=True)
    email = serializers.CharField(required=False)


class DirectoryView(serializers.Serializer[Any]):
    results = DirectoryPersonView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    count = serializers.IntegerField(min_value=0)


class SignInView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(["browser", "token"])
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    address = serializers.CharField()
    user_agent = serializers.CharField()
    current = serializers.BooleanField()
    through = serializers.ChoiceField(["password", "passkey", "openid", "app"])
    app = serializers.CharField(allow_null=True, help_text="The name of the app that acts for one.")


class IdentityView(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    issuer = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()


class IdentityPage(serializers.Serializer[Any]):
    results = IdentityView(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
