from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RolesConfig(AppConfig):
    name = "guanxi.foundation.roles"
    label = "roles"
    verbose_name = _("Roles")

    def ready(self) -> None:
        import_module("guanxi.foundation.roles.guarding")  # its signal receivers
