from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "guanxi.operations"
    label = "operations"
