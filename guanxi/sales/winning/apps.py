from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WinningConfig(AppConfig):
    name = "guanxi.sales.winning"
    label = "winning"
    verbose_name = _("Win score")
