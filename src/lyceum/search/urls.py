from django.urls import path

from lyceum.search import views

app_name = "search"
urlpatterns = [
    path("", views.results, name="results"),
    path("instant/", views.instant, name="instant"),
]
