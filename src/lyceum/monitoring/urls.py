from django.urls import path

from lyceum.monitoring import views

app_name = "monitoring"
urlpatterns = [
    path("metrics", views.metrics, name="metrics"),
    path("operate/", views.operate, name="operate"),
]
