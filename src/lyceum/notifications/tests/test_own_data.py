"""What a person takes along of notifications, and what is let go with them."""

import io
import json
import zipfile
from typing import Any

from lyceum.core import privacy
from lyceum.core.archives import Archive
from lyceum.notifications import devices, preferences, webhooks
from lyceum.notifications.models import Device, Preferences, Webhook
from lyceum.notifications.privacy import erase, export

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
KEYS = {
    "public_key": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "secret": "BTBZMqHH6r4Tts7J_aSIgg",
}


def test_choices_and_devices_are_taken_along_and_let_go_without_those_of_others(
    alice: Any, bob: Any, settings: Any
) -> None:
    for who in (alice, bob):
        endpoint = f"https://push.example.org/{who.pk}"
        devices.add(who, endpoint=endpoint, **KEYS, sign_in_id=None, user_agent=FIREFOX)
        preferences.change(who.pk, digest="hourly")
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    webhooks.create(url="http://127.0.0.1/", events=["user.registered"], actor=alice)
    subject = privacy.Subject(alice.pk, alice.email)
    file = io.BytesIO()
    archive = Archive(file)
    export(subject, archive)
    archive.close()
    with zipfile.ZipFile(file) as found:
        [chosen], [device] = (json.loads(found.read(f"{name}.json")) for name in ("notification_settings", "devices"))
    assert chosen["digest"] == "hourly"
    assert (device["user_agent"], device["push_service"]) == (FIREFOX, "push.example.org")
    assert KEYS["secret"] not in str(device)

    erase(subject)
    assert list(Device.objects.values_list("user", flat=True)) == [bob.pk]
    assert list(Preferences.objects.values_list("user", flat=True)) == [bob.pk]
    assert Webhook.objects.count() == 1
