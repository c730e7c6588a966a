from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "lyceum.messaging"
    label = "messaging"

    def ready(self) -> None:
        from lyceum.core import shell
        from lyceum.messaging import kept, receivers, scopes, selectors, socket  # noqa: F401

        shell.count_at("/talk/", selectors.unread_total)
