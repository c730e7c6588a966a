"""People's pictures: redrawn when they come in, kept in Django's storage under names of our own."""

from collections.abc import Callable
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from lyceum.accounts.models import User
from lyceum.accounts.pictures import square
from lyceum.core import audit
from lyceum.core.errors import Invalid, NotFound
from lyceum.core.ids import uuid7
from lyceum.core.sandbox import Unreadable, parse

FOLDER = "avatars"
# A picture is stored before its row says so; what no row names after this time was left behind.
LEFT_BEHIND = timedelta(hours=1)
REFUSALS = {
    "type": ("invalid", "Send a PNG, JPEG, WebP or GIF picture."),
    "pixels": ("too_large", "The picture has more than 40 million pixels."),
}


def path_of(avatar: str) -> str:
    return f"{FOLDER}/{avatar}.webp"


def set_avatar(user: User, file: IO[bytes], *, check: Callable[[User], None]) -> User:
    """Make the picture that of the person, in place of the one before; `check` sees the locked row and may raise.

    Raises Invalid for what is no picture.
    """
    try:
        picture = parse(square, file)
    except Unreadable as err:
        code, detail = REFUSALS.get(err.reason, ("invalid", "This picture cannot be read."))
        raise Invalid.field("file", code, detail) from err
    avatar = uuid7().hex
    default_storage.save(path_of(avatar), ContentFile(picture))
    return _change(user, avatar, check)


def remove_avatar(user: User, *, check: Callable[[User], None]) -> User:
    return _change(user, "", check)


@transaction.atomic
def _change(user: User, avatar: str, check: Callable[[User], None]) -> User:
    row = User.objects.select_for_update().get(pk=user.pk)
    check(row)
    before, row.avatar, row.version = row.avatar, avatar, row.version + 1
    row.save(update_fields=["avatar", "version"])
    audit.record(user, "user.avatar_changed" if avatar else "user.avatar_removed", user.pk)
    if before:
        transaction.on_commit(lambda: default_storage.delete(path_of(before)), robust=True)
    return row


def open_avatar(user_id: UUID) -> tuple[str, "File[bytes]"]:
    """Return the name and the open file of a person's picture; raises NotFound where there is none."""
    avatar = User.objects.filter(pk=user_id).values_list("avatar", flat=True).first()
    if not avatar:
        raise NotFound
    try:
        return avatar, default_storage.open(path_of(avatar))
    except FileNotFoundError as err:
        # Replaced between the two looks, or a file that is gone.
        raise NotFound from err


def sweep() -> int:
    """Delete the files that no row names; returns how many there were."""
    try:
        _, names = default_storage.listdir(FOLDER)
    except FileNotFoundError:
        return 0
    known = set(User.objects.exclude(avatar="").values_list("avatar", flat=True))
    before = timezone.now() - LEFT_BEHIND
    left = [name for name in names if name.removesuffix(".webp") not in known]
    left = [name for name in left if default_storage.get_modified_time(f"{FOLDER}/{name}") < before]
    for name in left:
        default_storage.delete(f"{FOLDER}/{name}")
    return len(left)
