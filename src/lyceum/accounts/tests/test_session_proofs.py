"""A cookie session stands while the password is the one that it was opened with, and the server's key too."""

from typing import Any

import pytest
from django.test import Client

from lyceum.accounts import session_proofs
from lyceum.accounts.models import Session, User
from lyceum.accounts.public import living_sign_ins


@pytest.fixture
def session(alice: Any) -> Session:
    client = Client()
    client.force_login(alice)
    return Session.objects.get(user=alice)


def proof_of(session: Session) -> list[str]:
    return [session.session_data, User.objects.get(pk=session.user_id).password]


def test_a_session_stands_for_its_password_alone(session: Session) -> None:
    data, password = proof_of(session)
    assert session_proofs.holds([data, password])
    assert not session_proofs.holds([data, f"{password}x"])
    assert not session_proofs.holds([f"{data}x", password])


def test_what_is_no_cookie_session_needs_no_proof() -> None:
    assert session_proofs.holds(None)


def test_a_session_outlives_the_change_of_a_key_that_is_still_taken(session: Session, settings: Any) -> None:
    proof, before = proof_of(session), settings.SECRET_KEY
    assert session_proofs.holds(proof)
    settings.SECRET_KEY = "another key, which nobody has guessed so far"
    assert not session_proofs.holds(proof)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert session_proofs.holds(proof)


def test_a_session_of_an_older_password_is_no_living_sign_in(session: Session, alice: Any) -> None:
    assert living_sign_ins([session.public_id]) == {session.public_id}
    User.objects.filter(pk=alice.pk).update(password="another")
    assert living_sign_ins([session.public_id]) == set()
