"""The web application as the web process serves it: one that ends with that process."""

from __future__ import annotations

import signal

from guanxi.project.server.parent import end_with_parent
from guanxi.project.wsgi import application

__all__ = ["application"]

end_with_parent(signal.SIGKILL)  # whoever would wait for an orderly end is gone
