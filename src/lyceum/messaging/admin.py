"""Conversations behind the scenes: who takes part and how much there is. What people write is theirs, and not here."""

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lyceum.core.staff_admin import LookOnly, StaffRows
from lyceum.messaging.models import Conversation, Participant


class ParticipantRow(StaffRows):
    model = Participant
    fields = readonly_fields = ("user", "role", "joined_at", "read_sequence", "hidden_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Participant]:
        return super().get_queryset(request).select_related("user")


@admin.register(Conversation)
class ConversationAdmin(LookOnly):
    list_display = ("id", "kind", "name", "retention", "people", "last_sequence", "updated_at", "ended_at")
    list_filter = ("kind", "retention", ("ended_at", admin.EmptyFieldListFilter))
    search_fields = ("name__icontains", "participants__user__email_key__startswith", "id__exact")
    search_help_text = _("A part of a name, or the beginning of the address of somebody who takes part.")
    # Ids rise with time.
    ordering = ("-id",)
    inlines = (ParticipantRow,)
    fields = (
        "id",
        "kind",
        "name",
        "retention",
        "history",
        "last_sequence",
        "created_at",
        "updated_at",
        "ended_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        rows: QuerySet[Conversation] = super().get_queryset(request)
        # Counted for the rows of a page alone.
        here = Participant.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
        return rows.annotate(people=Subquery(here.annotate(number=Count("pk")).values("number")))

    @admin.display(description=_("people"))
    def people(self, row: Conversation) -> int:
        return row.people or 0  # type: ignore[attr-defined]
