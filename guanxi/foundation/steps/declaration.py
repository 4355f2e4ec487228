"""What a first step is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from guanxi.foundation import hooks
from guanxi.foundation.visibility import Viewer


@dataclass(frozen=True)
class Step:
    """One thing to set up: done once for the installation, or (`personal`) by each person for himself.

    `done` is one cheap question; `url` is a path or the name of an address, `when` says whether the step is one for
    this viewer at all. A step without `done` is done when somebody says so on its page.
    """

    slug: str
    label: Any
    words: Any
    url: str
    icon: str
    done: Callable[[Viewer], bool] | None = None
    personal: bool = False
    when: Callable[[Viewer], bool] = lambda viewer: True


def all() -> list[Step]:  # noqa: A001  read as declaration.all()
    """Every step, in order."""
    return hooks.get("first_step")
