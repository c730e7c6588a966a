from uuid import UUID

from lyceum.core.jobs import job, schedule
from lyceum.messaging import services, telling


@schedule("41 * * * *", "messaging.remove_ended")
def remove_ended(timestamp: int) -> None:
    services.remove_ended()


@schedule("* * * * * */5", "messaging.tell")
def tell(timestamp: int) -> None:
    telling.tell()


@job("messaging.push")
def push(device_id: str, user_id: str, conversation_id: str, sequence: int) -> None:
    telling.push(UUID(device_id), user_id=UUID(user_id), conversation_id=UUID(conversation_id), sequence=sequence)
