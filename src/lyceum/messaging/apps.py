from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "lyceum.messaging"
    label = "messaging"

    def ready(self) -> None:
        from lyceum.core import service_worker, shell
        from lyceum.messaging import digest, finding, kept, listening, privacy, receivers, scopes, selectors, socket  # noqa: F401
        from lyceum.notifications import public as notifications

        notifications.declare_digest(notifications.DigestSource(digest.waiting, digest.sections))
        service_worker.add_page("/talk/", "/offline/talk/")
        service_worker.add_part("messaging/outbox-worker.js")
        shell.count_at("/talk/", selectors.unread_total)
        shell.add_script("messaging/badge.js")
