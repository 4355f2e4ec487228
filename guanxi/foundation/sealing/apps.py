from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def ensure(using: str, **kwargs: Any) -> None:
    """Triggers go with a table that a migration makes anew; put them back."""
    from guanxi.foundation.sealing import triggers

    triggers.ensure(using)


class SealingConfig(AppConfig):
    name = "guanxi.foundation.sealing"
    label = "sealing"
    verbose_name = _("Audit log")

    def ready(self) -> None:
        post_migrate.connect(ensure, sender=self, dispatch_uid="sealing.triggers")
