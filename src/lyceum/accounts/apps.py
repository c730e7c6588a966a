from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "lyceum.accounts"
    label = "accounts"

    def ready(self) -> None:
        from lyceum.accounts import kept, privacy, scopes, search  # noqa: F401
        from lyceum.accounts.api import schema  # noqa: F401
