"""The addresses of the tasks' screen beyond the desk's own."""

from django.urls import path

from guanxi.foundation.tasks import views

app_name = "tasks"
urlpatterns = [
    path("tasks/<int:pk>/state/", views.state, name="state"),
    path("tasks/<int:pk>/progress/", views.panel, name="panel"),
    path("tasks/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("tasks/<int:pk>/retry/", views.retry, name="retry"),
]
