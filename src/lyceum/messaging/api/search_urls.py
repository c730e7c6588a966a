from django.urls import path

from lyceum.messaging.api import search_views

urlpatterns = [path("messages/", search_views.MessageSearch.as_view())]
