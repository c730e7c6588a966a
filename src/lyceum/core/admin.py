from django.contrib import admin
from django.contrib.admin.models import LogEntry
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob, ProcrastinateWorker

from lyceum.core.models import AuditEntry, JobOutcome
from lyceum.core.staff_admin import ListOnly, LookOnly


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly):
    list_display = ("created_at", "action", "actor", "subject")
    list_select_related = ("actor",)
    search_fields = ("action__startswith", "subject__exact", "actor__email_key__startswith")
    search_help_text = "The beginning of an action or of an address, or a whole subject."
    list_filter = ("created_at",)
    ordering = ("-created_at",)
    fields = ("created_at", "action", "actor", "subject", "detail")


@admin.register(JobOutcome)
class JobOutcomeAdmin(LookOnly):
    list_display = ("number", "error", "ended_at")
    list_filter = ("error",)
    ordering = ("-ended_at",)
    fields = ("number", "error", "ended_at")


for model in (ProcrastinateEvent, ProcrastinateJob, ProcrastinateWorker):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(ProcrastinateJob)
class JobAdmin(ListOnly):
    """Jobs without what they were told: that may be the address in a mail which lets somebody in."""

    list_display = ("id", "task_name", "status", "attempts", "scheduled_at")
    list_filter = ("status", "task_name")
    ordering = ("-id",)
    fields = ("id", "task_name", "queue_name", "status", "attempts", "scheduled_at")


@admin.register(LogEntry)
class LogEntryAdmin(LookOnly):
    list_display = ("action_time", "user", "content_type", "object_repr", "action_flag")
    list_select_related = ("user", "content_type")
    list_filter = ("action_time", "action_flag", "content_type")
    fields = ("action_time", "user", "content_type", "object_repr", "action_flag", "change_message")
