from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    name = "lyceum.realtime"
    label = "realtime"
