"""Cookie sessions as rows that people can see and end."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from lyceum.accounts.models import Session


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        known = Session.objects.filter(pk=self.session_key).first() if self.session_key else None
        row: Any = super().create_model_instance(data)
        row.user_id = data.get("_auth_user_id")
        row.address, row.user_agent = data.get("address", ""), data.get("user_agent", "")
        if known is not None:
            row.public_id, row.created_at = known.public_id, known.created_at
        return row
