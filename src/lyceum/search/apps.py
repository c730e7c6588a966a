from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "lyceum.search"
    label = "search"
