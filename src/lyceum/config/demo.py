"""The demo workspace: a small school of geology, simulated and marked as such."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from lyceum.accounts.models import User
from lyceum.messaging import services
from lyceum.messaging.models import Conversation, Message

PASSWORD = "Kambalda-dome-82"  # noqa: S105  # printed at every start; demo accounts only
PEOPLE = [
    ("priya", "Priya", "Raman", True),
    ("ruth", "Ruth", "Pemberton", False),
    ("samuel", "Samuel", "Okafor", False),
    ("jodie", "Jodie", "Walsh", False),
    ("mei", "Mei", "Tanaka", False),
    ("callum", "Callum", "Reid", False),
    ("ilse", "Ilse", "Brandt", False),
    ("tom", "Tom", "Ngata", False),
]
SIGN_INS = ("priya", "ruth", "mei")
MAPPING_WEEK = [
    ("ruth", "Maps are due on Friday at noon: one sheet per pair at 1:5000, with a section through the dome."),
    ("mei", "Does the basalt contact on the east side close for anyone? Ours stops at the salt lake."),
    ("callum", "Not for us either. We marked it as **inferred** from the float."),
    ("ruth", "Good. Inferred is fine, as long as the legend says so."),
    ("tom", "Two utes leave at six tomorrow. Bring three litres of water each."),
    ("mei", "The komatiite spinifex at stop 4 is the best I have seen. Photos tonight."),
]
LIBRARY_DESK = [
    ("jodie", "The structural geology shelf is back from the bindery."),
    ("callum", "Thanks. Is the copy with the stereonets in?"),
    ("jodie", "It is, kept for you until Thursday."),
]
DIRECT = [("mei", "Sent you the thin sections."), ("priya", "Thank you, they are very clear.")]


def _address(name: str) -> str:
    return f"{name}@goldfields.example"


@transaction.atomic
def load() -> None:
    """Make the demo workspace; does nothing where it is."""
    if User.objects.filter(is_demo=True).exists():
        return
    people = {}
    for name, first, last, is_staff in PEOPLE:
        people[name] = User.objects.create_user(
            _address(name), PASSWORD, first_name=first, last_name=last, is_staff=is_staff, is_demo=True
        )
    everyone = [user.pk for user in people.values()]
    week = services.create_group(people["ruth"].pk, name="Kambalda mapping week", members=everyone, history="all")
    desk = services.create_group(people["jodie"].pk, name="Library desk", members=everyone[:6], history="all")
    pair, _ = services.create_direct(people["mei"].pk, people["priya"].pk)
    _talk(people, week, MAPPING_WEEK)
    _talk(people, desk, LIBRARY_DESK)
    _talk(people, pair, DIRECT)


def _talk(people: dict[str, Any], conversation: Conversation, lines: list[tuple[str, str]]) -> None:
    start = timezone.now() - timedelta(minutes=9 * len(lines))
    for index, (name, text) in enumerate(lines):
        message = services.send_message(conversation.pk, sender=people[name].pk, content=text)
        Message.objects.filter(pk=message.message_id).update(created_at=start + timedelta(minutes=9 * index))


@transaction.atomic
def remove() -> None:
    """Take the demo people away, with the conversations in which only they are."""
    people = User.objects.filter(is_demo=True)
    Conversation.objects.filter(participants__user__in=people).exclude(
        participants__user__in=User.objects.filter(is_demo=False)
    ).delete()
    people.delete()


def sign_ins() -> list[tuple[str, str]]:
    """Return address and password of the coordinator, a teacher and a learner; empty without demo content."""
    if not User.objects.filter(is_demo=True).exists():
        return []
    return [(_address(name), PASSWORD) for name in SIGN_INS]
