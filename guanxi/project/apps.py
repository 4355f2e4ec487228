from importlib import import_module

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "guanxi.project"
    label = "project"

    def ready(self) -> None:
        import_module("guanxi.project.deployment")  # its checks
