from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "guanxi.foundation.api"
    label = "api"
