"""Finding those who may be one: the few that changed, at once; all of them, now and then.

What is surer than the upper threshold is merged, what lies between the two waits for people, what is less likely is
kept for the settings page, which tells what other thresholds would do.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from guanxi.customers import matching
from guanxi.customers.actions import matching as deciding
from guanxi.customers.actions.matching import UNDECIDED, Found
from guanxi.customers.identity import index, records
from guanxi.customers.models import MatchingSettings, MatchPair, Party
from guanxi.foundation import bulk
from guanxi.foundation.actions import Refused
from guanxi.foundation.tasks import progress
from guanxi.foundation.visibility import SYSTEM, Viewer

WEIGHT = "weight_"
MOST_AT_HAND = 5_000  # parties from which likeness is learned at once; of more in the background
KEPT_FROM = 0.2  # probability from which a pair is kept at all
BUCKETS = [0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0]
SAMPLES = 3
BESIDE_THE_NAME = ("mail", "telephone", "date_of_birth", "national_id", "address", "company")
NO_FIELDS = ("prior", "relatives")
FOUNDED, AGAINST = 6.0, -3.0  # bits
STEPS = 6


def look_at(parties: Collection[int], *, by: Viewer) -> int:
    """Compare some parties with all others, by what is known of them now; how many new pairs may be one."""
    return sum(_look_at(parties, kind, by) for kind in records.KINDS)


def _look_at(parties: Collection[int], kind: str, by: Viewer) -> int:
    mine = records.records_of(parties, kind)
    if not mine.num_rows:
        return 0
    keys = index.keys_of(mine)
    deciding.keep_keys(keys, by=by)
    near = index.candidates(keys)
    pairs = {(min(one, other), max(one, other)) for one, others in near.items() for other in others}
    found = _scored(kind, pairs, mine)
    fresh = deciding.propose_pairs(found, by=by)
    merge_sure(found, by=by)
    return fresh


def likely(values: dict[str, Any], kind: str = Party.Kind.PERSON, limit: int = 5) -> list[tuple[int, float]]:
    """Who may be meant by what somebody types: the numbers of parties and how probable it is, the likeliest first."""
    model = model_of(kind)
    record = records.record_of(values, kind)
    near = index.candidates(index.keys_of(record))[0]
    if model is None or not near:
        return []
    known = records.records_of(near, kind)
    scored = model.recognise(record, known, index.own_junk())
    numbers, chances = scored["id_r"].to_pylist(), scored["probability"].to_pylist()
    return [(number, chance) for number, chance in zip(numbers, chances, strict=True) if chance >= KEPT_FROM][:limit]


def explained(pair: MatchPair) -> list[dict[str, Any]]:
    """What the probability of a pair is made of as both are known now: the prior, then each field, in bits."""
    kind = pair.low.kind
    model = model_of(kind)
    known = {row["id"]: row for row in records.records_of([pair.low_id, pair.high_id], kind).to_pylist()}
    if model is None or len(known) < 2:
        return list(pair.weights)
    bars = matching.explain(model, known[pair.low_id], known[pair.high_id])
    return [
        {
            "field": bar.field,
            "label": bar.label,
            "words": bar.found,
            "bits": bar.bits,
            "low": bar.left,
            "high": bar.right,
        }
        for bar in bars
    ]


def model_of(kind: str) -> matching.Model | None:
    """What was learned of likeness among parties of a kind; None where there is too little to learn from."""
    chosen = deciding.settings()
    if kind not in (chosen.model or {}):
        with bulk.session() as db:
            known = records.all_records(db, kind)
        if known.num_rows > MOST_AT_HAND or (model := _learned(known)) is None:
            return None
        deciding.keep_model({**(chosen.model or {}), kind: model.to_dict()}, known.num_rows, by=SYSTEM)
        chosen = deciding.settings()
    return _opened(kind, chosen.trained_at)


@functools.lru_cache(maxsize=4)
def _opened(kind: str, trained_at: datetime | None) -> matching.Model | None:
    """The stored model, ready to score; opened once for each training."""
    try:
        return matching.Model.from_dict((deciding.settings().model or {})[kind])
    except matching.CannotMatch:  # of another version: the next comparison of all makes a new one
        return None


def _learned(known: pa.Table) -> matching.Model | None:
    try:
        return matching.train(known, junk=index.own_junk()) if known.num_rows > 1 else None
    except matching.CannotMatch:
        return None


def _scored(kind: str, pairs: Iterable[tuple[int, int]], known: pa.Table) -> list[Found]:
    """The pairs that may be one, with what they are made of."""
    there = set(known["id"].to_pylist())
    wanted = sorted(pairs)
    model = model_of(kind) if wanted else None
    if model is None:
        return []
    others = {number for pair in wanted for number in pair} - there
    both = pa.concat_tables([known, records.records_of(others, kind)])
    alive = set(both["id"].to_pylist())
    wanted = [pair for pair in wanted if alive.issuperset(pair)]
    if not wanted:
        return []
    table = pa.table({"id_l": [low for low, _ in wanted], "id_r": [high for _, high in wanted]})
    return as_found(model.score_pairs(both, table))


def as_found(scored: pa.Table) -> list[Found]:
    """Scored pairs as they are proposed: those that are not too unlikely, with the weight of each field."""
    chosen = scored.filter(pc.greater_equal(scored["probability"], pa.scalar(KEPT_FROM)))
    fields = [name for name in chosen.column_names if name.startswith(WEIGHT)]
    columns = [chosen[name].to_pylist() for name in fields]
    pairs = zip(*(chosen[name].to_pylist() for name in ("id_l", "id_r", "probability")), strict=True)
    found = []
    for place, (one, other, chance) in enumerate(pairs):
        weights = [
            {"field": name.removeprefix(WEIGHT), "bits": column[place]}
            for name, column in zip(fields, columns, strict=True)
            if column[place]
        ]
        found.append(Found(min(one, other), max(one, other), chance, weights))
    return found


def well_founded(pair: Found) -> bool:
    """Whether something beside the name says clearly that two are one, and nothing clearly that they are not.

    Names alone never merge anybody by themselves, however rare they are.
    """
    bits = {part["field"]: part["bits"] for part in pair.weights}
    beside = sum(bits.get(name, 0.0) for name in BESIDE_THE_NAME)
    said_against = min((weight for name, weight in bits.items() if name not in NO_FIELDS), default=0.0)
    return beside >= FOUNDED and said_against > AGAINST


def merge_sure(found: Sequence[Found], *, by: Viewer) -> int:
    """Merge by themselves those that are surer than the upper threshold, where the settings say so; how many."""
    chosen = deciding.settings()
    if not chosen.by_itself:
        return 0
    sure = [pair for pair in found if pair.probability >= chosen.merge_from and well_founded(pair)]
    sure.sort(key=lambda pair: -pair.probability)
    merged = 0
    for place, pair in enumerate(sure):
        try:
            merged += deciding.merge_by_itself(pair.low, pair.high, pair.probability, by=by) is not None
        except Refused:  # somebody was quicker, or they cannot be one
            continue
        if place % 100 == 0:
            progress(place, len(sure), _("Merging"))
    return merged


def find_all(*, by: Viewer) -> dict[str, int]:
    """Learn likeness anew, compare all parties with all, propose what is new and forget what is no longer alike."""
    models: dict[str, Any] = {}
    counts = {"records": 0, "pairs": 0, "new": 0, "merged": 0, "forgotten": 0}
    everything: list[Found] = []
    sure: list[Found] = []
    for place, kind in enumerate(records.KINDS):
        progress(place * 2, STEPS, _("Read the records"))
        with bulk.session() as db:
            known = records.all_records(db, kind)
        counts["records"] += known.num_rows
        progress(place * 2 + 1, STEPS, _("Compare the records"))
        _index(known, kind)
        model = _learned(known)
        if model is not None:
            models[kind] = model.to_dict()
            pairs = matching.match(known, model=model, junk=index.own_junk(), least=KEPT_FROM)
            found = as_found(pairs)
            everything += found
            sure += _within_clusters(found, pairs)
    deciding.keep_model(models, counts["records"], by=by)
    progress(4, STEPS, _("Propose what is new"))
    counts["pairs"] = len(everything)
    counts["forgotten"] = deciding.forget_pairs([(pair.low, pair.high) for pair in everything], by=by)
    counts["new"] = deciding.propose_pairs(everything, by=by)
    counts["merged"] = merge_sure(sure, by=by)
    progress(STEPS, STEPS)
    return counts


def _within_clusters(found: Sequence[Found], pairs: pa.Table) -> list[Found]:
    """The pairs that are sure, and which nothing in what they hang together with contradicts."""
    least = deciding.settings().merge_from
    grown = matching.cluster(pairs, least)
    cluster = dict(zip(grown["id"].to_pylist(), grown["cluster"].to_pylist(), strict=True))
    return [pair for pair in found if pair.probability >= least and cluster[pair.low] == cluster[pair.high]]


def _index(known: pa.Table, kind: str) -> None:
    """Write the keys of all parties of a kind anew."""
    keyed = matching.keys(known, junk=index.own_junk())
    rows = pa.table({"party_id": keyed["id"], "key": keyed["key"]}).sort_by([("key", "ascending")])
    with bulk.session() as db:
        db.begin()
        db.execute(
            "DELETE FROM customers_matchkey WHERE party_id IN "
            f"(SELECT id FROM customers_party WHERE kind = '{kind}' OR merged_into_id IS NOT NULL)"
        )
        if rows.num_rows:
            db.append("customers_matchkey", rows)
        db.commit()


def outlook(merge_from: float, ask_from: float) -> dict[str, Any]:
    """What thresholds would do with the pairs that nobody has decided: counts, histogram, samples near them."""
    rows = MatchPair.objects.filter(state__in=UNDECIDED, low__merged_into__isnull=True, high__merged_into__isnull=True)
    spans = list(zip(BUCKETS, [*BUCKETS[1:], 1.1], strict=True))
    counted = rows.aggregate(
        merged=Count("pk", filter=Q(probability__gte=merge_from)),
        asked=Count("pk", filter=Q(probability__gte=ask_from, probability__lt=merge_from)),
        **{
            f"bucket_{place}": Count("pk", filter=Q(probability__gte=start, probability__lt=end))
            for place, (start, end) in enumerate(spans)
        },
    )
    near = rows.select_related("low", "high")
    samples = {
        name: {
            "above": list(near.filter(probability__gte=limit).order_by("probability")[:SAMPLES]),
            "below": list(near.filter(probability__lt=limit).order_by("-probability")[:SAMPLES]),
        }
        for name, limit in (("merge_from", merge_from), ("ask_from", ask_from))
    }
    histogram = [(start, min(end, 1.0), counted[f"bucket_{place}"]) for place, (start, end) in enumerate(spans)]
    return {"merged": counted["merged"], "asked": counted["asked"], "histogram": histogram, "samples": samples}


def changed_since(chosen: MatchingSettings, limit: int) -> list[tuple[Any, int]]:
    """The parties that changed since they were last looked at, as (moment, id), in the order of change."""
    rows = Party.objects.filter(merged_into__isnull=True).order_by("changed_at", "pk")
    if chosen.seen_at is not None:
        rows = rows.filter(Q(changed_at__gt=chosen.seen_at) | Q(changed_at=chosen.seen_at, pk__gt=chosen.seen_party))
    return list(rows.values_list("changed_at", "pk")[:limit])
