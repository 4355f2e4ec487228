"""Which records are one person: pairs brought together so that nobody is joined to somebody who contradicts him.

Chains are the danger: A is like B, B is like C, and C is another person. So clusters grow by the evidence of all their
members (average linkage): two of them are joined where, field by field, the mean likeness over all pairs between them
still speaks for it. What contradicts (another date of birth, another given name) counts once for each pair of
independent witnesses, so that two well-attested persons stay two, whatever poor records lie between them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

WITNESSES = ("given_name", "date_of_birth", "national_id", "gender")  # what a person has only one of
MOST_WITNESSES = 6
MOST_TOGETHER = 300  # records that may hang together before weak links are cut
STEP = 2.0  # bits by which they are cut
UNKNOWN = -3.0  # bits for a pair that was not scored, where nothing but probabilities is known


@dataclass
class Scored:
    """Pairs of rows: weights of fields (bits; the last column is what belongs to no field), whether there was something
    to compare, which fields are witnesses, the weight at which each pair starts.
    """

    left: np.ndarray
    right: np.ndarray
    weights: np.ndarray
    told: np.ndarray
    witness: np.ndarray
    prior: float

    @property
    def total(self) -> np.ndarray:
        return np.asarray(self.prior + self.weights.sum(1))

    def where(self, chosen: np.ndarray) -> Scored:
        return Scored(
            self.left[chosen], self.right[chosen], self.weights[chosen], self.told[chosen], self.witness, self.prior
        )


def components(left: np.ndarray, right: np.ndarray, count: int) -> np.ndarray:
    """For each of `count` records the number of the group in which it hangs together with others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    links = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1])


def together(left: np.ndarray, right: np.ndarray, weight: np.ndarray, count: int, least: float = 0.0) -> np.ndarray:
    """`components` over pairs of at least some weight; groups that are too large lose their weakest links first."""
    chosen = weight >= least
    left, right, weight = left[chosen], right[chosen], weight[chosen]
    label = components(left, right, count)
    while True:
        large = np.bincount(label, minlength=1)[label] > MOST_TOGETHER
        if not large.any() or not len(left):
            return label
        least += STEP
        chosen = (weight >= least) | ~large[left]
        left, right, weight = left[chosen], right[chosen], weight[chosen]
        label = components(left, right, count)


def within(label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of rows that bear the same label."""
    order = np.argsort(label, kind="stable")
    sizes = np.bincount(label)
    starts = np.cumsum(sizes) - sizes
    left, right = [np.array([], np.int64)], [np.array([], np.int64)]
    for size in np.unique(sizes[sizes > 1]):
        members = np.sort(order[starts[sizes == size][:, None] + np.arange(size)], axis=1)
        one, two = np.triu_indices(size, 1)
        left.append(members[:, one].ravel())
        right.append(members[:, two].ravel())
    return np.concatenate(left), np.concatenate(right)


def grow(pairs: Scored, count: int, least: float) -> np.ndarray:
    """For each row the number of its cluster; clusters are joined while the evidence is at least so many bits."""
    total = pairs.total
    label = together(pairs.left, pairs.right, total, count, min(least, 0.0))
    inside = label[pairs.left] == label[pairs.right]
    sizes = np.bincount(label, minlength=count)
    good = np.bincount(label[pairs.left[inside]], total[inside] >= least, minlength=len(sizes))
    whole = good == sizes * (sizes - 1) / 2  # every pair of the group is good: nothing to decide
    result = np.where(whole[label], label, len(sizes) + np.arange(count))
    open_ = pairs.where(inside & ~whole[label[pairs.left]])
    if len(open_.left):
        _decide(open_, label, result, least)
    return np.unique(result, return_inverse=True)[1]


def _decide(pairs: Scored, label: np.ndarray, result: np.ndarray, least: float) -> None:
    group = label[pairs.left]
    order = np.argsort(group, kind="stable")
    pairs, group = pairs.where(order), group[order]
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(group)], strict=True):
        rows, place = np.unique(np.r_[pairs.left[start:end], pairs.right[start:end]], return_inverse=True)
        left, right = place[: end - start], place[end - start :]
        owner = _Group(len(rows), left, right, pairs.weights[start:end], pairs.told[start:end], pairs).join(least)
        result[rows] = result[rows[owner]]


class _Group:
    """Some records that hang together, and the likeness of each two of them."""

    def __init__(
        self, count: int, left: np.ndarray, right: np.ndarray, weights: np.ndarray, told: np.ndarray, pairs: Scored
    ) -> None:
        fields = weights.shape[1]
        self.sums, self.times = np.zeros((count, count, fields)), np.zeros((count, count, fields))
        self.sums[left, right] = self.sums[right, left] = weights
        self.times[left, right] = self.times[right, left] = told
        said = np.zeros((count, fields), bool)
        np.logical_or.at(said, left, told)
        np.logical_or.at(said, right, told)
        self.witnesses = said.astype(float)
        self.owner = np.arange(count)
        self.pairs = pairs

    def evidence(self, one: int) -> np.ndarray:
        """For joining this cluster with each other one, in bits."""
        mean = self.sums[one] / np.maximum(self.times[one], 1)
        often = np.clip(np.minimum(self.witnesses[one], self.witnesses), 1, MOST_WITNESSES)
        return np.asarray(self.pairs.prior + (mean * np.where((mean < 0) & self.pairs.witness, often, 1)).sum(1))

    def join(self, least: float) -> np.ndarray:
        """Join the likeliest two until none is likely; for each record the one that stands for its cluster."""
        count = len(self.owner)
        score = np.stack([self.evidence(one) for one in range(count)])
        np.fill_diagonal(score, -np.inf)
        gone = np.zeros(count, bool)
        while True:
            one, two = divmod(int(score.argmax()), count)
            if score[one, two] < least:
                return self.owner
            self.sums[one] += self.sums[two]
            self.times[one] += self.times[two]
            self.sums[:, one], self.times[:, one] = self.sums[one], self.times[one]
            self.witnesses[one] += self.witnesses[two]
            self.owner[self.owner == two] = one
            gone[two] = True
            score[two], score[:, two] = -np.inf, -np.inf
            new = self.evidence(one)
            new[gone] = -np.inf
            new[one] = -np.inf
            score[one], score[:, one] = new, new


# Pairs as a table ---------------------------------------------------------------------------------------------------


def bits(probability: np.ndarray | float) -> np.ndarray:
    """A probability as a weight."""
    chance = np.clip(np.asarray(probability, float), 1e-12, 1 - 1e-12)
    return np.asarray(np.log2(chance / (1 - chance)))


def cluster(pairs: pa.Table, threshold: float = 0.5, ids: pa.Array | pa.ChunkedArray | None = None) -> pa.Table:
    """`id`, `cluster` (the least id of its members) for the pairs of `match`, clusters joined down to a probability.

    `ids`: all records, so that those without a pair are there too, each alone. Pairs may also come from elsewhere with
    nothing but `id_l`, `id_r` and `probability`.
    """
    known = _ids(pairs, ids)
    left, right = (
        pc.index_in(pairs[name].combine_chunks().cast(known.type), value_set=known) for name in ("id_l", "id_r")
    )
    scored = read(pairs, left.to_numpy(zero_copy_only=False), right.to_numpy(zero_copy_only=False), len(known))
    label = grow(scored, len(known), float(bits(threshold)))
    first = np.full(label.max(initial=-1) + 1, len(known), np.int64)
    np.minimum.at(first, label, np.arange(len(known)))  # ids are in order, so the first is the least
    return pa.table({"id": known, "cluster": known.take(pa.array(first[label]))})


def _ids(pairs: pa.Table, ids: pa.Array | pa.ChunkedArray | None) -> pa.Array:
    """All ids in their order, each once."""
    if ids is None:
        ids = pa.chunked_array([*pairs["id_l"].chunks, *pairs["id_r"].chunks], pairs["id_l"].type)
    distinct = pc.unique(ids)
    return distinct.take(pc.sort_indices(distinct))


def read(pairs: pa.Table, left: np.ndarray, right: np.ndarray, count: int) -> Scored:
    """A table of pairs as arrays; left and right are rows."""
    names = [name.removeprefix("level_") for name in pairs.column_names if name.startswith("level_")]
    if names:
        weights = [pairs[f"weight_{name}"].to_numpy() for name in names] + [pairs["weight_relatives"].to_numpy()]
        told = [pairs[f"level_{name}"].to_numpy() >= 0 for name in names] + [np.ones(len(left), bool)]
        prior = float(pairs["weight_prior"][0].as_py()) if len(left) else 0.0
        witness = np.array([name in WITNESSES for name in names] + [False])
        return Scored(left, right, np.stack(weights, 1), np.stack(told, 1), witness, prior)
    weight = bits(pairs["probability"].to_numpy())
    group = together(left, right, weight, count)
    one, two = within(group)  # pairs that nobody scored count a little against joining
    code, there = one * count + two, np.minimum(left, right) * count + np.maximum(left, right)
    missing = ~np.isin(code, there)
    weights = np.r_[weight, np.full(missing.sum(), UNKNOWN)][:, None]
    left, right = np.r_[left, one[missing]], np.r_[right, two[missing]]
    return Scored(left, right, weights, np.ones(weights.shape, bool), np.array([False]), 0.0)
