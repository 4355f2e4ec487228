from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuotingConfig(AppConfig):
    name = "guanxi.sales.quoting"
    label = "quoting"
    verbose_name = _("Quotes of deals")
