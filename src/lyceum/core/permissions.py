"""Who may use a door of the API, where that is not everybody with an account."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class IsStaff(BasePermission):
    """Lets in those who run the workspace."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.user.is_authenticated and bool(request.user.is_staff)
