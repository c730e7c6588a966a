from lyceum.core.errors import Conflict, NotAllowed


class OwnersOnly(NotAllowed):
    code, title = "owners_only", "Only an owner of the group may do this."


class ClientIdReused(Conflict):
    code, title = "client_id_reused", "This client_id was used for another message."


class TooManyReactions(Conflict):
    title = "There are 20 different reactions on this message already."
