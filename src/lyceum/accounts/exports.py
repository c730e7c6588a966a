"""The file of all data of a person: asked for, made by a job, fetched by the person alone, and gone after some days."""

import shutil
from collections.abc import Iterable, Sequence
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from lyceum.accounts.models import PrivacyJob, User
from lyceum.core import audit, jobs, leftovers, privacy, topics
from lyceum.core.archives import Archive
from lyceum.core.errors import NotFound, Unavailable

log = structlog.get_logger("lyceum.privacy")
FOLDER = leftovers.own("exports")
TOPIC = "jobs"
# A job that nobody works on any more.
LOST_AFTER = timedelta(hours=12)
WORDS = {
    PrivacyJob.State.WAITING: "Waits for its turn.",
    PrivacyJob.State.RUNNING: "Is being put together.",
    PrivacyJob.State.DONE: "Is ready.",
    PrivacyJob.State.FAILED: "Could not be made. Ask for it again.",
}


def words_of(found: PrivacyJob) -> str:
    return WORDS[PrivacyJob.State(found.state)]


def frame_of(found: PrivacyJob) -> dict[str, Any]:
    return {
        "type": "job",
        "id": found.pk,
        "state": found.state,
        "progress": found.progress,
        "message": words_of(found),
    }


def open_jobs(user_id: UUID) -> list[Any]:
    """Return the frames of the jobs that a person waits for."""
    return [
        frame_of(found) for found in PrivacyJob.objects.filter(user=user_id, kind="export", state__in=PrivacyJob.OPEN)
    ]


def path_of(export_id: UUID) -> str:
    return f"{FOLDER}/{export_id}.zip"


class GivenUp(Exception):
    """The export was ended while it was being made."""


def _exports() -> QuerySet[PrivacyJob]:
    return PrivacyJob.objects.filter(kind=PrivacyJob.Kind.EXPORT)


@transaction.atomic
def ask(user: User) -> PrivacyJob:
    """Return the export that is being made for the person, or queue a new one.

    The file that is there stays until the new one is ready; there is never more than that one beside it.
    """
    User.objects.select_for_update().get(pk=user.pk)
    _give_up(_exports().filter(_is_lost(), user=user))
    running = _exports().filter(user=user, state__in=PrivacyJob.OPEN).first()
    if running is not None:
        return running
    forget_files(_exports().filter(user=user, state=PrivacyJob.State.FAILED))
    found = PrivacyJob.objects.create(user=user, kind=PrivacyJob.Kind.EXPORT)
    jobs.enqueue("accounts.export", export_id=str(found.pk))
    audit.record(user, "user.export_asked", found.pk)
    topics.tell_on_commit(TOPIC, user.pk, frame_of(found))
    return found


def latest(user: User) -> PrivacyJob | None:
    return _exports().filter(user=user).order_by("-created_at").first()


def ready(user: User) -> PrivacyJob | None:
    """Return the newest export whose file can be fetched, also while another one is being made."""
    done = _exports().filter(user=user, state=PrivacyJob.State.DONE, expires_at__gt=timezone.now())
    return done.order_by("-created_at").first()


def get_for(user: User, export_id: UUID) -> PrivacyJob:
    found = _exports().filter(user=user, pk=export_id).first()
    if found is None:
        raise NotFound("There is no such job.")
    return found


def make(export_id: UUID) -> None:
    """Write the file; a second run, after a worker was killed, begins anew and ends the same."""
    found = PrivacyJob.objects.select_related("user").filter(pk=export_id, state__in=PrivacyJob.OPEN).first()
    if found is None:
        return
    if not found.user.is_active:
        give_up(found.user)
        return
    try:
        _make(found)
    except GivenUp:
        default_storage.delete(path_of(found.pk))
        log.info("export_given_up", user=str(found.user_id), export=str(found.pk))
    except Unavailable:
        raise
    except Exception:
        _give_up(_exports().filter(pk=found.pk))
        raise


def _make(found: PrivacyJob) -> None:
    _move(found, PrivacyJob.State.RUNNING, 0)
    with TemporaryFile() as file:
        _write(found, file)
        found.size = file.seek(0, 2)
        file.seek(0)
        default_storage.save(path_of(found.pk), File(file))
    found.expires_at = timezone.now() + timedelta(days=settings.EXPORT_DAYS)
    with transaction.atomic():
        _move(found, PrivacyJob.State.DONE, 100)
        forget_files(_exports().filter(user=found.user_id).exclude(pk=found.pk))
    log.info("export_made", user=str(found.user_id), export=str(found.pk), bytes=found.size)


def _subject(user: User) -> privacy.Subject:
    return privacy.Subject(user.pk, user.email)


def _write(found: PrivacyJob, file: IO[bytes]) -> None:
    archive = Archive(file)
    privacy.export(
        _subject(found.user), archive, progress=lambda percent: _move(found, PrivacyJob.State.RUNNING, min(99, percent))
    )
    about = _("Everything that belongs to you, each list as a page to read and as JSON for programs.")
    archive.finish(about=about, facts={"person": found.user_id, "created_at": timezone.now()})


@transaction.atomic
def _move(found: PrivacyJob, state: str, progress: int) -> None:
    """Note how far it is; raises GivenUp when it was ended meanwhile."""
    found.state, found.progress = state, progress
    fields = {"state": state, "progress": progress, "size": found.size, "expires_at": found.expires_at}
    if not PrivacyJob.objects.filter(pk=found.pk, state__in=PrivacyJob.OPEN).update(**fields):
        raise GivenUp
    topics.tell_on_commit(TOPIC, found.user_id, frame_of(found))


def give_up(user: User) -> None:
    """End what is being made for a person whose account is closed: nobody is there to fetch it."""
    _give_up(_exports().filter(user=user))


@transaction.atomic
def _give_up(rows: QuerySet[PrivacyJob]) -> None:
    for found in rows.filter(state__in=PrivacyJob.OPEN).select_for_update():
        found.state = PrivacyJob.State.FAILED
        found.save(update_fields=["state"])
        leftovers.delete_on_commit(path_of(found.pk))
        topics.tell_on_commit(TOPIC, found.user_id, frame_of(found))


def _is_lost() -> Q:
    return Q(created_at__lte=timezone.now() - LOST_AFTER)


def open_file(user: User, export_id: UUID) -> IO[bytes]:
    """Return the file of the person, with what ends sooner than it as that stands now; raises NotFound."""
    found = get_for(user, export_id)
    is_over = found.expires_at is None or found.expires_at <= timezone.now()
    if found.state != PrivacyJob.State.DONE or is_over:
        raise NotFound("This file is not there, or not any more.")
    copy: IO[bytes] = TemporaryFile()  # noqa: SIM115  # the answer closes it
    try:
        with default_storage.open(path_of(found.pk)) as kept:
            shutil.copyfileobj(kept, copy)
        archive = Archive(copy, "a")
        privacy.add_living(_subject(user), archive)
        archive.close()
    except FileNotFoundError as err:
        copy.close()
        raise NotFound("This file is not there any more.") from err
    except Unavailable:
        copy.close()
        raise
    audit.record(user, "user.export_fetched", found.pk)
    copy.seek(0)
    return copy


def forget_old() -> int:
    """Delete the files whose time is over, with their rows; returns how many. What was lost on its way is given up."""
    _give_up(_exports().filter(_is_lost()))
    now = timezone.now()
    # One that was given up has no end of its own.
    is_over = Q(expires_at__lte=now) | Q(expires_at=None, created_at__lte=now - timedelta(days=settings.EXPORT_DAYS))
    return forget_files(_exports().filter(is_over))


@transaction.atomic
def forget_files(rows: Iterable[PrivacyJob]) -> int:
    count = 0
    for found in rows:
        leftovers.delete_on_commit(path_of(found.pk))
        found.delete()
        count += 1
    return count


def sweep() -> int:
    """Delete the files that no row names; returns how many there were."""
    return leftovers.sweep(FOLDER, _named)


def _named(names: Sequence[str]) -> list[str]:
    return [f"{export_id}.zip" for export_id in PrivacyJob.objects.values_list("pk", flat=True)]


topics.declare(TOPIC, open_jobs)
