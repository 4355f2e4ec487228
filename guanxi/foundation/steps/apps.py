from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StepsConfig(AppConfig):
    name = "guanxi.foundation.steps"
    label = "steps"
    verbose_name = _("First steps")
