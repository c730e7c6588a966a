from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "lyceum.library"
    label = "library"

    def ready(self) -> None:
        from lyceum.library import index, kept, privacy, scopes  # noqa: F401
        from lyceum.library.orders import kept as orders_kept  # noqa: F401
        from lyceum.library.orders import privacy as orders_privacy  # noqa: F401
        from lyceum.library.orders import receivers as order_receivers  # noqa: F401
        from lyceum.library.recommendations import kept as recommendations_kept  # noqa: F401
        from lyceum.library.recommendations import privacy as recommendations_privacy  # noqa: F401
        from lyceum.library.recommendations import receivers as recommendation_receivers  # noqa: F401
        from lyceum.search import public as search

        search.declare(index.DECLARATION)
        search.show(index.SECTION)
