"""The text of a mail signature or of a business card, understood: who, what, where, how to be reached.

In English and Chinese layouts. What is not understood is kept in `rest`, word for word, so that nothing is lost. The
answer is a proposal: a person looks at it before anything is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import phonenumbers
from django.conf import settings
from phonenumbers import Leniency, PhoneNumberMatcher

from guanxi.customers import countries, normalise, postal
from guanxi.customers.signature_words import (
    ADDRESS_LATIN,
    ADDRESS_WIDE,
    CITY_LINE,
    DEPARTMENT,
    HONORIFICS,
    LABEL,
    LABELS,
    ORGANISATION_LATIN,
    ORGANISATION_WIDE,
    SURNAMES,
    TITLE_LATIN,
    TITLE_WIDE,
)
from guanxi.foundation.actions import Refused
from guanxi.foundation.language import compatible, fold

LONGEST = 5000  # characters
LONGEST_SEGMENT = 300  # what is longer is prose
HAN = "\u3400-\u9fff"
WEB = re.compile(r"(?:https?://|www\.)[^\s,;，；、<>()]+", re.IGNORECASE)
DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,12}(?:/\S*)?", re.IGNORECASE)
EXTENSION = re.compile(
    r"\s*(?:ext\.?|extension|分機|分机|內線|内线|轉|转|[#x])\s*[:.]?\s*(\d{1,6})(?!\d)", re.IGNORECASE
)
SEPARATORS = re.compile(r"\s*[|｜•·∙‧●■◆]\s*|\t+|\s{3,}")
LEGAL_FORM = r"(?:Ltd|Inc|LLC|LLP|Limited|Co|GmbH|Corp|PLC|S\.?A)\b"
RULE = re.compile(r"^[\s\-–—_=*~.]*$")
_NAME_WORD = r"(?:[A-ZÀ-Þ][\w'’.À-ÿ-]*|van|von|de|der|den|di|da|la|le|bin|al)"
LATIN_NAME = re.compile(rf"(?!(?:de|la|le|al|di|da|den|der|bin) ){_NAME_WORD}(?: {_NAME_WORD}){{1,4}}")


@dataclass
class Signature:
    """What a text says of somebody."""

    name: str = ""
    latin_name: str = ""
    title: str = ""
    department: str = ""
    organisation: str = ""
    organisation_latin: str = ""
    telephones: list[tuple[str, str]] = field(default_factory=list)  # number, label (mobile, fax ...)
    mails: list[str] = field(default_factory=list)
    webs: list[str] = field(default_factory=list)
    country: str = ""
    address: str = ""  # in one line, as it was written
    parts: dict[str, str] = field(default_factory=dict)  # the address in parts, where it could be taken apart
    rest: list[str] = field(default_factory=list)  # what was not understood


def read(text: str, country: str = "") -> Signature:
    """What `text` says. `country` is that of telephone numbers without a country code where the text tells none."""
    kept = [line.strip() for line in text[:LONGEST].replace("\x00", "").splitlines()]
    found = Signature(country=_country_of(compatible("\n".join(kept)), country))
    address: list[str] = []
    for line in kept:
        if RULE.match(line):
            continue
        for segment in SEPARATORS.split(compatible(line)):
            if len(segment) > LONGEST_SEGMENT:
                found.rest.append(segment.strip())
            elif segment.strip():
                _Reader(found, address).take(segment.strip())
    found.address = _joined(address)
    found.parts = _parts_of(address, found.country)
    if not found.name and found.latin_name:
        found.name, found.latin_name = found.latin_name, ""
    if not found.organisation and found.organisation_latin:
        found.organisation, found.organisation_latin = found.organisation_latin, ""
    return found


class _Reader:
    """Takes one segment of a line apart and puts each part where it belongs."""

    def __init__(self, found: Signature, address: list[str]) -> None:
        self.found, self.address = found, address

    def take(self, segment: str) -> None:
        whole = segment
        label, segment = _labelled(segment)
        if label in ("address", "web") and self._by_label(label, segment):
            return
        left = self._without_telephones(self._without_webs(self._without_mails(segment)), label)
        left = re.sub(r"[()\[\]<>]\s*[()\[\]<>]", " ", left).strip(" ,;:/-–—，；、")
        if not left or (left != segment and fold(left).rstrip(".") in LABELS):  # “Tel” before what was taken out
            return
        if label and left == segment.strip(" ,;:/-–—，；、"):
            self.found.rest.append(whole)  # “LINE ID: meiling” is kept with its label
        else:
            self._words(left)

    def _by_label(self, label: str, segment: str) -> bool:
        if label == "address" and len(segment) > 5:
            self.address.append(segment)
            return True
        if label == "web" and DOMAIN.fullmatch(segment):
            self._web(segment)
            return True
        return False

    # Mail, web, telephone -------------------------------------------------------------------------------------------

    def _without_mails(self, text: str) -> str:
        for match in normalise.MAIL.finditer(text.lower()):
            mail = match[0].removeprefix("mailto:")
            if mail not in self.found.mails:
                self.found.mails.append(mail)
        return normalise.MAIL.sub(" ", text.lower()) if _only_mail(text) else _cut(text, normalise.MAIL)

    def _without_webs(self, text: str) -> str:
        for match in WEB.finditer(text):
            self._web(match[0])
        text = WEB.sub(" ", text)
        if DOMAIN.fullmatch(text.strip()):
            self._web(text.strip())
            return ""
        return text

    def _web(self, address: str) -> None:
        address = address.rstrip(".,;/")
        if address and address not in self.found.webs:
            self.found.webs.append(address)

    def _without_telephones(self, text: str, label: str) -> str:
        region = self.found.country or settings.GUANXI_COUNTRY
        labelled = label in ("phone", "mobile", "fax", "office", "direct")
        if not labelled and _is_address(text):
            return text
        left, end, before = [], 0, label if labelled else ""
        for match in PhoneNumberMatcher(text, region, Leniency.VALID):
            if match.start < end:
                continue
            between = text[end : match.start]
            before = _label_within(between) or before
            number, stop = match.raw_string.strip(), match.end
            if not match.number.extension and (more := EXTENSION.match(text, stop)):
                number, stop = f"{number} {more[0].strip()}", more.end()
            self._telephone(number, before)
            left.append("" if _label_within(between) else between)
            end = stop
        rest = text[end:]
        if labelled and not end and self._possible(text.strip(), before, region):
            return ""
        left.append("" if end and _label_within(rest) and not re.search(r"\d", rest) else rest)
        return " ".join(left)

    def _possible(self, text: str, label: str, region: str) -> bool:
        """A labelled number that is possible, though not in use by what is known."""
        if not re.fullmatch(r"[\d+()\-./ #a-zA-Z分機机轉转]{5,40}", text):
            return False
        try:
            normalise.phone(text, region)
        except Refused:
            return False
        self._telephone(text, label)
        return True

    def _telephone(self, number: str, label: str) -> None:
        label = "" if label == "phone" else label
        if not label and _is_mobile(number, self.found.country):
            label = "mobile"
        if number not in [known for known, _label in self.found.telephones]:
            self.found.telephones.append((number, label))

    # Words ----------------------------------------------------------------------------------------------------------

    def _words(self, text: str) -> None:
        if _is_address(text) or (self.address and _goes_on(text)):
            self.address.append(text)
            return
        pieces = _pieces(text)
        left = [piece for piece in pieces if not self._placed(piece)]
        if left and len(left) == len(pieces):
            self.found.rest.append(text)
        else:
            self.found.rest.extend(left)

    def _placed(self, piece: str) -> bool:
        wide = bool(re.search(f"[{HAN}]", piece))
        return self._placed_wide(piece) if wide else self._placed_latin(piece)

    def _placed_wide(self, piece: str) -> bool:
        found = self.found
        if ORGANISATION_WIDE.search(piece) and not found.organisation and not TITLE_WIDE.fullmatch(piece):
            found.organisation = piece
            return True
        if DEPARTMENT.search(piece) and not found.department and len(piece) <= 16:
            found.department = piece
            return True
        title = TITLE_WIDE.search(piece)
        if title:
            return self._with_title(piece, title)
        if not found.name and _is_chinese_name(piece):
            found.name = normalise.name(piece)
            return True
        return False

    def _with_title(self, piece: str, title: re.Match[str]) -> bool:
        """業務部經理, 王小明經理, 經理."""
        found, before = self.found, piece[: title.start()]
        if found.title and not found.title.isascii():
            return False
        if not found.name and _is_chinese_name(before) and before[:1] in SURNAMES:
            found.name = normalise.name(before)
            found.title = piece[title.start() :].strip()
            return True
        cut = re.match(r"^(.{2,12}?(?:部門|部|處|处|課|中心|組|组))(.{1,})$", piece)
        if cut and not found.department and TITLE_WIDE.search(cut[2]):
            found.department, found.title = cut[1], _both(cut[2], found.title)
        else:
            found.title = _both(piece, found.title)
        return True

    def _placed_latin(self, piece: str) -> bool:
        found = self.found
        piece = piece.strip(" ,;-–—")
        if fold(piece) in countries.by_name():
            if self.address:
                self.address.append(piece)
            return bool(self.address)
        if not found.organisation_latin and ORGANISATION_LATIN.search(piece) and not TITLE_LATIN.match(piece):
            found.organisation_latin = piece
            return True
        if not found.department and re.search(r"\b(?:department|dept\.?|division|abteilung)\b", piece, re.IGNORECASE):
            found.department = piece
            return True
        if TITLE_LATIN.search(piece) and len(piece) <= 80 and (not found.title or not found.title.isascii()):
            if found.title and "/" in found.title:
                return False
            found.title = _both(found.title, piece)
            return True
        bare = HONORIFICS.sub("", piece).strip(" ,")
        if not found.latin_name and LATIN_NAME.fullmatch(bare) and len(bare) <= 50 and not re.search(r"\d", bare):
            found.latin_name = bare.title() if bare.isupper() else bare
            return True
        return False


def _both(first: str, second: str) -> str:
    return " / ".join(part for part in (first.strip(), second.strip()) if part)


def _only_mail(text: str) -> bool:
    return bool(normalise.MAIL.fullmatch(text.lower()))


def _cut(text: str, pattern: re.Pattern[str]) -> str:
    """`text` without what the pattern, written for small letters, finds."""
    lower = text.lower()
    if len(lower) != len(text):
        return pattern.sub(" ", lower)
    for match in reversed(list(pattern.finditer(lower))):
        text = f"{text[: match.start()]} {text[match.end() :]}"
    return re.sub(r"mailto:|<\s*>", " ", text)


def _labelled(segment: str) -> tuple[str, str]:
    """What the label before a segment says it is, and the segment without it."""
    match = LABEL.match(segment)
    if not match:
        return "", segment
    word = fold(match["word"]).replace(" ", "").rstrip(".")
    return LABELS.get(word, "other"), segment[match.end() :].strip()


def _label_within(text: str) -> str:
    """The kind of number that the words before it name."""
    for word in reversed(re.findall(rf"[A-Za-z]+|[{HAN}]+", text)):
        kind = LABELS.get(fold(word), "")
        if kind in ("phone", "mobile", "fax", "office", "direct"):
            return kind
    return ""


def _pieces(text: str) -> list[str]:
    """A line in its parts: Chinese by spaces, and where Chinese and Latin letters meet."""
    text = re.sub(r"[(（]\s*|\s*[)）]", "  ", text)
    parts = [part for part in re.split(rf"\s{{2,}}|\s*[/／,，;]\s*(?!{LEGAL_FORM})(?=\S)", text) if part.strip()]
    if not re.search(f"[{HAN}]", text):
        return [part.strip() for part in parts] if len(parts) > 1 and _splits(parts) else [" ".join(text.split())]
    pieces: list[str] = []
    for part in parts:
        runs = re.findall(rf"[^\sA-Za-zÀ-ÿ]+(?:[A-Za-z0-9]*[^\sA-Za-zÀ-ÿ]+)*|[A-Za-zÀ-ÿ][^{HAN}]*", part.strip())
        pieces.extend(run.strip() for run in runs if run.strip(" ,-"))
    return _with_spaced_names(pieces)


def _splits(parts: list[str]) -> bool:
    """Whether a Latin line lists several things (“Anna Schmidt, Head of Sales”), not one (“Smith, Jones Ltd”)."""
    whole = ", ".join(parts)
    if ORGANISATION_LATIN.search(whole) and not any(TITLE_LATIN.search(part) for part in parts[:-1]):
        return False
    return bool(LATIN_NAME.fullmatch(HONORIFICS.sub("", parts[0]).strip(" ,"))) or bool(TITLE_LATIN.search(parts[0]))


def _with_spaced_names(pieces: list[str]) -> list[str]:
    """王 小明 is one name."""
    joined: list[str] = []
    for piece in pieces:
        if joined and len(joined[-1]) == 1 and joined[-1] in SURNAMES and re.fullmatch(f"[{HAN}]{{1,2}}", piece):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _is_chinese_name(text: str) -> bool:
    bare = text.replace(" ", "").replace("先生", "").replace("小姐", "").replace("女士", "")
    if not re.fullmatch(f"[{HAN}]{{2,4}}", bare):
        return False
    return bare[0] in SURNAMES or bare[:2] in SURNAMES


def _is_mobile(number: str, country: str) -> bool:
    try:
        parsed = phonenumbers.parse(normalise.phone(number, country or None))
    except Refused:
        return False
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE


# Address ------------------------------------------------------------------------------------------------------------


def _is_address(text: str) -> bool:
    if re.search(f"[{HAN}]", text):
        return len(ADDRESS_WIDE.findall(text)) >= 2 and len(text) >= 6 and not ORGANISATION_WIDE.fullmatch(text)
    return bool((ADDRESS_LATIN.search(text) and re.search(r"\d", text)) or CITY_LINE.search(text))


def _goes_on(text: str) -> bool:
    """Whether a line continues the address before it."""
    return fold(text.strip(" .")) in countries.by_name() or bool(CITY_LINE.search(text))


def _joined(address: list[str]) -> str:
    wide = any(re.search(f"[{HAN}]", line) for line in address)
    return ("" if wide else ", ").join(dict.fromkeys(line.strip(" ,") for line in address))


WIDE_ADDRESS = re.compile(
    rf"^(?P<postal_code>\d{{3,6}})?\s*(?P<country>台灣|臺灣|台湾|中國|中国)?\s*(?P<postal_code_2>\d{{3,6}})?\s*"
    rf"(?P<country_area>[{HAN}]{{2,8}}?(?:省|自治區|自治区|縣|县|市))?"
    rf"(?P<city>[{HAN}]{{1,7}}?(?:區|区|鄉|乡|鎮|镇|市|州))?(?P<city_area>[{HAN}]{{1,6}}?(?:區|区|縣|县))?"
    r"(?P<street_address>.+)$"
)
GERMAN = re.compile(
    r"^(?P<street_address>.+?),\s*(?:[A-Z]{1,2}-)?(?P<postal_code>\d{4,5})\s+(?P<city>[^,\d]+?)(?:,.*)?$"
)
AMERICAN = re.compile(
    r"^(?P<street_address>.+?),\s*(?P<city>[^,\d]+),\s*(?P<country_area>[A-Z]{2})\.?,?\s+(?P<postal_code>\d{5}(?:-\d{4})?)"
    r"(?:,.*)?$"
)
BRITISH = re.compile(
    r"^(?P<street_address>.+),\s*(?P<city>[^,\d]+?),?\s+(?P<postal_code>[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?:,.*)?$"
)


def _parts_of(address: list[str], country: str) -> dict[str, str]:
    """The address in parts, if it fits the rules of its country; nothing else is guessed."""
    text = _joined(address)
    for pattern, only in ((WIDE_ADDRESS, ("TW", "CN")), (AMERICAN, ("US",)), (BRITISH, ("GB",)), (GERMAN, ())):
        match = pattern.match(text)
        if not match or (only and country not in only) or not country:
            continue
        parts = {name: value.strip(" ,") for name, value in match.groupdict().items() if value}
        parts["postal_code"] = parts.get("postal_code") or parts.pop("postal_code_2", "")
        parts.pop("postal_code_2", None)
        if country == "CN" and parts.get("country_area", "")[:2] in ("北京", "上海", "天津", "重庆", "重慶"):
            parts.setdefault("city", parts["country_area"])
        try:
            return postal.clean({**parts, "country": country})
        except Refused:
            continue
    return {}


TLD = re.compile(r"[@.][a-z0-9-]+(?:\.(?:com|co|org|net|gov|edu|idv|ac))?\.([a-z]{2})\b", re.IGNORECASE)


def _country_of(text: str, otherwise: str) -> str:
    """The country that a text tells of: by an international number, by its name, by the addresses of mail and pages, by
    the script.
    """
    for match in PhoneNumberMatcher(text, None):
        region = phonenumbers.region_code_for_number(match.number)
        if region:
            return str(region)
    for line in reversed(text.splitlines()):
        code = countries.by_name().get(fold(line.rpartition(",")[2].strip(" .")))
        if code:
            return code
    for found in TLD.findall(text):
        code = {"UK": "GB"}.get(found.upper(), found.upper())
        if countries.known(code) and code not in ("IO", "AI", "CO", "ME", "TV"):
            return str(code)
    if otherwise in ("TW", "CN", "HK", "MO", "SG"):
        return otherwise
    return _country_by_script(text) or otherwise or str(settings.GUANXI_COUNTRY)


def _country_by_script(text: str) -> str:
    han = "".join(re.findall(f"[{HAN}]", text))
    if not han:
        return ""
    return "TW" if fold(han) != han else "CN"
