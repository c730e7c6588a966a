from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "lyceum.search"
    label = "search"

    def ready(self) -> None:
        from lyceum.search import checks  # noqa: F401
