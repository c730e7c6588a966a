"""Who may use a door of the API, where that is not everybody with an account."""

from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request


def is_staff(request: Request) -> bool:
    return request.user.is_authenticated and bool(request.user.is_staff)


class IsStaff(BasePermission):
    """Lets in those who run the workspace."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return is_staff(request)


class PublicRead(BasePermission):
    """Lets everybody read while PUBLIC_READ is on; else, and to write, who is signed in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if may_all(request.method, (type(self),)) or not hasattr(view, (request.method or "").lower()):
            # To a method that the door has not, nobody is let in: it says so.
            return True
        return request.user.is_authenticated and self.may(request)

    def may(self, request: Request) -> bool:
        return True


class PublicReadStaffWrite(PublicRead):
    """Lets everybody read while PUBLIC_READ is on; those who run the workspace write."""

    def may(self, request: Request) -> bool:
        return request.method in SAFE_METHODS or is_staff(request)


def may_all(method: str | None, permissions: Any) -> bool:
    """Say whether these permissions ask for no account, and so for no scope."""
    if AllowAny in permissions:
        return True
    is_read = method in SAFE_METHODS and settings.PUBLIC_READ
    return is_read and any(issubclass(one, PublicRead) for one in permissions)
