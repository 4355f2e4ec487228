from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "guanxi.project"
    label = "project"
