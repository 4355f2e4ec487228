from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SampleConfig(AppConfig):
    name = "guanxi.sales.sample"
    label = "sales_sample"
    verbose_name = _("Made-up year of sales")
