from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lyceum.accounts import limit_profiles
from lyceum.accounts.models import User, email_key
from lyceum.core.errors import Invalid


class Command(BaseCommand):
    """Give a profile of limits to a person, by address, or with --group to a group, by name."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="an e-mail address, or with --group a group's name")
        parser.add_argument("profile", help="free, basic or premium")
        parser.add_argument("--group", action="store_true")

    def handle(self, *args: Any, name: str, profile: str, group: bool, **options: Any) -> None:
        try:
            if group:
                limit_profiles.give_to_group(Group.objects.get_or_create(name=name)[0], profile)
            else:
                limit_profiles.give_to_user(User.objects.get(email_key=email_key(name)), profile)
        except User.DoesNotExist as err:
            raise CommandError(f"Nobody has the address {name}.") from err
        except Invalid as err:
            raise CommandError(err.errors[0].detail) from err
        self.stdout.write(f"{name}: {profile}")
