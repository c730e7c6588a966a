from django.contrib.admin.apps import AdminConfig


class OwnAdmin(AdminConfig):
    """Django's admin with our own door."""

    default_site = "lyceum.accounts.admin_site.Site"
