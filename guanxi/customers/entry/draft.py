"""What stands in the form for a new customer, and what is meant by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guanxi.customers import countries, postal, queries, signature, telephones
from guanxi.customers.actions.entering import Entry, Reach, Work
from guanxi.customers.models import ContactPoint, Party
from guanxi.foundation import clock
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer

MOST = 12  # telephones, mails, web addresses of one form
TEXTS = ("name", "latin_name", "city", "date_of_birth", "organisation", "title", "department", "note", "address")
PERSON_ONLY = ("date_of_birth", "organisation", "title", "department", "works_at")
LABELS = {
    "mobile": gettext_lazy("mobile"),
    "fax": gettext_lazy("fax"),
    "office": gettext_lazy("office"),
    "direct": gettext_lazy("direct"),
}


@dataclass
class Line:
    """One telephone, mail or web address as it stands in the form."""

    value: str = ""
    country: str = ""
    label: str = ""
    error: str = ""

    @property
    def telephone(self) -> telephones.Telephone:
        """What the number is so far."""
        return telephones.look(self.value, self.country)

    @property
    def example(self) -> str:
        return telephones.example(self.country)


@dataclass
class Draft:
    """The form as it was typed."""

    kind: str = Party.Kind.PERSON.value
    texts: dict[str, str] = field(default_factory=dict)
    phones: list[Line] = field(default_factory=list)
    mails: list[Line] = field(default_factory=list)
    webs: list[Line] = field(default_factory=list)
    works_at: Party | None = None
    address_country: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)  # fields that higher floors hang on `new:customers`
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_person(self) -> bool:
        return self.kind == Party.Kind.PERSON.value

    def text(self, name: str) -> str:
        """What is typed in a field."""
        return self.texts.get(name, "")

    def with_room(self) -> Draft:
        """At least one line of each, to type in."""
        own = settings.GUANXI_COUNTRY.upper()
        self.phones = self.phones or [Line(country=own)]
        self.mails = self.mails or [Line()]
        return self

    # What is meant -----------------------------------------------------------------------------------------------

    def date_of_birth(self) -> date | None:
        """The day; raises Refused where it is none."""
        typed = self.text("date_of_birth")
        if not typed or not self.is_person:
            return None
        try:
            day = parse_date(typed)
        except ValueError:
            day = None
        if day is None or day > clock.today() or day.year < 1800:
            raise Refused(_("This is not a day on which somebody was born."), "date_of_birth")
        return day

    def sought(self) -> dict[str, Any]:
        """What `likely_same` needs, as far as it can be understood."""
        try:
            born = self.date_of_birth()
        except Refused:
            born = None
        phones = []
        for line in self.phones:
            try:
                phones.append(telephones.whole(line.value, line.country))
            except Refused:
                continue
        return {
            "kind": self.kind,
            "name": self.text("name"),
            "latin_name": self.text("latin_name"),
            "mails": [line.value for line in self.mails if line.value],
            "phones": phones,
            "date_of_birth": born,
            "city": self.text("city") or self.parts.get("city", ""),
        }

    def entry(self, more: Mapping[str, Any]) -> Entry:
        """What is to be written. Raises Refused with the field that is wrong."""
        if not self.text("name"):
            raise Refused(_("Write the name."), "name")
        values: dict[str, Any] = {"kind": self.kind, "name": self.text("name"), "latin_name": self.text("latin_name")}
        values |= {"date_of_birth": self.date_of_birth(), **more}
        reach = [*self._telephones(), *self._lines()]
        address = self._address()
        city = self.text("city")
        if address is not None:
            reach.append(address)
            parts = address.parts or {}
            values["country"] = parts.get("country", "")
            city = city or parts.get("city", "") or parts.get("country_area", "")
        values = {name: value for name, value in {**values, "city": city[:100]}.items() if value not in ("", None)}
        work = Work(self.works_at, self.text("organisation"), self.text("title")[:100], self.text("department")[:100])
        return Entry(values, reach, work if self.is_person else Work(), self.text("note"))

    def _telephones(self) -> list[Reach]:
        found = []
        for number, line in enumerate(self.phones):
            if line.value.strip():
                try:
                    value = telephones.whole(line.value, line.country)
                except Refused as refusal:
                    raise Refused(refusal.message, f"phone.{number}") from refusal
                label = str(LABELS.get(line.label, line.label))
                found.append(Reach("phone", value, label[:50], field=f"phone.{number}"))
        return found

    def _lines(self) -> list[Reach]:
        kinds = (("mail", self.mails, "mail", ""), ("web", self.webs, "social", _("web")))
        return [
            Reach(kind, line.value, label, field=f"{name}.{number}")
            for name, lines, kind, label in kinds
            for number, line in enumerate(lines)
            if line.value.strip()
        ]

    def _address(self) -> Reach | None:
        if self.address_country and postal.form_of(self.address_country):
            if not any(self.parts.values()):
                return None
            parts = postal.clean({**self.parts, "country": self.address_country})
            return Reach("address", postal.one_line(parts), parts=parts, field="address")
        plain = " ".join(self.text("address").split())
        if not plain:
            return None
        if len(plain) > 300:
            raise Refused(_("This is longer than %(most)s characters.") % {"most": 300}, "address")
        return Reach("address", plain, field="address")


def typed(sent: QueryDict, viewer: Viewer, more: list[str]) -> Draft:
    """The form as it was sent."""
    draft = Draft(kind=sent.get("kind", "") if sent.get("kind") in Party.Kind.values else Party.Kind.PERSON.value)
    draft.texts = {name: sent.get(name, "").replace("\x00", "").strip() for name in TEXTS}
    codes, labels = sent.getlist("phone_country"), sent.getlist("phone_label")
    for number, value in enumerate(sent.getlist("phone")[:MOST]):
        country = codes[number] if number < len(codes) else ""
        label = labels[number] if number < len(labels) else ""
        draft.phones.append(Line(value.replace("\x00", "").strip(), country or settings.GUANXI_COUNTRY.upper(), label))
    draft.mails = [Line(value.replace("\x00", "").strip()) for value in sent.getlist("mail")[:MOST]]
    draft.webs = [Line(value.replace("\x00", "").strip()) for value in sent.getlist("web")[:MOST]]
    draft.works_at = organisation(sent.get("works_at", ""), viewer)
    draft.address_country = sent.get("address_country", "")[:2].upper()
    draft.parts = {name: sent.get(f"part.{name}", "").replace("\x00", "") for name in postal.PARTS}
    draft.more = {name: ",".join(sent.getlist(name)) for name in more}
    return draft


def organisation(number: str, viewer: Viewer) -> Party | None:
    """The organisation of that number, if there is one that `viewer` may see."""
    if not number.isdecimal() or len(number) > 18:
        return None
    return queries.parties(viewer).filter(pk=int(number), kind=Party.Kind.ORGANISATION).first()


def filled(draft: Draft, text: str) -> list[str]:
    """Put what a signature says into the fields that are empty; returns what was not understood.

    What a field holds already stays; what the signature says of it otherwise goes to the note.
    """
    said = signature.read(text, draft.address_country or settings.GUANXI_COUNTRY)
    left: list[str] = []
    if not said.name and said.organisation and not draft.text("name"):
        draft.kind = Party.Kind.ORGANISATION.value
        said.name, said.organisation, said.latin_name = said.organisation, "", said.organisation_latin
        said.organisation_latin = ""
    known = {"name": said.name, "latin_name": said.latin_name, "title": said.title, "department": said.department}
    for name, value in {**known, "organisation": said.organisation}.items():
        if value and not draft.text(name) and not (name == "organisation" and draft.works_at):
            draft.texts[name] = value
        elif value and value != draft.text(name):
            left.append(value)
    left += [said.organisation_latin] if said.organisation_latin else []
    draft.phones = [line for line in draft.phones if line.value]
    draft.mails = [line for line in draft.mails if line.value]
    draft.phones += [_telephone(number, label, said.country) for number, label in said.telephones]
    draft.mails += [Line(mail) for mail in said.mails if mail not in [line.value for line in draft.mails]]
    draft.webs += [Line(web) for web in said.webs if web not in [line.value for line in draft.webs]]
    _take_address(draft, said, left)
    left += said.rest
    note = [draft.text("note"), *left]
    draft.texts["note"] = "\n".join(part for part in note if part)
    return left


def _telephone(number: str, label: str, country: str) -> Line:
    found = telephones.look(number, country)
    value = number if number.startswith("+") or not found.full else found.formatted
    return Line(value, country, label)


def _take_address(draft: Draft, said: signature.Signature, left: list[str]) -> None:
    if not said.address:
        return
    if draft.text("address") or any(draft.parts.values()):
        left.append(said.address)
    elif said.parts:
        draft.address_country, draft.parts = said.parts["country"], dict(said.parts)
    else:
        draft.address_country, draft.texts["address"] = "", said.address


def address_lines(draft: Draft) -> list[list[tuple[Any, str, str]]]:
    """The fields of the address: part, what stands in it, what is wrong. Empty for an address as plain text."""
    form = postal.form_of(draft.address_country, draft.parts) if draft.address_country else []
    return [
        [(part, draft.parts.get(part.name, ""), draft.errors.get(f"parts.{part.name}", "")) for part in line]
        for line in form
    ]


def point_draft(point: ContactPoint) -> Draft:
    """An address that is kept, for its editor."""
    parts = dict(point.parts or {})
    return Draft(address_country=parts.pop("country", ""), parts=parts, texts={"address": point.value})


def country_choices() -> list[tuple[str, str]]:
    """The countries of an address, and none."""
    return [("", _("written as plain text")), *countries.choices()]
