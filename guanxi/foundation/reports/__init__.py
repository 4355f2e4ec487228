"""Reports: one declaration becomes a page, a PDF and a mail to those who subscribe.

A package declares a report and hangs it on the door `report`::

    hooks.register("report", Report("today", _("Yesterday in brief"), "lake/today.html", today.context, Rhythm.DAILY))

This package knows nothing of what a report says.
"""

from guanxi.foundation.reports.declaration import Report, Rhythm, find, registered

__all__ = ["Report", "Rhythm", "find", "registered"]
