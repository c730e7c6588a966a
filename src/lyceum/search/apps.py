from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "lyceum.search"
    label = "search"

    def ready(self) -> None:
        from lyceum.core import shell
        from lyceum.search import checks  # noqa: F401

        shell.search_with("search/_box.html")
        shell.add_script("search/box.js")
