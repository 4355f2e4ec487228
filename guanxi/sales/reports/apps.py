from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesReportsConfig(AppConfig):
    name = "guanxi.sales.reports"
    label = "sales_reports"
    verbose_name = _("Sales reports")
