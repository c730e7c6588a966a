"""What the models of the admin share: staff may do what a page offers, and a page offers little by itself."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    Model = admin.ModelAdmin[Any]
    Rows = admin.TabularInline[Any, Any]
else:
    Model, Rows = admin.ModelAdmin, admin.TabularInline


class ForStaff:
    """All staff run the workspace alike: who is let into the admin may see, and may do what the page says."""

    may_add: ClassVar[bool] = False
    may_change: ClassVar[bool] = False
    may_delete: ClassVar[bool] = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_staff)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_staff)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_add and bool(request.user.is_staff)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and bool(request.user.is_staff)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and bool(request.user.is_staff)


class StaffAdmin(ForStaff, Model):
    """A model in the admin. `fields` say all that is shown, so that a new secret column is not shown by itself."""

    list_per_page = 50
    show_full_result_count = False
    # Large tables are looked at page by page.
    list_max_show_all = 200


class LookOnly(StaffAdmin):
    """Rows that are looked at and not changed by hand."""

    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()


class ListOnly(LookOnly):
    """Rows without a page each, because its title or its address would tell a secret."""

    list_display_links = None

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request)


class StaffRows(ForStaff, Rows):
    """Rows that belong to the row of a page."""

    extra = 0
    show_change_link = False
