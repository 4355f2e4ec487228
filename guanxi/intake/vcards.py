"""vCards (2.1, 3.0 and 4.0) as a table: one row for each card.

Telephones still export 2.1 with QUOTED-PRINTABLE. What is in a card but has no column here is left out; the card's
text is not executed, and what it links to is not fetched.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guanxi.foundation.actions import Refused
from guanxi.intake.encoding import find_encoding

COLUMNS = [
    "uid", "name", "family_name", "given_name", "kind", "works_at", "department", "occupation", "mail", "phone 1",
    "phone 2", "phone 3", "address", "city", "country", "date_of_birth", "note",
]  # fmt: skip
LONGEST = 4_000_000  # characters of one card; photographs are long
BEGIN = re.compile(rb"^\s*BEGIN:VCARD\s*$", re.IGNORECASE)
END = re.compile(rb"^\s*END:VCARD\s*$", re.IGNORECASE)


def looks_like(head: bytes) -> bool:
    """Whether a file begins as vCards do."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:11].upper() == b"BEGIN:VCARD"


def cards(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """Each card with the line on which it begins and the place in the file behind it; one that has no end too."""
    line = start = 0
    lines: list[bytes] = []
    with path.open("rb") as file:
        for raw in file:
            line += 1
            if BEGIN.match(raw.removeprefix(b"\xef\xbb\xbf")):
                if lines:
                    yield start, b"".join(lines), file.tell() - len(raw)
                start, lines = line, [raw.removeprefix(b"\xef\xbb\xbf")]
            elif lines:
                lines.append(raw)
                if END.match(raw):
                    yield start, b"".join(lines), file.tell()
                    lines = []
        if lines:
            yield start, b"".join(lines), file.tell()


def cells(card: bytes) -> list[str] | None:
    """The cells of a card in the order of COLUMNS; None where it cannot be read."""
    if len(card) > LONGEST or not END.search(card.rstrip().rsplit(b"\n", 1)[-1]):
        return None
    try:
        values = _read(_text(card))
    except (Refused, ValueError, UnicodeError, IndexError, AttributeError, KeyError, AssertionError):
        return None
    return [" ".join(values.get(name, "").replace("\0", "").split()) for name in COLUMNS]


def _text(card: bytes) -> str:
    """The card decoded, its QUOTED-PRINTABLE lines undone (by their own CHARSET), photographs and the like left out."""
    encoding = find_encoding(card)
    lines: list[str] = []
    raw = card.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    place = 0
    while place < len(raw):
        line = raw[place]
        place += 1
        head, colon, value = line.partition(b":")
        if colon and b"QUOTED-PRINTABLE" in head.upper():
            while value.rstrip().endswith(b"=") and place < len(raw):
                value = value.rstrip()[:-1] + raw[place]
                place += 1
            charset = re.search(rb"CHARSET=\"?([A-Za-z0-9_-]+)", head, re.IGNORECASE)
            name = charset[1].decode() if charset else encoding
            kept = b";".join(
                part
                for part in head.split(b";")
                if not re.fullmatch(rb"(?:ENCODING=)?QUOTED-PRINTABLE|CHARSET=.*", part, re.IGNORECASE)
            )
            decoded = quopri.decodestring(value).decode(name).replace("\r\n", "\n").replace("\n", "\\n")
            lines.append(f"{kept.decode(encoding)}:{decoded}")
        else:
            lines.append(line.decode(encoding))
    return "\n".join(_without_binaries(lines))


def _without_binaries(lines: list[str]) -> Iterator[str]:
    """The lines but for photographs, logos, sounds and keys, with those that continue them."""
    leaving = False
    for line in lines:
        if line[:1] in (" ", "\t"):
            if not leaving:
                yield line
            continue
        name = re.split(r"[;:]", line, maxsplit=1)[0].rpartition(".")[2].upper()
        leaving = name in ("PHOTO", "LOGO", "SOUND", "KEY", "AGENT") or not line.strip()
        if not leaving:
            yield line


def _read(text: str) -> dict[str, str]:
    import vobject

    card = vobject.readOne(text, ignoreUnreadable=True)
    if card is None or card.name != "VCARD":
        raise ValueError("no card")
    contents: dict[str, list[Any]] = card.contents
    values = {"uid": _first(contents, "uid").removeprefix("urn:uuid:"), "name": _first(contents, "fn")}
    for one in contents.get("n", [])[:1]:
        values["family_name"], values["given_name"] = _joined(one.value.family), _joined(one.value.given)
    units = [_joined(part) for part in _parts(contents.get("org", [])[:1])]
    own = (
        _first(contents, "kind").lower() in ("org", "organization")
        or _first(contents, "x-abshowas").upper() == "COMPANY"
        or (
            bool(units and not values.get("family_name") and not values.get("given_name"))
            and values["name"] in ("", units[0] if units else "")
        )
    )
    if own:
        values |= {"kind": "organisation", "name": values["name"] or units[0], "family_name": "", "given_name": ""}
    else:
        values |= {"works_at": units[0] if units else "", "department": ", ".join(units[1:])}
        values["occupation"] = _first(contents, "title") or _first(contents, "role")
    values["mail"] = _first(contents, "email")
    phones = dict.fromkeys(str(one.value).removeprefix("tel:").split(";")[0] for one in contents.get("tel", []))
    values |= {f"phone {place}": phone for place, phone in enumerate(list(phones)[:3], start=1)}
    for one in contents.get("adr", [])[:1]:
        address = one.value
        parts = [
            address.box,
            address.extended,
            address.street,
            address.city,
            address.region,
            address.code,
            address.country,
        ]
        values["address"] = ", ".join(part for part in map(_joined, parts) if part)
        values["city"] = _joined(address.city)
        country = _joined(address.country)
        values["country"] = country.upper() if len(country) == 2 and country.isascii() else ""
    values["date_of_birth"] = _day(_first(contents, "bday"))
    values["note"] = _first(contents, "note")
    return {name: value for name, value in values.items() if value}


def _parts(lines: list[Any]) -> list[Any]:
    return [part for line in lines for part in (line.value if isinstance(line.value, list) else [line.value]) if part]


def _joined(value: Any) -> str:
    return " ".join(str(one) for one in value if one) if isinstance(value, list) else str(value or "")


def _first(contents: dict[str, list[Any]], name: str) -> str:
    for one in contents.get(name, []):
        value = _joined(one.value).strip()
        if value:
            return value.removeprefix("mailto:")
    return ""


def _day(text: str) -> str:
    """A birthday as an ISO day; one without a year is none."""
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})", text)
    return "-".join(found.groups()) if found else ""
