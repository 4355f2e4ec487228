"""A trained model: what each level of likeness is worth, as plain figures that can be kept as JSON."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy as _

from guanxi.customers.matching import blocking, comparing, relatives, training
from guanxi.customers.matching.columns import standard
from guanxi.customers.matching.comparing import BY_NAME, Field
from guanxi.customers.matching.errors import CannotMatch, said
from guanxi.customers.matching.preparing import prepared
from guanxi.customers.matching.scoring import Scorer

VERSION = 1
PAIRS_TO_LEARN = 600_000  # of the candidates, from which relatives are told from matches
Junk = Mapping[str, Iterable[str]]


@dataclass(frozen=True)
class Model:
    """How pairs are scored. `levels`: of each field the (m, u, h) of its levels, the strongest first."""

    levels: dict[str, list[tuple[float, float, float]]]
    frequencies: dict[str, dict[str, Any]]
    prior: float  # the share of matches among all pairs
    relatives: float  # the share of relatives
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def prior_bits(self) -> float:
        """The weight at which a pair starts."""
        return math.log2(self.prior / (1 - self.prior))

    @property
    def fields(self) -> list[Field]:
        return [BY_NAME[name] for name in self.levels]

    def to_dict(self) -> dict[str, Any]:
        """The model as lists, dicts and figures."""
        return {
            "version": VERSION,
            "levels": {name: [list(level) for level in levels] for name, levels in self.levels.items()},
            "frequencies": self.frequencies,
            "prior": self.prior,
            "relatives": self.relatives,
            "notes": self.notes,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Model:
        """The model that `to_dict` gave. Raises CannotMatch for one of another version of the comparisons."""
        levels = {name: [tuple(level) for level in levels] for name, levels in values.get("levels", {}).items()}
        fits = all(name in BY_NAME and len(levels[name]) == len(BY_NAME[name].levels) for name in levels)
        if values.get("version") != VERSION or not levels or not fits:
            raise CannotMatch(said(_("This model was made by another version; train it anew.")))
        return cls(levels, values["frequencies"], values["prior"], values["relatives"], values.get("notes", {}))

    @functools.cached_property
    def scorer(self) -> Scorer:
        """What scores, with its open connection."""
        weights = {name: [(m, u) for m, u, _h in levels] for name, levels in self.levels.items()}
        shares = {name: [(h, u) for _m, u, h in reversed(levels)] for name, levels in self.levels.items()}
        return Scorer(comparing.settings(self.fields, weights), {"odds": self.relatives, "levels": shares})

    def prepare(self, records: pa.Table, junk: Junk | None = None) -> pa.Table:
        """Records under our names as they are compared, with the frequency of their values."""
        return training.with_frequencies(prepared(records, junk), self.frequencies)

    def pairs(self, scored: pa.Table, ids: pa.Array) -> pa.Table:
        """Scored rows as pairs of ids."""
        total = np.asarray(scored["weight"].to_numpy() + self.prior_bits)
        columns: dict[str, Any] = {
            "id_l": ids.take(scored["l"].combine_chunks()),
            "id_r": ids.take(scored["r"].combine_chunks()),
            "probability": np.round(1 / (1 + 2.0 ** -np.clip(total, -200, 200)), 9),
            "match_weight": np.round(total, 6),
            "weight_prior": np.full(len(total), round(self.prior_bits, 6)),
        }
        for name in self.levels:
            columns[f"weight_{name}"] = np.round(scored[name].to_numpy(), 6)
            columns[f"level_{name}"] = scored[f"gamma_{name}"].to_numpy().astype(np.int8)
        columns["weight_relatives"] = np.round(scored["relatives"].to_numpy(), 6)
        return pa.table(columns)

    def score_pairs(self, records: pa.Table, pairs: pa.Table, mapping: Mapping[str, str] | None = None) -> pa.Table:
        """The pairs (`id_l`, `id_r`) of records with probability and weights, as `match` gives them, in their order.

        Raises CannotMatch where an id is not among the records.
        """
        known = standard(records, mapping)
        ids = known["id"].combine_chunks()
        sides = [pc.index_in(pairs[name].combine_chunks().cast(ids.type), value_set=ids) for name in ("id_l", "id_r")]
        for side, name in zip(sides, ("id_l", "id_r"), strict=True):
            if side.null_count:
                lost = pc.filter(pairs[name].combine_chunks(), pc.is_null(side))[0]
                raise CannotMatch(said(_("There is no record with the id %(id)s."), {"id": lost.as_py()}))
        left, right = (side.to_numpy(zero_copy_only=False).astype(np.int64) for side in sides)
        scored = self.scorer.score(self.prepare(known), left, right)
        return self.pairs(scored, ids)

    def recognise(
        self, record: pa.Table | Mapping[str, Any], candidates: pa.Table, junk: Junk | None = None
    ) -> pa.Table:
        """One new record against some candidates (found by `keys`): pairs as of `match`, the likeliest first.

        Both under our field names. `id_l` is the new record (null where it has none yet), `id_r` the candidate.
        """
        new = record if isinstance(record, pa.Table) else pa.Table.from_pylist([dict(record)])
        theirs = standard(candidates)
        both = _one_after_other(new, theirs)
        count = theirs.num_rows
        table = self.prepare(both, junk)
        scored = self.scorer.score_first(table)
        made = self.pairs(scored, pa.concat_arrays([pa.nulls(1, theirs["id"].type), theirs["id"].combine_chunks()]))
        if "id" in new.column_names:
            made = made.set_column(0, "id_l", pa.concat_arrays([_whole(new["id"])] * count or [pa.nulls(0)]))
        return made.sort_by([("match_weight", "descending")])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole


def _one_after_other(new: pa.Table, theirs: pa.Table) -> pa.Table:
    """The new record and below it the others, all columns of both."""
    first = standard(new.drop_columns(["id"]) if "id" in new.column_names else new)
    columns: dict[str, pa.ChunkedArray] = {}
    for name in dict.fromkeys([*first.column_names[1:], *theirs.column_names[1:]]):
        parts = [
            t[name] if name in t.column_names else pa.chunked_array([pa.nulls(t.num_rows, pa.string())])
            for t in (first, theirs)
        ]
        columns[name] = pa.chunked_array([chunk for part in parts for chunk in part.chunks], pa.string())
    return pa.table(columns)


def learn(parts: blocking.Parts, found: blocking.Candidates) -> Model:
    """The model of prepared records and their candidate pairs."""
    table, count = parts.table, parts.count
    fields = comparing.useful(table)
    if not fields:
        message = _("Nothing can be compared: every column is empty, or the same in all records.")
        raise CannotMatch(said(message))
    trained = training.train(parts, fields)
    known = training.frequencies(table)
    if trained.notes["method"] == "declared":
        classes = relatives.declared(fields, trained.weights, count)
        model = _model(classes, trained, known)
        return _small(model, table, found)
    step = max(1, math.ceil(len(found.left) / PAIRS_TO_LEARN))
    few = training.with_frequencies(table, known)
    scored = Scorer(comparing.settings(fields, trained.weights)).score(few, found.left[::step], found.right[::step])
    gammas = np.stack([scored[f"gamma_{one.name}"].to_numpy() for one in fields], 1)
    classes = relatives.learn(
        fields, trained.weights, gammas, len(found.left) / max(len(gammas), 1), count * (count - 1) / 2
    )
    return _model(classes, trained, known)


def _model(classes: relatives.Classes, trained: training.Trained, known: dict[str, dict[str, Any]]) -> Model:
    levels = {}
    for name, weights in trained.weights.items():
        m, h = classes.m[name][::-1], classes.h[name][::-1]
        levels[name] = [
            (float(max(m[place], u * relatives.LEAST_SHARE)), float(u), float(h[place]))
            for place, (_m, u) in enumerate(weights)
        ]
    return Model(levels, known, float(min(classes.matches, 0.5)), float(classes.relatives), trained.notes)


def _small(model: Model, table: pa.Table, found: blocking.Candidates) -> Model:
    """The model of a few records, its prior moved towards as many matches as there seem to be."""
    if not len(found.left):
        return model
    scored = model.scorer.score(training.with_frequencies(table, model.frequencies), found.left, found.right)
    weight, pairs, prior = scored["weight"].to_numpy(), table.num_rows * (table.num_rows - 1) / 2, model.prior
    for _round in range(5):
        chance = 1 / (1 + 2.0 ** -np.clip(weight + math.log2(prior / (1 - prior)), -200, 200))
        prior = min((chance.sum() + 1) / (pairs + 1 / model.prior), 0.3)
    return Model(model.levels, model.frequencies, float(prior), model.relatives, model.notes)
