from typing import Any

import pytest
from django.db import transaction

from lyceum.core import valkey
from lyceum.core.live import CHANNEL, unpack
from lyceum.messaging import membership, services
from lyceum.messaging.selectors import get_participant_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_removed_member_is_out_before_any_later_message_can_be_told(people: Any) -> None:
    alice, bob, _ = people
    room = services.create_group(alice.pk, name="Maps", members=[bob.pk], history="joined").pk
    heard = valkey.connection().pubsub(ignore_subscribe_messages=True)
    heard.subscribe(valkey.key(CHANNEL))
    heard.get_message(timeout=1)
    with transaction.atomic():
        membership.remove_member(get_participant_for(alice.pk, room), bob.pk)
        # The lock is held: nobody else has committed a message after the removal yet.
        message = heard.get_message(timeout=1)
        assert message is not None
        [push] = unpack(message["data"])
        assert (push.group, push.control) == (f"user:{bob.pk}", f"part:conversation:{room}")
    heard.close()
