from importlib import import_module

from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from guanxi.foundation import hooks


class FoundationConfig(AppConfig):
    name = "guanxi.foundation"
    label = "foundation"
    verbose_name = _("Foundation")

    def ready(self) -> None:
        import_module("guanxi.foundation.accounts")  # its signal receivers
        connection_created.connect(import_module("guanxi.foundation.logs").watch)
        connection_created.connect(import_module("guanxi.foundation.connections").prepare)
        # This app stands last among ours in INSTALLED_APPS, so that every model is there when the hooks are read.
        hooks.discover([config.name for config in apps.get_app_configs() if config.name.startswith("guanxi.")])
