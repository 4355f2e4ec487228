from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BulkChangesConfig(AppConfig):
    name = "guanxi.foundation.bulk_changes"
    label = "bulk_changes"
    verbose_name = _("Bulk changes")
