from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "bench.peers.channels"
    label = "chat"
