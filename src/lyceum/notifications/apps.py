from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "lyceum.notifications"
    label = "notifications"

    def ready(self) -> None:
        from lyceum.core import service_worker, shell
        from lyceum.notifications import kept, privacy, receivers  # noqa: F401

        service_worker.add_part("notifications/push-worker.js")
        shell.add_script("notifications/again.js")
