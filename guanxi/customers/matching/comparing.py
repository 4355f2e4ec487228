"""How two records are compared, declared once: for each field the levels of likeness, the strongest first.

From this declaration Splink makes the SQL that trains, scores whole files and scores one new record; and the words in
which a match is explained. A level's two figures are where the training starts, and stays where a file is too small to
teach more: the share of pairs of one person, and of pairs of strangers, at which it is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = str | Promise


@dataclass(frozen=True)
class Level:
    """One level of likeness: words, condition in SQL (`x_l`, `x_r`; "ELSE" for the last), m and u to start from."""

    words: Words
    condition: str
    m: float
    u: float
    frequent: str = (
        ""  # the column by whose frequency the weight is set, where the level says that two values are equal
    )


@dataclass(frozen=True)
class Field:
    """What is compared: its label, the columns shown when a match is explained, when there is nothing to compare."""

    name: str
    label: Words
    shown: tuple[str, ...]
    needs: tuple[str, ...]  # prepared columns without which there is nothing to compare: any of them in both records
    levels: tuple[Level, ...]

    @property
    def missing(self) -> str:
        """The condition under which there is nothing to compare."""
        return " AND ".join(f"({column}_l IS NULL OR {column}_r IS NULL)" for column in self.needs)


def like(column: str, least: float) -> str:
    """Jaro-Winkler of a column is at least this."""
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def slip(column: str, shortest: int = 3) -> str:
    """One letter more, less, other, or two swapped."""
    return (
        f"(least(length({column}_l), length({column}_r)) >= {shortest} "
        f"AND abs(length({column}_l) - length({column}_r)) < 2 "
        f"AND damerau_levenshtein({column}_l, {column}_r) <= 1)"
    )


def elsewhere(column: str) -> str:
    """The name of one stands elsewhere in the other's; not a Chinese syllable, of which many share the sound."""
    return (
        f"((length({column}_r) >= 4 AND list_contains(words_l, {column}_r)) "
        f"OR (length({column}_l) >= 4 AND list_contains(words_r, {column}_l))) "
        "AND NOT coalesce(given_l <> given_latin_l AND given_r <> given_latin_r, false)"
    )


# How many times as much as is declared below m may be taught to be: where there are no duplicates, whatever people
# share (a first name and a region, say) would else be taken for one person, and what differs for nothing.
FURTHEST = 5.0
SAME, DIFFERENT = _("same"), _("different")
SWAPPED = "given_latin_l = family_latin_r AND family_latin_l = given_latin_r"
ONE_WORD = "list_has_any(wholes_l, wholes_r)"
CHINESE = "(given_l <> given_latin_l OR given_r <> given_latin_r)"
YEAR = "substr(birth_l, 1, 4) = substr(birth_r, 1, 4)"
MONTH = "substr(birth_l, 5, 2) = substr(birth_r, 5, 2)"
DAY = "substr(birth_l, 7, 2) = substr(birth_r, 7, 2)"
NEW_YEAR = "(birth_l[5:] = '0101' OR birth_r[5:] = '0101')"

FIELDS: tuple[Field, ...] = (
    Field(
        "given_name", _("given name"), ("given_name", "full_name"), ("given",),
        (
            Level(SAME, "given_l = given_r", 0.70, 0.006, "given"),
            Level(
                _("same pinyin, or the same letters"),
                f"given_latin_l = given_latin_r OR ({ONE_WORD} AND {CHINESE})",
                0.03, 0.0005, "given",
            ),
            Level(_("nickname"), "list_has_any(short_forms_l, short_forms_r)", 0.06, 0.003),
            Level(_("family and given name swapped"), f"({SWAPPED}) OR {ONE_WORD}", 0.01, 0.0001, "given"),
            Level(_("same but for one letter"), slip("given_latin"), 0.05, 0.002),
            Level(_("much alike"), like("given_latin", 0.9), 0.03, 0.004),
            Level(
                _("initial"),
                "least(length(given_latin_l), length(given_latin_r)) = 1 AND given_latin_l[1] = given_latin_r[1]",
                0.03, 0.002,
            ),
            Level(
                _("stands elsewhere in the name"),
                elsewhere("given_latin"),
                0.03, 0.002,
            ),
            Level(DIFFERENT, "ELSE", 0.06, 0.98),
        ),
    ),
    Field(
        "family_name", _("family name"), ("family_name", "full_name"), ("family",),
        (
            Level(SAME, "family_l = family_r", 0.80, 0.004, "family"),
            Level(
                _("same pinyin, or the same letters"),
                f"family_latin_l = family_latin_r OR ({ONE_WORD} AND {CHINESE})",
                0.03, 0.0005, "family",
            ),
            Level(_("family and given name swapped"), f"({SWAPPED}) OR {ONE_WORD}", 0.01, 0.0001, "family"),
            Level(_("same but for one letter"), slip("family_latin", 4), 0.05, 0.001),
            Level(_("much alike"), like("family_latin", 0.9), 0.03, 0.003),
            Level(
                _("stands elsewhere in the name"),
                elsewhere("family_latin"),
                0.03, 0.003,
            ),
            Level(DIFFERENT, "ELSE", 0.05, 0.985),
        ),
    ),
    Field(
        "other_names", _("other parts of the name"), ("full_name",), ("rest",),
        (
            Level(SAME, "rest_l = rest_r", 0.60, 0.005),
            Level(_("partly the same"), "list_has_any(rest_l, rest_r)", 0.20, 0.03),
            Level(DIFFERENT, "ELSE", 0.20, 0.965),
        ),
    ),
    Field(
        "date_of_birth", _("date of birth"), ("date_of_birth",), ("birth",),
        (
            Level(SAME, "birth_l = birth_r", 0.80, 0.0003, "birth"),
            Level(_("same year, of one only the year is known"), f"{YEAR} AND {NEW_YEAR}", 0.04, 0.002),
            Level(
                _("day and month swapped"),
                f"{YEAR} AND birth_l[5:6] = birth_r[7:8] AND birth_l[7:8] = birth_r[5:6]",
                0.01, 0.0002,
            ),
            Level(_("same but for one digit"), slip("birth", 6), 0.06, 0.002),
            Level(_("less than a month apart"), "abs(birth_days_l - birth_days_r) <= 31", 0.02, 0.0015),
            Level(
                _("one part of it differs"),
                f"({YEAR} AND {MONTH}) OR ({YEAR} AND {DAY}) OR ({MONTH} AND {DAY})",
                0.03, 0.005,
            ),
            Level(_("only the year is the same"), YEAR, 0.02, 0.012),
            Level(DIFFERENT, "ELSE", 0.04, 0.975),
        ),
    ),
    Field(
        "gender", _("gender"), ("gender",), ("gender",),
        (Level(SAME, "gender_l = gender_r", 0.97, 0.5), Level(DIFFERENT, "ELSE", 0.03, 0.5)),
    ),
    Field(
        "mail", _("mail"), ("mail",), ("mail",),
        (
            Level(SAME, "mail_l = mail_r", 0.70, 0.00001, "mail"),
            Level(_("same mailbox at another provider"), "mailbox_l = mailbox_r", 0.04, 0.0001, "mailbox"),
            Level(_("same but for one letter"), slip("mail", 8), 0.05, 0.00002),
            Level(_("much alike"), like("mailbox", 0.93), 0.03, 0.001),
            Level(DIFFERENT, "ELSE", 0.18, 0.9988),
        ),
    ),
    Field(
        "telephone", _("telephone"), ("telephone",), ("telephone",),
        (
            Level(SAME, "telephone_l = telephone_r", 0.70, 0.00001, "telephone"),
            Level(_("same but for one digit"), slip("telephone", 6), 0.05, 0.00003),
            Level(DIFFERENT, "ELSE", 0.25, 0.9999),
        ),
    ),
    Field(
        "address", _("address"), ("address", "street_number", "address_2"), ("street",),
        (
            Level(SAME, "address_l = address_r", 0.55, 0.0001, "address"),
            Level(
                _("same number, street much alike"),
                f"number_l = number_r AND ({like('street', 0.88)} OR list_has_any(street_words_l, street_words_r))",
                0.15, 0.0005,
            ),
            Level(_("same street, another number"), "street_l = street_r", 0.06, 0.005),
            Level(
                _("partly the same"),
                f"{like('street', 0.92)} OR len(list_intersect(street_words_l, street_words_r)) * 2 "
                ">= greatest(2, least(len(street_words_l), len(street_words_r)))",
                0.06, 0.02,
            ),
            Level(DIFFERENT, "ELSE", 0.18, 0.974),
        ),
    ),
    Field(
        "place", pgettext_lazy("where somebody lives", "place"), ("postcode", "city", "region"), ("postcode", "city"),
        (
            Level(_("same postcode"), "postcode_l = postcode_r", 0.65, 0.002, "postcode"),
            Level(
                _("postcode near by"),
                "least(length(postcode_l), length(postcode_r)) >= 5 AND left(postcode_l, -2) = left(postcode_r, -2) "
                f"OR ({slip('postcode', 4)} AND city_l = city_r)",
                0.08, 0.003,
            ),
            Level(
                _("same district and city"),
                "city_l = city_r AND left(postcode_l, 3) = left(postcode_r, 3)",
                0.04, 0.002,
            ),
            Level(_("same city"), "city_l = city_r", 0.08, 0.005, "city"),
            Level(_("same district"), "left(postcode_l, 3) = left(postcode_r, 3)", 0.03, 0.01),
            Level(_("much alike"), f"{like('city', 0.92)} OR {slip('postcode', 4)}", 0.03, 0.005),
            Level(_("same region"), "region_l = region_r", 0.02, 0.1),
            Level(DIFFERENT, "ELSE", 0.10, 0.873),
        ),
    ),
    Field(
        "national_id", _("national id"), ("national_id",), ("national_id",),
        (
            Level(SAME, "national_id_l = national_id_r", 0.88, 0.000005, "national_id"),
            Level(_("same but for one digit"), slip("national_id", 5), 0.08, 0.00002),
            Level(DIFFERENT, "ELSE", 0.04, 0.999975),
        ),
    ),
    Field(
        "occupation", _("occupation"), ("occupation",), ("occupation",),
        (
            Level(SAME, "occupation_l = occupation_r", 0.70, 0.06, "occupation"),
            Level(_("much alike"), like("occupation", 0.9), 0.03, 0.01),
            Level(DIFFERENT, "ELSE", 0.27, 0.93),
        ),
    ),
    Field(
        "company", _("company"), ("company",), ("company",),
        (
            Level(_("same but for the legal form"), "company_l = company_r", 0.70, 0.01, "company"),
            Level(
                _("much alike"),
                f"{like('company', 0.92)} OR starts_with(company_l, company_r || ' ') "
                "OR starts_with(company_r, company_l || ' ')",
                0.10, 0.005,
            ),
            Level(DIFFERENT, "ELSE", 0.20, 0.985),
        ),
    ),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
# The columns whose values' frequency counts, each with the share of strangers declared for its first level.
FREQUENT: dict[str, float] = {}
for _field in FIELDS:
    for _level in _field.levels:
        if _level.frequent:
            FREQUENT.setdefault(_level.frequent, _level.u)


def useful(table: pa.Table, fields: Iterable[Field] = FIELDS) -> list[Field]:
    """The fields of which a prepared table says anything: not empty, not the same everywhere."""
    found = []
    for field in fields:
        for column in field.needs:
            values = table[column]
            if values.null_count > table.num_rows - 2:
                continue
            if pa.types.is_list(values.type) or pc.count_distinct(values).as_py() > 1 or table.num_rows <= 2:
                found.append(field)
                break
    return found


def settings(
    fields: Iterable[Field], weights: dict[str, list[tuple[float, float]]] | None = None, frequencies: bool = True
) -> dict[str, Any]:
    """The declaration as Splink takes it; `weights` gives (m, u) of each field's levels in place of those above."""
    comparisons = []
    for field in fields:
        levels: list[dict[str, Any]] = [
            {"sql_condition": field.missing, "label_for_charts": "missing", "is_null_level": True}
        ]
        trained = (weights or {}).get(field.name) or [(level.m, level.u) for level in field.levels]
        for place, (level, (m, u)) in enumerate(zip(field.levels, trained, strict=True)):
            made: dict[str, Any] = {
                "sql_condition": level.condition,
                "label_for_charts": f"{field.name} {place}",
                "m_probability": m,
                "u_probability": u,
            }
            if level.frequent and frequencies:
                made |= {"tf_adjustment_column": level.frequent, "disable_tf_exact_match_detection": True}
            levels.append(made)
        comparisons.append({"output_column_name": field.name, "comparison_levels": levels})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "row",
        "blocking_rules_to_generate_predictions": [],
        "comparisons": comparisons,
        "probability_two_random_records_match": 0.001,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
    }
