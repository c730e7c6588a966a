"""The chat of Channels' tutorial, which stores each message with the ORM. STORE: none or each."""

import json
import os
import uuid
from datetime import UTC, datetime

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from .models import Message

STORE = os.environ["STORE"]


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        self.room_name = self.scope["url_route"]["kwargs"]["room_name"]
        self.room_group_name = f"chat_{self.room_name}"
        self.sender = {"id": str(uuid.uuid4()), "name": "Somebody Tester", "kind": "user", "avatar": None}
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code):
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def receive(self, text_data):
        message = self.described(json.loads(text_data)["message"])
        if STORE == "each":
            await self.store(message)
        await self.channel_layer.group_send(self.room_group_name, {"type": "chat.message", "message": message})

    async def chat_message(self, event):
        await self.send(text_data=json.dumps({"type": "message", "message": event["message"]}))

    def described(self, text):
        """Return a message as long as those of the other servers."""
        return {
            "id": str(uuid.uuid4()),
            "room": self.room_name,
            "sequence": 1,
            "client_id": None,
            "sender": self.sender,
            "message_type": "user",
            "content": text,
            "timestamp": datetime.now(UTC).isoformat(),
            "reply_to": None,
            "thread": None,
            "attachments": [],
            "reactions": [],
            "edited_at": None,
            "deleted": False,
            "metadata": {},
        }

    @database_sync_to_async
    def store(self, message):
        Message.objects.create(id=message["id"], room=message["room"], content=message["content"])
