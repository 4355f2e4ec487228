"""The doors through which a higher floor, or a third-party package, adds to a lower one.

A lower floor names a door and asks for what hangs there; a higher floor registers a value, in its `hooks.py`, which is
imported once all apps are ready::

    @hooks.register("party_panel", order=20)
    def purchases(party, viewer): ...

    for panel in hooks.get("party_panel"): ...
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, TypeVar, overload

T = TypeVar("T")

_registry: dict[str, list[tuple[int, int, Any]]] = defaultdict(list)
_sequence = 0


@overload
def register(name: str, *, order: int = 100) -> Callable[[T], T]: ...


@overload
def register(name: str, value: T, *, order: int = 100) -> T: ...


def register(name: str, value: Any = None, *, order: int = 100) -> Any:
    """Hang `value` on the door `name`; without a value, act as a decorator. Lower `order` comes first."""
    if value is None:

        def decorator(decorated: T) -> T:
            _add(name, decorated, order)
            return decorated

        return decorator
    _add(name, value, order)
    return value


def get(name: str) -> list[Any]:
    """All that hangs on the door `name`, in order."""
    return [value for _, _, value in _registry[name]]


@contextmanager
def registered(name: str, value: Any, *, order: int = 100) -> Iterator[None]:
    """Register for the length of a `with` block (tests)."""
    _add(name, value, order)
    try:
        yield
    finally:
        _registry[name] = [entry for entry in _registry[name] if entry[2] is not value]


def discover(packages: list[str]) -> None:
    """Import the `hooks` module of each package that has one, then the entry points of the group `guanxi.apps`."""
    for package in packages:
        if find_spec(f"{package}.hooks") and package != "guanxi.foundation":
            import_module(f"{package}.hooks")
    for entry in entry_points(group="guanxi.apps"):
        loaded: Callable[[], None] | Any = entry.load()
        if callable(loaded):
            loaded()


def _add(name: str, value: Any, order: int) -> None:
    global _sequence
    _sequence += 1
    _registry[name].append((order, _sequence, value))
    _registry[name].sort(key=lambda entry: entry[:2])
