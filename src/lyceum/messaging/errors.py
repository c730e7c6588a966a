from lyceum.core.errors import Conflict, DomainError, NotAllowed


class OwnersOnly(NotAllowed):
    code, title = "owners_only", "Only an owner of the group may do this."


class ClientIdReused(Conflict):
    code, title = "client_id_reused", "This client_id was used for another message."


class TooManyReactions(Conflict):
    title = "There are 20 different reactions on this message already."


class TooManyUnsent(Conflict):
    title = "There are 50 files, or 250 MB, that were not sent yet. Send some of them, or wait a day."


class NotAllowedType(DomainError):
    code, title, status = "unsupported_media_type", "This kind of file cannot be sent.", 415
