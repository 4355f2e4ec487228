from django.urls import path

from guanxi.foundation.search import views

urlpatterns = [
    path("search/", views.results, name="search"),
    path("search/suggest/", views.suggest, name="search_suggest"),
]
