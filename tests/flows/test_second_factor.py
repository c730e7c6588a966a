"""The second factor on a real server: of many uses of one code at once exactly one lets in."""

import time
from concurrent.futures import ThreadPoolExecutor

from lyceum.accounts import totp
from tests.conftest import PASSWORD, Site

AT_ONCE = 8


def test_of_many_uses_of_one_code_at_once_one_lets_in(site: Site) -> None:
    alice = site.register("Alice")
    secret = alice.call("POST", "auth/totp/").data["secret"]
    step = totp.step_at(time.time())
    made = alice.call("POST", "auth/totp/confirm/", {"otp": totp.code_of(secret, step)})
    codes = made.data["recovery_codes"]

    for otp in (totp.code_of(secret, step + 1), codes[0]):
        body = {"email": alice.email, "password": PASSWORD, "otp": otp}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda body: site.call("POST", "auth/token/", body), [body] * AT_ONCE))
        assert [answer.status for answer in answers].count(200) == 1
        assert {answer.status for answer in answers} <= {200, 401, 429}
    assert alice.call("GET", "auth/totp/").data["recovery_codes_left"] == 9
