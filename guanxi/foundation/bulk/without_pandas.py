"""Arrow without pandas, which it would load at the first array wherever it is installed: a second that nobody needs.

Arrow looks for pandas once in a process. It finds one too old to be used, leaves that alone, and asks no more; whoever
wants pandas later (`to_pandas`) still gets the real one.
"""

from __future__ import annotations

import sys
import warnings
from types import ModuleType


def settle() -> None:
    """Have Arrow look now, for the rest of the process. Does nothing where pandas is loaded already."""
    if "pandas" in sys.modules:
        return
    sys.modules["pandas"] = ModuleType("pandas")
    sys.modules["pandas"].__version__ = "0"  # type: ignore[attr-defined]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="pyarrow requires pandas")
            import pyarrow as pa

            pa.array([])
    finally:
        del sys.modules["pandas"]
