from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class DeskConfig(AppConfig):
    name = "guanxi.foundation.desk"
    label = "desk"
    verbose_name = _("Desk")

    def ready(self) -> None:
        from guanxi.foundation.desk.checks import check_desks

        checks.register(check_desks)
