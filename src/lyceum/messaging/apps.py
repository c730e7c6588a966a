from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "lyceum.messaging"
    label = "messaging"

    def ready(self) -> None:
        from lyceum.messaging import kept, socket  # noqa: F401
