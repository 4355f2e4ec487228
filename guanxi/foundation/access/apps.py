from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccessConfig(AppConfig):
    name = "guanxi.foundation.access"
    label = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        import_module("guanxi.foundation.access.noting")  # its signal receivers
