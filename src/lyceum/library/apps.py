from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "lyceum.library"
    label = "library"
