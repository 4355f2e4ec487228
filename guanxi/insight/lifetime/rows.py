"""What a customer's purchases come down to for a model: checked, and each distinct row once with its weight.

The likelihoods of the purchase models are `shared(x) * (left(x, T) + right(x, t_x))`. So what is costly is computed for
the distinct pairs (x, T) and (x, t_x) only, and a row is one addition of two of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from guanxi.insight.lifetime.errors import BadData

Array: TypeAlias = NDArray[Any]  # of float64, but for indices
Integers: TypeAlias = NDArray[np.int64]


# Checks -----------------------------------------------------------------------------------------------------------


def column(name: str, values: ArrayLike) -> Array:
    """One argument as numbers. Raises BadData where it holds something else, nothing, or less than zero."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadData(name, f"is not a column of numbers ({error})") from None
    if array.size and not array.min() >= 0:  # nan compares false
        refuse(name, ~(array >= 0), "must be a number and not negative", array)
    if array.size and array.max() == np.inf:
        refuse(name, array == np.inf, "must be finite", array)
    return array


def refuse(name: str, wrong: NDArray[np.bool_], what: str, values: Array) -> None:
    """Raise BadData for the first wrong row, if there is one."""
    if wrong.any():
        row = int(np.argmax(wrong.ravel()))
        raise BadData(name, f"{what} (is {values.ravel()[row]:g})", row)


def whole(name: str, values: ArrayLike) -> Array:
    """One argument as whole numbers."""
    array = column(name, values)
    refuse(name, array != np.rint(array), "must be a whole number", array)
    return array


def alike(**columns: Array) -> tuple[Array, ...]:
    """Columns for a fit: one-dimensional, equally long, not empty."""
    (first, size), *others = [(name, values.shape) for name, values in columns.items()]
    if len(size) != 1:
        raise BadData(first, "must be one column")
    for name, other in others:
        if other != size:
            raise BadData(name, f"has shape {other}, but {first} has {size}")
    if not size[0]:
        raise BadData(first, "is empty: there are no customers")
    return tuple(columns.values())


def weights(weight: ArrayLike | None, size: int) -> Array | None:
    """The weights of rows, or None where each counts once."""
    if weight is None:
        return None
    array = column("weight", weight)
    if array.shape != (size,):
        raise BadData("weight", f"has shape {array.shape}, but there are {size} rows")
    if not array.sum() > 0:
        raise BadData("weight", "is zero for every row")
    return array


def history(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, last: str = "T") -> tuple[Array, Array, Array]:  # noqa: N803
    """Repeat purchases, time of the last one, time watched: checked against each other; of any shapes that agree."""
    x, t_x, T = whole("x", x), column("t_x", t_x), column(last, T)  # noqa: N806
    refuse("t_x", t_x > T, f"must not be later than {last}", np.broadcast_arrays(t_x, T)[0])
    bought = x > 0
    if (bought != (t_x > 0)).any():
        every = np.broadcast_arrays(t_x, x)[0]
        refuse("t_x", bought & (t_x == 0), "must be later than 0 where x is not 0", every)
        refuse("t_x", ~bought & (t_x > 0), "must be 0 where x is 0", every)
    return x, t_x, T


# Distinct rows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Purchases:
    """Distinct rows (x, t_x, T) with weights, in order of (x, T, t_x), and the pairs they are made of."""

    x_values: Array
    x_weight: Array
    left_x: Integers  # positions in x_values
    left_time: Array
    left_weight: Array
    left_start: Integers  # the first row of each left pair; rows of one pair stand together
    right_x: Integers
    right_time: Array
    right: Integers  # of each row, its right pair
    weight: Array

    @property
    def total(self) -> float:
        """How many customers these are."""
        return float(self.weight.sum())

    @property
    def repeats(self) -> float:
        """How many repeat purchases these are."""
        return float(self.x_values @ self.x_weight)

    def scaled(self, factor: float) -> Purchases:
        """The same in another unit of time."""
        return replace(self, left_time=self.left_time * factor, right_time=self.right_time * factor)

    def rows(self) -> tuple[Array, Array, Array, Array]:
        """The columns x, t_x, T and weight."""
        sizes = np.diff(self.left_start, append=len(self.weight))
        x = np.repeat(self.x_values[self.left_x], sizes)
        return x, self.right_time[self.right], np.repeat(self.left_time, sizes), self.weight

    def sample(self, size: int) -> Purchases:
        """About `size` customers, evenly out of all in their order; itself where there are not more."""
        if self.total <= size:
            return self
        x, t_x, T, weight = self.rows()  # noqa: N806
        reached = np.cumsum(weight)
        marks = np.ceil(reached / reached[-1] * size - 0.5)
        taken = np.diff(marks, prepend=0.0)
        kept = taken > 0
        return distinct(x[kept], t_x[kept], T[kept], taken[kept])


def distinct(x: Array, t_x: Array, T: Array, weight: Array | None) -> Purchases:  # noqa: N803
    """Each distinct row once, with the sum of its weights. The columns must have been checked."""
    (x_values, x_code), (T_values, T_code), (t_values, t_code) = coded(x), coded(T), coded(t_x)  # noqa: N806
    if len(x_values) * len(T_values) * len(t_values) < 2**62:
        key = (x_code * len(T_values) + T_code) * len(t_values) + t_code
        key, weight = summed(key, weight)
        rest, t_code = np.divmod(key, len(t_values))
        x_code, T_code = np.divmod(rest, len(T_values))  # noqa: N806
    else:  # so many distinct times that hardly two rows are the same
        order = np.lexsort((t_code, T_code, x_code))
        x_code, T_code, t_code = x_code[order], T_code[order], t_code[order]  # noqa: N806
        weight = np.ones(len(x)) if weight is None else weight[order]
    left_key = x_code * len(T_values) + T_code
    left_start = np.flatnonzero(np.diff(left_key, prepend=-1))
    right_keys, right = coded_integers(x_code * len(t_values) + t_code)
    return Purchases(
        x_values,
        np.bincount(x_code, weight, len(x_values)),
        x_code[left_start],
        T_values[T_code[left_start]],
        np.add.reduceat(weight, left_start),
        left_start,
        right_keys // len(t_values),
        t_values[right_keys % len(t_values)],
        right,
        weight,
    )


def coded(values: Array) -> tuple[Array, Integers]:
    """The distinct values in order, and of each row the position of its own."""
    top = values.max(initial=0.0)
    if top < 1_000_000:
        integers = values.astype(np.int64)
        if np.array_equal(integers, values):
            found, code = coded_integers(integers)
            return found.astype(np.float64), code
    found = np.sort(np.unique(values))
    return found, np.searchsorted(found, values).astype(np.int64)


def coded_integers(values: Integers) -> tuple[Integers, Integers]:
    """The same for whole numbers, without sorting where a table of them all is small."""
    top = int(values.max(initial=0))
    if top > max(4 * len(values), 100_000):
        found, code = np.unique(values, return_inverse=True)
        return found, code.astype(np.int64)
    present = np.zeros(top + 1, dtype=np.int64)
    present[values] = 1
    return np.flatnonzero(present), (np.cumsum(present) - 1)[values]


def summed(key: Integers, weight: Array | None) -> tuple[Integers, Array]:
    """The distinct keys in order, with how often each comes or the sum of its weights."""
    if weight is None:
        key = np.sort(key)
        start = np.flatnonzero(np.diff(key, prepend=-1))
        return key[start], np.diff(start, append=len(key)).astype(np.float64)
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    return key[start], np.add.reduceat(weight[order], start)
