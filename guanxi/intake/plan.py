"""What an import will do, decided before it starts: format, mapping, dates, decimal mark, options. Shown, then run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer
from guanxi.intake import probing, values
from guanxi.intake.field import DAY, MOMENT, NUMBER, WORD, Field, plain
from guanxi.intake.fields import OPTION_FIELDS, fields_of
from guanxi.intake.formats import REMARKS, FileFormat, is_rejects
from guanxi.intake.models import ImportMapping, ImportRun, kinds
from guanxi.intake.records import batches

# Where the day comes after the month in dates written with slashes.
MONTH_FIRST_COUNTRIES = {"US", "PH", "FM", "PW"}
DEFAULT_SOURCE = "files"
# By what a customer is known again, in this order: the source's own number, then what is nobody else's.
MATCH_BY = ("external", "card", "mail", "phone")
MATCH_LABELS = {
    "external": _lazy("Own number"),
    "card": _lazy("Member card"),
    "mail": _lazy("Mail"),
    "phone": _lazy("Telephone"),
}
# What is recorded and never changed afterwards.
ONLY_NEW = ("events", "consents")


@dataclass
class Plan:
    """All that a run needs to know. `mapping` says for each field which columns feed it; `options` hold for all
    rows.
    """

    kind: str
    path: str
    form: FileFormat
    mapping: dict[str, list[str]]
    date_format: str = values.ISO
    date_ambiguous: bool = False
    decimal: str = "."
    source: str = DEFAULT_SOURCE
    options: dict[str, str] = field(default_factory=dict)
    mapping_name: str = ""
    rule: str = ImportRun.Rule.CREATE_OR_UPDATE.value
    match_by: list[str] = field(default_factory=lambda: list(MATCH_BY))

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of this kind of import that a column feeds."""
        return {name: one for name, one in fields_of(self.kind).items() if name in self.mapping}

    @property
    def unmapped(self) -> list[str]:
        """The columns that feed no field."""
        used = {column for columns in self.mapping.values() for column in columns}
        return [column for column in said(self.form.columns) if column not in used]

    @property
    def missing(self) -> list[Field]:
        """The required fields that neither a column nor an option feeds."""
        known = fields_of(self.kind)
        return [one for one in known.values() if one.required and one.name not in {*self.mapping, *self.options}]

    @property
    def header_digest(self) -> str:
        return _digest([plain(name) for name in self.form.columns])

    @property
    def digest(self) -> str:
        """What makes two runs over the same file the same."""
        how = [self.mapping, self.date_format, self.decimal, self.source, self.options, self.form.as_json()]
        return _digest([*how, self.rule, self.match_by])

    def refuse_unwritable(self, by: Viewer) -> None:
        """Raise Refused where the mapping names a field that is none, or that imports of `by` may not write."""
        known = fields_of(self.kind, by)
        for name in self.mapping:
            if name not in known:
                message = _("“%(field)s” is no field that this import may write; there are: %(known)s.")
                raise Refused(message % {"field": name, "known": ", ".join(known)}, "map")
        for name, columns in self.mapping.items():
            missing = [column for column in columns if column not in self.form.columns]
            if missing:
                message = _("The file has no column “%(column)s”; it has: %(columns)s.")
                raise Refused(message % {"column": missing[0], "columns": ", ".join(self.form.columns)}, "map")
            if len(columns) > 1 and not known[name].many:
                raise Refused(_("Only one column can feed “%(field)s”.") % {"field": name}, "map")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Plan:
        return cls(**{**stored, "form": FileFormat(**stored["form"])})

    def described(self) -> list[tuple[str, str]]:
        """What was found, as (what, words): for the command line and the wizard."""
        lines = [(_("File"), f"{Path(self.path).name} ({self.form})")]
        kinds = {one.kind for one in self.fields.values()}
        if kinds & {MOMENT, DAY}:
            doubt = _("day and month could be the other way round") if self.date_ambiguous else ""
            lines.append((_("Dates"), f"{self.date_format}{f' ({doubt})' if doubt else ''}"))
        if NUMBER in kinds:
            lines.append((_("Decimal mark"), self.decimal))
        lines.append((_("Source"), self.source))
        lines.append((_("Rule"), str(ImportRun.Rule(self.rule).label)))
        if self.kind == "parties" and self.match_by != list(MATCH_BY):
            lines.append((_("Known again by"), ", ".join(str(MATCH_LABELS[name]) for name in self.match_by)))
        lines += [(str(one.label), ", ".join(self.mapping[name])) for name, one in self.fields.items()]
        lines += [(name, value) for name, value in self.options.items()]
        if self.unmapped:
            lines.append((_("Not used"), ", ".join(self.unmapped)))
        return lines


def prepare(
    kind: str,
    path: Path,
    *,
    mapping: dict[str, list[str]] | None = None,
    mapping_name: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    source: str | None = None,
    options: dict[str, str] | None = None,
    rule: str | None = None,
    match_by: Iterable[str] | None = None,
    complete: bool = True,
) -> Plan:
    """Look at a file and plan its import. Raises Refused where it cannot be read or a required column is missing.

    Where it need not be `complete` a required column may be missing: a plan to be shown and corrected.
    """
    known = dict(kinds())
    if kind not in known:
        message = _("“%(kind)s” is no kind of import; known are %(known)s.")
        raise Refused(message % {"kind": kind, "known": ", ".join(known)}, "kind")
    form = probing.probe(path, encoding, separator)
    plan = Plan(kind, str(path.resolve()), form, {})
    kept = _kept(plan, mapping_name)
    stored = kept.options if kept else {}
    plan.mapping_name = kept.name if kept else ""
    plan.mapping = _mapping(plan, kept, mapping or {})
    plan.source = _source(source or stored.get("source") or DEFAULT_SOURCE)
    plan.options = _options(kind, {**stored.get("options", {}), **(options or {})})
    plan.rule = _rule(kind, rule or stored.get("rule") or ImportRun.Rule.CREATE_OR_UPDATE.value)
    plan.match_by = _match_by(stored.get("match_by") if match_by is None else match_by)
    if complete:
        _require(plan)
    sample = next(iter(batches(path, form))).rows
    if sample.num_rows == 0 and form.kind != "parquet" and path.stat().st_size < probing.SAMPLE:
        _refuse_header_only(plan)
    _find_dates(plan, sample, date_format or stored.get("date_format"))
    _find_decimal(plan, sample, decimal or stored.get("decimal"))
    return plan


def said(columns: list[str]) -> list[str]:
    """The columns that say something of a row; not those that a file of rejects puts before them."""
    return columns[len(REMARKS) :] if is_rejects(columns) else columns


def suggest(kind: str, columns: list[str]) -> dict[str, list[str]]:
    """The mapping that the names of the columns suggest; each column feeds one field."""
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(plain(column), []).append(column)
    mapping: dict[str, list[str]] = {}
    used: set[str] = set()
    for name, one in fields_of(kind).items():
        found = [column for word in (plain(name), *one.synonyms) for column in by_name.get(word, [])]
        found = [column for column in dict.fromkeys(found) if column not in used]
        if found:
            chosen = [column for column in columns if column in found] if one.many else found[:1]
            mapping[name] = chosen
            used.update(chosen)
    return mapping


def _kept(plan: Plan, name: str | None) -> ImportMapping | None:
    stored = ImportMapping.objects.filter(kind=plan.kind)
    if name is None:
        return stored.filter(header_digest=plan.header_digest).order_by("-saved_at").first()
    found = stored.filter(name=name).first()
    if found is None:
        known = ", ".join(stored.values_list("name", flat=True)) or _("none")
        raise Refused(
            _("There is no mapping “%(name)s”; kept are: %(known)s.") % {"name": name, "known": known}, "mapping"
        )
    return found


def _mapping(plan: Plan, kept: ImportMapping | None, given: dict[str, list[str]]) -> dict[str, list[str]]:
    columns = {plain(column): column for column in reversed(plan.form.columns)} | {c: c for c in plan.form.columns}
    base = kept.mapping if kept else suggest(plan.kind, said(plan.form.columns))
    base = {name: found for name, found in base.items() if all(column in columns for column in found)}
    known = fields_of(plan.kind)
    result: dict[str, list[str]] = {}
    for name, wanted in given.items():
        if name not in known:
            message = _("“%(field)s” is no field that this import may write; there are: %(known)s.")
            raise Refused(message % {"field": name, "known": ", ".join(known)}, "map")
        wanted = [column for column in wanted if column]  # field= takes the field out of the mapping
        missing = [column for column in wanted if column not in columns and plain(column) not in columns]
        if missing:
            message = _("The file has no column “%(column)s”; it has: %(columns)s.")
            raise Refused(message % {"column": missing[0], "columns": ", ".join(plan.form.columns)}, "map")
        if len(wanted) > 1 and not known[name].many:
            raise Refused(_("Only one column can feed “%(field)s”.") % {"field": name}, "map")
        result[name] = [columns.get(column) or columns[plain(column)] for column in wanted]
    taken = {column for found in result.values() for column in found}
    for name, found in base.items():
        if name not in given and not taken & set(found):
            _refuse_doubles(plan, name, found, known[name])
            result[name] = found
    return {name: result[name] for name in known if result.get(name)}


def _refuse_doubles(plan: Plan, name: str, found: list[str], one: Field) -> None:
    double = [column for column in found if f"{column} (2)" in plan.form.columns]
    if double and not one.many:
        message = _(
            "The column “%(column)s” stands in the file twice. Say which is meant: --map %(field)s=“%(column)s (2)”."
        )
        raise Refused(message % {"column": double[0], "field": name}, "map")


def _require(plan: Plan) -> None:
    missing = [one.name for one in plan.missing]
    if missing:
        message = _(
            "No column for: %(missing)s. The file has the columns: %(columns)s. Say which it is with --map "
            "%(field)s=COLUMN."
        )
        words = ", ".join(missing)
        raise Refused(message % {"missing": words, "columns": ", ".join(plan.form.columns), "field": missing[0]}, "map")
    if plan.kind == "parties" and not {
        "external_id",
        "name",
        "family_name",
        "given_name",
        "mail",
        "phone",
        "card",
    } & set(plan.mapping):
        message = _(
            "No column tells who the customers are (number, name, mail, telephone or card). The file has the "
            "columns: %(columns)s."
        )
        raise Refused(message % {"columns": ", ".join(plan.form.columns)}, "map")


def _refuse_header_only(plan: Plan) -> None:
    # A first batch without a row may still hold broken ones; those are rejected by the run.
    first = next(iter(batches(Path(plan.path), plan.form)))
    if not first.broken:
        message = _("The file %(name)s has a header but no rows.")
        raise Refused(message % {"name": Path(plan.path).name}, "file")


def _source(code: str) -> str:
    if not code.isascii() or not code.replace("-", "").replace("_", "").isalnum() or len(code) > 50:
        raise Refused(
            _("The source “%(code)s” has to be a short word of Latin letters, digits and hyphens.") % {"code": code},
            "source",
        )
    return code


def _options(kind: str, given: dict[str, str]) -> dict[str, str]:
    known = fields_of(kind)
    options = {}
    for name, text in given.items():
        if not text:
            continue
        if name not in OPTION_FIELDS or name not in known:
            raise Refused(_("“%(name)s” is no option of this import.") % {"name": name}, name)
        one = known[name]
        meant = (one.words or {}).get(text.lower()) if one.kind == WORD else text
        if meant is None:
            message = _("“%(text)s” is not known here; known are: %(known)s.")
            raise Refused(message % {"text": text, "known": ", ".join(sorted(set((one.words or {}).values())))}, name)
        options[name] = meant
    if kind == "sales":
        options.setdefault("currency", settings.GUANXI_CURRENCY)
        options.setdefault("channel", "other")
    currency = options.get("currency", "AAA")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        message = _("The currency “%(code)s” has to be three letters, such as TWD.")
        raise Refused(message % {"code": currency}, "currency")
    return options


def _rule(kind: str, rule: str) -> str:
    if rule not in ImportRun.Rule.values:
        message = _("“%(rule)s” is no rule; known are %(known)s.")
        raise Refused(message % {"rule": rule, "known": ", ".join(ImportRun.Rule.values)}, "rule")
    if kind in ONLY_NEW and rule == ImportRun.Rule.UPDATE:
        raise Refused(
            _("What has happened is recorded and not changed; the rule “update” has no meaning here."), "rule"
        )
    return rule


def _match_by(given: Iterable[str] | None) -> list[str]:
    wanted = list(given or MATCH_BY)
    unknown = [name for name in wanted if name not in MATCH_BY]
    if unknown:
        message = _("Customers are not known again by “%(name)s”; known are %(known)s.")
        raise Refused(message % {"name": unknown[0], "known": ", ".join(MATCH_BY)}, "match_by")
    return [name for name in MATCH_BY if name in wanted]


def _columns_of(plan: Plan, sample: pa.Table, kinds: Iterable[str]) -> list[pa.ChunkedArray]:
    names = [column for one in plan.fields.values() if one.kind in kinds for column in plan.mapping[one.name]]
    return [sample.column(name) for name in names]


def _find_dates(plan: Plan, sample: pa.Table, given: str | None) -> None:
    columns = _columns_of(plan, sample, (MOMENT, DAY))
    if given:
        plan.date_format = given if given == values.ISO else _date_format(given)
    elif columns:
        found = values.find_date_format(columns, settings.GUANXI_COUNTRY in MONTH_FIRST_COUNTRIES)
        plan.date_format, plan.date_ambiguous = found.name, found.ambiguous


def _date_format(given: str) -> str:
    """A format in the C manner (%d/%m/%Y) or in letters (dd/mm/yyyy)."""
    if given.upper() == values.ISO:
        return values.ISO
    if "%" not in given:
        for letters, code in (("yyyy", "%Y"), ("yy", "%y"), ("mm", "%m"), ("dd", "%d")):
            given = given.lower().replace(letters, code) if "%" not in given else given.replace(letters, code)
    if not all(
        any(code in given for code in codes) for codes in (("%Y", "%y"), ("%m", "%b", "%B", "%j"), ("%d", "%j"))
    ):
        raise Refused(
            _("The date format has to name year, month and day, such as %%d/%%m/%%Y or dd/mm/yyyy.") % {}, "date_format"
        )
    return given


def _find_decimal(plan: Plan, sample: pa.Table, given: str | None) -> None:
    if given and given not in ".,":
        raise Refused(_("The decimal mark is a point or a comma."), "decimal")
    columns = _columns_of(plan, sample, (NUMBER,))
    plan.decimal = given or (values.find_decimal(columns) if columns and plan.form.kind == "text" else ".")


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
