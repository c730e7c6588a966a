from django.db import models
from django.db.models.functions import Now


class PendingChange(models.Model):
    """A document that the index has yet to look at again, written in the transaction that changed it.

    Only which one: the indexer reads how it is now, so that rows may come twice and in any order.
    """

    kind = models.CharField(max_length=40)
    document_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id}"


class IndexBuild(models.Model):
    """An index that is to be built anew beside the one in use; the row is gone once they are switched."""

    kind = models.CharField(max_length=40, primary_key=True)
    asked_at = models.DateTimeField(db_default=Now())
    # How far it is: the highest id that a commit of the index holds, and the number of documents up to it.
    last_id = models.UUIDField(null=True)
    done = models.PositiveBigIntegerField(default=0, db_default=0)
    is_begun = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.done}"
