"""What a customer's purchases come down to for a model: checked, and each distinct row once with its weight.

The likelihoods of the purchase models are `shared(x) * (left(x, T) + right(x, t_x))`. So what is costly is computed for
the distinct pairs (x, T) and (x, t_x) only, and a row is one addition of two such values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from guanxi.insight.lifetime.errors import BadData

Array: TypeAlias = NDArray[Any]  # of float64, but for indices
Integers: TypeAlias = NDArray[np.signedinteger[Any]]

FINE = 5_000  # distinct times beyond which time is taken to flow
STEP, NEIGHBOURS = 0.1, 8  # of the interpolation in ln(start + time)


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


def history(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, last: str = "T") -> tuple[Array, Array, Array]:
    """Repeat purchases, time of the last one, time watched: checked against each other; of any shapes that agree."""
    x, t_x, T = whole("x", x), column("t_x", t_x), column(last, T)
    for name, other in (("t_x", t_x), (last, T)):
        try:
            np.broadcast_shapes(x.shape, t_x.shape, other.shape)
        except ValueError:
            raise BadData(name, f"has shape {other.shape}, but x has {x.shape}") from None
    refuse("t_x", t_x > T, f"must not be later than {last}", np.broadcast_arrays(t_x, T)[0])
    bought = x > 0
    if (bought != (t_x > 0)).any():
        every = np.broadcast_arrays(t_x, x)[0]
        refuse("t_x", bought & (t_x == 0), "must be later than 0 where x is not 0", every)
        refuse("t_x", ~bought & (t_x > 0), "must be 0 where x is 0", every)
    return x, t_x, T


# Distinct rows ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Places:
    """Where a function of (x, time) has to be known, and how its values there make up its value at each row."""

    x: Array
    time: Array
    blend: sparse.csr_array  # (rows, places): a single one, or the weights of an interpolation

    def scaled(self, factor: float) -> Places:
        """The same in another unit of time."""
        return Places(self.x, self.time * factor, self.blend)


@dataclass(frozen=True)
class Purchases:
    """Rows x, t_x, T, weight; each distinct one once, where time is counted in days, weeks or the like."""

    x: Array
    t_x: Array
    T: Array
    weight: Array

    @property
    def total(self) -> float:
        """How many customers these are."""
        return float(self.weight.sum())

    @property
    def repeats(self) -> float:
        """How many repeat purchases these are."""
        return float(self.x @ self.weight)

    @property
    def mean_time(self) -> float:
        """How long a customer has been watched in the mean."""
        return float(self.T @ self.weight) / self.total

    def scaled(self, factor: float) -> Purchases:
        """The same in another unit of time."""
        return Purchases(self.x, self.t_x * factor, self.T * factor, self.weight)

    def sample(self, size: int) -> Purchases:
        """About `size` customers, evenly out of all in their order; itself where there are not more."""
        if self.total <= size:
            return self
        reached = np.cumsum(self.weight)
        marks = np.ceil(reached / reached[-1] * size - 0.5)
        taken = np.diff(marks, prepend=0.0)
        kept = taken > 0
        return Purchases(self.x[kept], self.t_x[kept], self.T[kept], taken[kept])


def distinct(x: Array, t_x: Array, T: Array, weight: Array | None) -> Purchases:
    """Each distinct row once, in order of (x, T, t_x), with the sum of its weights. The columns must be checked.

    Where time flows so finely that hardly two customers are the same, the rows stay as they are.
    """
    (T_values, T_code), (t_values, t_code) = ticks(T), ticks(t_x)
    if T_code is None or t_code is None:
        return Purchases(x, t_x, T, np.ones(len(x)) if weight is None else weight)
    x_values, x_code = coded(x)
    key, weight = summed((x_code * len(T_values) + T_code) * len(t_values) + t_code, weight)
    rest, t_code = np.divmod(key, len(t_values))
    x_code, T_code = np.divmod(rest, len(T_values))
    return Purchases(x_values[x_code], t_values[t_code], T_values[T_code], weight)


def places(x: Array, time: Array) -> Places:
    """Where a smooth function of (x, time) has to be computed so that it is known at each row.

    At each distinct pair; or, where those are too many, on a grid in time for each x, from which eight neighbours give
    the value at a row to about eleven digits.
    """
    x_values, x_code = coded(x)
    times, code = ticks(time)
    size = len(x)
    if code is not None:
        pairs, place = coded_integers(x_code * len(times) + code)
        blend = sparse.csr_array((np.ones(size), place, np.arange(size + 1)), shape=(size, len(pairs)))
        return Places(x_values[pairs // len(times)], times[pairs % len(times)], blend)
    start = times[-1] * 1e-4
    steps = np.log1p(time / start) / STEP
    count = int(steps.max()) + NEIGHBOURS
    first = np.clip(steps.astype(np.int64) - NEIGHBOURS // 2 + 1, 0, count - NEIGHBOURS)
    cells, cell = coded_integers(x_code * count + first)
    nodes = np.unique(cells[:, None] + np.arange(NEIGHBOURS))
    place = np.searchsorted(nodes, cells).astype(np.int32)[cell]
    blend = sparse.csr_array(
        (
            lagrange(steps - first).ravel(),
            (place[:, None] + np.arange(NEIGHBOURS, dtype=np.int32)).ravel(),
            np.arange(0, NEIGHBOURS * size + 1, NEIGHBOURS),
        ),
        shape=(size, len(nodes)),
    )
    return Places(x_values[nodes // count], start * np.expm1(STEP * (nodes % count)), blend)


def lagrange(at: Array) -> Array:
    """The weights of the nodes 0, 1, 2 … in the polynomial through them, at places between them."""
    nodes = np.arange(NEIGHBOURS, dtype=np.float64)
    apart = at - nodes[:, None]
    below, above = np.ones_like(apart), np.ones_like(apart)
    for node in range(1, NEIGHBOURS):
        np.multiply(below[node - 1], apart[node - 1], out=below[node])
        np.multiply(above[-node], apart[-node], out=above[-node - 1])
    below *= above
    scale = [np.prod(node - nodes[nodes != node]) for node in nodes]
    below /= np.asarray(scale)[:, None]
    return np.ascontiguousarray(below.T)


def coded(values: Array) -> tuple[Array, Integers]:
    """The distinct values in order, and of each row the position of its own."""
    if values.max(initial=0.0) < 1_000_000:
        integers = values.astype(np.int64)
        if np.array_equal(integers, values):
            found, code = coded_integers(integers)
            return found.astype(np.float64), code
    found = np.unique(values)
    return found, np.searchsorted(found, values).astype(np.int64)


def ticks(times: Array) -> tuple[Array, Integers | None]:
    """The distinct times in order, and of each row the position of its own; None where time is taken to flow."""
    some = np.unique(times[: 4 * FINE])
    if len(some) > FINE:
        return np.array([times.min(), times.max()]), None
    found, code = coded(times)
    return (found, code) if len(found) <= FINE else (found, None)


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
