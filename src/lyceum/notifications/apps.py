from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "lyceum.notifications"
    label = "notifications"

    def ready(self) -> None:
        from lyceum.notifications import kept  # noqa: F401
