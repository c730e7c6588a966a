from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "lyceum.library"
    label = "library"

    def ready(self) -> None:
        from lyceum.library import kept, privacy  # noqa: F401
