"""The addresses of operations."""

from django.urls import path

from guanxi.operations import metrics, views

app_name = "operations"
urlpatterns = [
    path("metrics", metrics.metrics, name="metrics"),
    path("status/", views.status, name="status"),
    path("backups/start/", views.start, name="start_backup"),
]
