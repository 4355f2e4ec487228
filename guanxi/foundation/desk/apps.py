from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "guanxi.foundation.desk"
    label = "desk"
