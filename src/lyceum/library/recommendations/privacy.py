"""What recommendations know of a person, beside their reviews and orders."""

from lyceum.core.archives import Archive
from lyceum.core.privacy import Holder, Subject, declare
from lyceum.library.recommendations import kept_lists
from lyceum.library.recommendations.models import Dismissal, Showing


def export(subject: Subject, archive: Archive) -> None:
    archive.write_list(
        "recommendations",
        Showing.objects.filter(user=subject.id)
        .order_by("shown_at", "pk")
        .values("book_id", "book__title", "variant", "model", "shown_at", "clicked_at", "ordered_at")
        .iterator(500),
        title="What was recommended to you",
        about="Books that you were shown, and whether you opened or ordered them.",
    )
    archive.write_list(
        "recommendations_dismissed",
        Dismissal.objects.filter(user=subject.id).order_by("pk").values("book_id", "book__title", "created_at"),
        title="What you do not want to be recommended",
        about="Books that you took from your shelf.",
    )


def erase(subject: Subject) -> None:
    Showing.objects.filter(user=subject.id).delete()
    Dismissal.objects.filter(user=subject.id).delete()
    kept_lists.drop(subject.id)


declare(Holder("recommendations", ["library.Showing", "library.Dismissal"], export, erase))
