from lyceum.core.jobs import job, schedule
from lyceum.search.vectors import embedding


@job(embedding.JOB)
def embed() -> None:
    if embedding.advance():
        embedding.go_on()


@schedule("* * * * *", "search.keep_embedded")
def keep_embedded(timestamp: int) -> None:
    embedding.start()
