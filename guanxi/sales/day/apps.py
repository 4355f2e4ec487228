from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DayConfig(AppConfig):
    name = "guanxi.sales.day"
    label = "day"
    verbose_name = _("My day")
