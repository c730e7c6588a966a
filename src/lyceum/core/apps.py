from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "lyceum.core"
    label = "core"

    def ready(self) -> None:
        from lyceum.core import checks, kept  # noqa: F401
