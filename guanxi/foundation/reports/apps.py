from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "guanxi.foundation.reports"
    label = "reports"
