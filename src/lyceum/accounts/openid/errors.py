from lyceum.core.errors import Conflict, DomainError, NotAllowed, Unavailable


class ProviderDown(Unavailable):
    code, title = "provider_unavailable", "The sign-in provider does not answer as it should. Try again soon."


class Distrusted(DomainError):
    """What came back is not what was asked for; the reason goes to the log, not to who sent it."""

    code, title, status = "sign_in_distrusted", "This sign-in cannot be trusted. Begin again.", 400


class Declined(NotAllowed):
    code, title = "sign_in_declined", "You were not signed in there."


class AddressUnconfirmed(NotAllowed):
    code, title = "address_unconfirmed", "The provider has not confirmed your e-mail address."


class NotWelcome(NotAllowed):
    code, title = "not_welcome", "This workspace has no account for you."


class LinkFirst(Conflict):
    code, title = "link_first", "There is an account with your address already."


class LinkedElsewhere(Conflict):
    code, title = "linked_elsewhere", "This sign-in belongs to another account here."
