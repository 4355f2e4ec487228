"""The web application as the web process serves it: one that ends with that process."""

from __future__ import annotations

import gc
import signal

from guanxi.foundation.parent import end_with_parent
from guanxi.project.wsgi import application

__all__ = ["application"]

end_with_parent(signal.SIGKILL)  # whoever would wait for an orderly end is gone

# What was loaded stays as long as the process does: the garbage collector need not go through it again and again.
gc.collect()
gc.freeze()
