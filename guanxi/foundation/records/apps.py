from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "guanxi.foundation.records"
    label = "records"
