"""Every door of accounts, by the cases of the kit."""

from typing import Any

import pytest

from lyceum.core.testing.api_cases import BodyCases, DoorCases, NumberedPageCases
from lyceum.core.testing.people import make_person

PASSWORD = "Lefroy-salt-lake-7"
NEW = {"password": "Norseman-granite-3", "password_confirm": "Norseman-granite-3"}
PERSON = {"email": "dora@example.org", "first_name": "Dora", "last_name": "Tester", **NEW}
NUMBERS = dict.fromkeys(("email", "first_name", "last_name", "password", "password_confirm"), 5)


class TestRegister(BodyCases):
    url, methods, is_open = "/api/v1/users/register/", ("POST",), True
    body, required, types = PERSON, tuple(PERSON), NUMBERS


class TestSetup(BodyCases):
    url, methods, is_open = "/api/v1/users/setup/", ("POST",), True
    body, required, types = {**PERSON, "token": "x"}, (*PERSON, "token"), {**NUMBERS, "token": []}


class TestCsrf(DoorCases):
    url, methods, is_open = "/api/v1/users/csrf/", ("GET",), True


class TestLogin(BodyCases):
    url, methods, is_open = "/api/v1/users/login/", ("POST",), True
    body = {"email": "a@example.org", "password": "x"}
    required, types = ("email", "password"), {"email": 1, "password": True, "otp": 123456}

    def test_who_is_not_signed_in_is_asked_to(self, api: Any, path: str) -> None:
        assert self.send(api, path, self.body).json()["code"] == "invalid_credentials"


class TestToken(TestLogin):
    url = "/api/v1/auth/token/"


class TestTokenRefresh(BodyCases):
    url, methods, is_open = "/api/v1/auth/token/refresh/", ("POST",), True
    body, required, types = {"refresh": "x"}, ("refresh",), {"refresh": None}

    def test_no_type_is_converted(self, alice_api: Any, path: str) -> None:
        answer = self.send(alice_api, path, {"refresh": 5})
        assert [error["code"] for error in answer.json()["errors"]] == ["invalid_type"]
        answer = self.send(alice_api, path, {"refresh": None})
        assert [error["code"] for error in answer.json()["errors"]] == ["null"]


class TestTokenBlacklist(TestTokenRefresh):
    url = "/api/v1/auth/token/blacklist/"


class TestTokenVerify(BodyCases):
    url, methods, is_open = "/api/v1/auth/token/verify/", ("POST",), True
    body, required, types = {"token": "x"}, ("token",), {"token": {}}


class TestEmailVerify(TestTokenVerify):
    url = "/api/v1/users/email/verify/"


class TestPasswordReset(BodyCases):
    url, methods, is_open = "/api/v1/users/password/reset/", ("POST",), True
    body, required, types = {"email": "a@example.org"}, ("email",), {"email": []}


class TestEmailVerifyAgain(TestPasswordReset):
    url = "/api/v1/users/email/verify/resend/"


class TestPasswordResetConfirm(BodyCases):
    url, methods, is_open = "/api/v1/users/password/reset/confirm/", ("POST",), True
    body = {"token": "x", **NEW}
    required, types = tuple(body), dict.fromkeys(body, 5)


class TestPasswordChange(BodyCases):
    url, methods = "/api/v1/users/password/", ("POST",)
    body = {"current_password": PASSWORD, **NEW}
    required, types = tuple(body), dict.fromkeys(body, 5)


class TestEmailChange(BodyCases):
    url, methods = "/api/v1/users/email/", ("POST",)
    body = {"email": "new@example.org", "password": PASSWORD}
    required, types = tuple(body), dict.fromkeys(body, 5)

    @pytest.fixture
    def alice(self, db: None) -> Any:
        return make_person("alice", password=PASSWORD)


class TestProfile(BodyCases):
    url, methods, method = "/api/v1/users/profile/", ("GET", "PATCH"), "PATCH"
    body = {"timezone": "Australia/Perth"}
    types = {
        "first_name": 1,
        "last_name": [],
        "locale": {},
        "timezone": 8,
        "show_presence": "true",
        "show_typing": 1,
    }


class TestMe(TestProfile):
    url = "/api/v1/auth/me/"


class TestLogout(DoorCases):
    url, methods = "/api/v1/users/logout/", ("POST",)


class TestTicket(DoorCases):
    url, methods = "/api/v1/auth/ws-ticket/", ("POST",)


class TestOwnAvatar(DoorCases):
    url, methods = "/api/v1/users/avatar/", ("PUT", "DELETE")


class TestAvatar(DoorCases):
    answers_json = False

    @pytest.fixture
    def path(self) -> str:
        return f"/api/v1/users/{make_person('dora').pk}/avatar/"


class TestDirectory(NumberedPageCases):
    url = "/api/v1/users/list/"


class TestSessions(DoorCases):
    url, methods = "/api/v1/users/sessions/", ("GET", "DELETE")


class TestSession(DoorCases):
    url, methods = "/api/v1/users/sessions/01890000-0000-7000-8000-000000000000/", ("DELETE",)


class TestConfirm(BodyCases):
    url, methods = "/api/v1/auth/confirm/", ("POST",)
    body, required, types = {"password": PASSWORD}, ("password",), {"password": 1, "otp": 123456}

    @pytest.fixture
    def alice(self, db: None) -> Any:
        return make_person("alice", password=PASSWORD)


class TestTotp(DoorCases):
    url, methods = "/api/v1/auth/totp/", ("GET", "POST")


class TestTotpConfirm(BodyCases):
    url, methods = "/api/v1/auth/totp/confirm/", ("POST",)
    body, required, types = {"otp": "123456"}, ("otp",), {"otp": 123456}


class TestTotpOff(TestConfirm):
    url = "/api/v1/auth/totp/off/"


class TestRecoveryCodes(DoorCases):
    url, methods = "/api/v1/auth/totp/recovery-codes/", ("POST",)


ANSWER = {"state": "x", "credential": {}}


class TestPasskeyList(BodyCases):
    url, methods = "/api/v1/auth/passkeys/", ("GET", "POST")
    body, required, types = ANSWER, ("state", "credential"), {"state": 1, "credential": "x", "name": 1}


class TestPasskeyOptions(DoorCases):
    url, methods = "/api/v1/auth/passkeys/options/", ("POST",)


class TestPasskeyConfirm(BodyCases):
    url, methods = "/api/v1/auth/passkeys/confirm/", ("POST",)
    body, required, types = ANSWER, ("state", "credential"), {"state": 1, "credential": []}


class TestPasskeyConfirmOptions(DoorCases):
    url, methods = "/api/v1/auth/passkeys/confirm/options/", ("POST",)


class TestPasskeyLogin(BodyCases):
    url, methods, is_open = "/api/v1/auth/passkeys/login/", ("POST",), True
    body, required, types = ANSWER, ("state", "credential"), {"state": 1, "credential": []}

    def test_who_is_not_signed_in_is_asked_to(self, api: Any, path: str) -> None:
        assert self.send(api, path, self.body).json()["code"] == "passkey_refused"


class TestPasskeyToken(TestPasskeyLogin):
    url = "/api/v1/auth/passkeys/token/"


class TestPasskeyLoginOptions(DoorCases):
    url, methods, is_open = "/api/v1/auth/passkeys/login/options/", ("POST",), True


class TestPasskeyTokenOptions(TestPasskeyLoginOptions):
    url = "/api/v1/auth/passkeys/token/options/"
