"""People's pictures: redrawn when they come in, kept in Django's storage under names of our own."""

from collections.abc import Callable, Sequence
from typing import IO
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from lyceum.accounts.models import User
from lyceum.accounts.pictures import square
from lyceum.core import audit, leftovers
from lyceum.core.errors import Invalid, NotFound
from lyceum.core.ids import uuid7
from lyceum.core.sandbox import Unreadable, parse

FOLDER = leftovers.own("avatars")
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
        leftovers.delete_on_commit(path_of(before))
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
    return leftovers.sweep(FOLDER, _named)


def _named(names: Sequence[str]) -> list[str]:
    return [f"{avatar}.webp" for avatar in User.objects.exclude(avatar="").values_list("avatar", flat=True)]
