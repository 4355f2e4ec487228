from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "guanxi.foundation.tasks"
    label = "tasks"
