from django.urls import path

from guanxi.lake import views
from guanxi.lake.explore import views as explore

urlpatterns = [
    path("", views.today, name="today"),
    path("explore/", explore.explore, name="explore"),
    path("explore/file/<slug:shape>/", explore.download, name="explore_file"),
    path("explore/values/<slug:name>/", explore.values, name="explore_values"),
]
