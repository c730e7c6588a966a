from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "lyceum.messaging"
    label = "messaging"

    def ready(self) -> None:
        from lyceum.messaging import socket  # noqa: F401
