"""People straight in the database, as hundreds could not sign up within their limits: `python -m tests.chaos.people`.

`make COUNT` prints a line of JSON for each new person: their id, and an access token for each of two sign-ins.
`deactivate ID` does what staff do.
"""

import json
import secrets
import sys
from datetime import timedelta

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from lyceum.accounts import services, tokens  # noqa: E402
from lyceum.accounts.models import Token, TokenFamily, User, email_key  # noqa: E402

SIGN_INS = 2


@transaction.atomic
def make(count: int) -> None:
    ends = timezone.now() + timedelta(days=1)
    users, families, access = [], [], {}
    for number in range(count):
        email = f"p{number}.{secrets.token_hex(6)}@example.org"
        # A profile of limits as operators give it: the limiter stays in the way.
        user = User(email=email, email_key=email_key(email), first_name=f"P{number}", last_name="Tester", password="!")
        user.limit_profile = "premium"
        users.append(user)
        for _ in range(SIGN_INS):
            family = TokenFamily(user=user, expires_at=ends, address="127.0.0.1", user_agent="chaos")
            families.append(family)
            access[family.pk] = f"lya_{secrets.token_hex(24)}"
    User.objects.bulk_create(users)
    TokenFamily.objects.bulk_create(families)
    Token.objects.bulk_create(
        Token(hash=tokens.token_hash(key), kind=Token.Kind.ACCESS, family_id=family, expires_at=ends)
        for family, key in access.items()
    )
    for number, user in enumerate(users):
        own = families[number * SIGN_INS : (number + 1) * SIGN_INS]
        print(json.dumps({"id": str(user.pk), "sign_ins": [[str(f.pk), access[f.pk]] for f in own]}))


def deactivate(identity: str) -> None:
    services.deactivate(User.objects.get(pk=identity), actor=None)


if __name__ == "__main__":
    {"make": lambda: make(int(sys.argv[2])), "deactivate": lambda: deactivate(sys.argv[2])}[sys.argv[1]]()
