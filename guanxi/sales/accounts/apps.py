from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "guanxi.sales.accounts"
    label = "account_plans"  # “account” is who logs in
    verbose_name = _("Account plans")
