from django.urls import path

from lyceum.search.api import views

urlpatterns = [path("all/", views.EverythingSearch.as_view())]
