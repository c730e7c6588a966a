from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "lyceum.core"
    label = "core"
    verbose_name = "House"

    def ready(self) -> None:
        from lyceum.core import checks, kept, traces  # noqa: F401
