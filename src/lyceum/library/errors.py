from lyceum.core.errors import Conflict


class StillUsed(Conflict):
    code, title = "library.still_used", "Books stand under this. Move them first."


class NotReviewable(Conflict):
    code, title = "library.not_reviewable", "This book is not out yet."
