from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "lyceum.monitoring"
    label = "monitoring"
