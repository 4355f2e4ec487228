"""What the project hangs into lower floors."""

from django.conf import settings

from guanxi.foundation import hooks
from guanxi.project import home


@hooks.register("sample_removed")
def free_today() -> None:
    """The demonstration's day is over: at the next start, today is today."""
    home.forget(settings.GUANXI_HOME, "today", "demo")
