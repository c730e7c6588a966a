"""Serves the chat: `uvicorn bench.peers.channels.asgi:application`. As with the other peers, nobody is signed in."""

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.db import connection
from django.urls import re_path

django_application = get_asgi_application()

from .consumers import ChatConsumer  # noqa: E402  # models come after the setup

with connection.cursor() as cursor:
    cursor.execute("""create table if not exists peer_message (
        id uuid primary key, room text not null, content text not null, created_at timestamptz not null)""")

routes = [re_path(r"ws/chat/(?P<room_name>\w+)/$", ChatConsumer.as_asgi())]
application = ProtocolTypeRouter({"http": django_application, "websocket": URLRouter(routes)})
