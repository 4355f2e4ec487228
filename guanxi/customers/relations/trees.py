"""Trees of parties: who is above whom. Plain numbers; merges and imports may have left circles, so none is trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SHAPING = "customers.relationships"  # the lock under which trees are changed, by people and by imports
LONGEST = 1000  # links of one chain; beyond that something is wrong


@dataclass(frozen=True)
class Forest:
    """Numbers in trees: the tops in the order given, those directly beneath each, and where a circle was cut."""

    tops: list[int]
    beneath: dict[int, list[int]] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)  # they stand at the top although somebody is said to be above them

    def in_order(self) -> list[tuple[int, int]]:
        """Every number once with its depth, each before those beneath it."""
        waiting = [(number, 0) for number in reversed(self.tops)]
        found = []
        while waiting:
            number, depth = waiting.pop()
            found.append((number, depth))
            waiting += [(lower, depth + 1) for lower in reversed(self.beneath.get(number, []))]
        return found


def forest(above: Mapping[int, int | None]) -> Forest:
    """The trees of who is above whom. One whose superior is not among them stands at the top; circles are cut."""
    cut = _cuts(above)
    tops, beneath = [], dict[int, list[int]]()
    for number, superior in above.items():
        if superior is None or superior not in above or number in cut:
            tops.append(number)
        else:
            beneath.setdefault(superior, []).append(number)
    return Forest(tops, beneath, cut)


def _cuts(above: Mapping[int, int | None]) -> set[int]:
    """One number of each circle: the smallest."""
    settled: set[int] = set()
    cuts = set()
    for start in above:
        path: dict[int, None] = {}
        number: int | None = start
        while number is not None and number in above and number not in settled and number not in path:
            path[number] = None
            number = above[number]
        if number in path:
            walked = list(path)
            cuts.add(min(walked[walked.index(number) :]))
        settled |= path.keys()
    return cuts


def circle(number: int, superior: int, above: Callable[[int], int | None]) -> list[int]:
    """The path from `number` by `superior` back to `number`, where putting it there would close a circle; else empty.

    `above` tells who is above a number by now.
    """
    path, step = [number], superior
    while step is not None and len(path) < LONGEST:
        path.append(step)
        if step == number:
            return path
        if step in path[:-1]:  # an old circle further up, which is not of this making
            return []
        step = above(step)  # type: ignore[assignment]
    return []
