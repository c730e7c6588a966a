import structlog

from lyceum.core.jobs import schedule
from lyceum.library.recommendations import showings, versions

log = structlog.get_logger("lyceum.recommendations")


@schedule("0 2 * * *", "library.train_recommendations")
def train_recommendations(timestamp: int) -> None:
    made = versions.train()
    log.info("recommender_trained", model=made.label, **made.figures)


@schedule("* * * * * */10", "library.record_showings")
def record_showings(timestamp: int) -> None:
    showings.record_waiting()


@schedule("41 3 * * *", "library.forget_old_showings")
def forget_old_showings(timestamp: int) -> None:
    showings.forget_old()
