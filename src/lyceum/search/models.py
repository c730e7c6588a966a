from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from pgvector.django import HalfVectorField


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


class VectorModel(models.Model):
    """A model whose vectors are kept: the one that is asked, and beside it one that is to take its place."""

    name = models.CharField(max_length=200, primary_key=True)
    # 0 until the model has said it.
    size = models.PositiveIntegerField(default=0, db_default=0)
    is_serving = models.BooleanField(default=False, db_default=False)
    asked_at = models.DateTimeField(db_default=Now())
    switched_at = models.DateTimeField(null=True)
    # What was walked through whole, by kind: the fields that its texts are made of.
    walked = models.JSONField(default=dict, db_default={})
    # The job that works on it now, or did last.
    job = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_serving"], condition=Q(is_serving=True), name="search_one_model_serves"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Meaning(models.Model):
    """What a document means to one model; the vector is stale while the hash of its text is not the wanted one.

    `values` are what filters compare, so that who may see it, and what it is narrowed by, stands inside each query.
    """

    kind = models.CharField(max_length=40)
    document_id = models.UUIDField()
    model = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    vector = HalfVectorField(null=True)
    text_hash = models.CharField(max_length=32, default="", db_default="")
    wanted_hash = models.CharField(max_length=32)
    values = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "document_id", "model"], name="search_one_meaning_a_model"),
        ]
        indexes = [
            models.Index(fields=["model", "id"], condition=~Q(text_hash=F("wanted_hash")), name="search_stale_meaning"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id} by {self.model}"
