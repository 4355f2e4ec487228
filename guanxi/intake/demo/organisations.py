"""Made-up organisations with the people who work there (organisations.toml), as files that the import engine reads."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = "demonstration"
DATA = Path(__file__).parent / "organisations.toml"
PERSON = (
    "key", "name", "latin_name", "gender", "title", "department", "reports_to", "buying_role", "stance", "influence",
    "since",
)  # fmt: skip
PARTIES = (
    "external_id",
    "kind",
    "name",
    "latin_name",
    "gender",
    "mail",
    "city",
    "country",
    "language",
    "role",
    "made_up",
)
TIES = ("party", "kind", "other", "title", "department", "reports_to", "buying_role", "stance", "influence", "since")


def prepare(target: Path) -> list[tuple[str, Path]]:
    """Write the files into `target` (made if need be); kinds and files in the order in which to import them."""
    target.mkdir(parents=True, exist_ok=True)
    parties, ties = target / "organisations.csv", target / "relationships.csv"
    organisations = tomllib.loads(DATA.read_text(encoding="utf-8"))["organisation"]
    _write(parties, PARTIES, _parties(organisations))
    _write(ties, TIES, _ties(organisations))
    return [("parties", parties), ("relationships", ties)]


def _parties(organisations: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen = set()
    for one in organisations:
        place = {name: one[name] for name in ("city", "country", "language")} | {"made_up": "yes"}
        named = {name: one.get(name, "") for name in ("name", "latin_name", "role")}
        yield {"external_id": one["key"], "kind": "organisation", **named, **place}
        for person in _people(one):
            if person["key"] in seen:
                continue
            seen.add(person["key"])
            facts = {name: person[name] for name in ("name", "latin_name", "gender")}
            mail = f"{person['key'].replace('-', '.')}@example.com"
            yield {"external_id": person["key"], "kind": "person", "mail": mail, "role": "prospect", **facts, **place}


def _ties(organisations: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for one in organisations:
        for person in _people(one):
            said = {name: person[name] for name in TIES if name in person}
            yield {"party": person["key"], "kind": "works_at", "other": one["key"], **said}
        for kind in ("parent", "referred_by"):
            if kind in one:
                yield {"party": one["key"], "kind": kind, "other": one[kind]}
        for other in one.get("sells_for", []):
            yield {"party": one["key"], "kind": "sells_for", "other": other}


def _people(organisation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for person in organisation["people"]:
        yield dict(zip(PERSON, person, strict=True))


def _write(path: Path, columns: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
