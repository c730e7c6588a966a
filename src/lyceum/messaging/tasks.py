from lyceum.core.jobs import schedule
from lyceum.messaging import services


@schedule("41 * * * *", "messaging.remove_ended")
def remove_ended(timestamp: int) -> None:
    services.remove_ended()
