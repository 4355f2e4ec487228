"""What may be said of a custom field: its names and options, checked before they are kept."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from guanxi.foundation import hooks, typed_json
from guanxi.foundation.actions import Refused
from guanxi.foundation.custom_fields import homes, kinds
from guanxi.foundation.custom_fields.models import CustomField, named
from guanxi.foundation.language.forms import fold, has_han
from guanxi.foundation.language.pinyin import readings
from guanxi.foundation.money import to_decimal

K = CustomField.Kind
LANGUAGES = [code for code, _name in settings.LANGUAGES]
COLOURS = ("grey", "teal", "blue", "amber", "red")
LONGEST_NAME = 80
MOST_CHOICES = 200
LONGEST_FORMULA = 2000


def names(given: Any) -> dict[str, str]:
    """The names by language, of which there must be one at least."""
    if isinstance(given, str):
        given = {"en": given}
    if not isinstance(given, dict):
        raise Refused(_("Give the names by language, such as {“en”: “Budget”}."), "names")
    kept = {code: str(given.get(code) or "").strip() for code in LANGUAGES}
    kept = {code: name for code, name in kept.items() if name}
    if not kept:
        raise Refused(_("Give the field a name, in one language at least."), "names")
    if any(len(name) > LONGEST_NAME for name in kept.values()):
        raise Refused(_("At most %(limit)s characters.") % {"limit": LONGEST_NAME}, "names")
    return kept


def key_for(object_type: str, given: str, names_: dict[str, str]) -> str:
    """The key: as given, or made of the name, and not taken by what the type has already."""
    key = given.strip() or _made_key(object_type, names_)
    if key in _taken(object_type):
        raise Refused(_("“%(key)s” is a field of these records already.") % {"key": key}, "key")
    return key


def _made_key(object_type: str, names_: dict[str, str]) -> str:
    name = names_.get("en") or next(iter(names_.values()))
    base = slugify(_latin(name)).replace("-", "_")[:34].strip("_")
    base = base if re.match(r"[a-z]", base) else f"field_{base}".rstrip("_")
    taken = set(CustomField.objects.filter(object_type=object_type).values_list("key", flat=True))
    taken |= _taken(object_type)
    return next(name for name in (base, *(f"{base}_{number}" for number in range(2, 1000))) if name not in taken)


def _taken(object_type: str) -> set[str]:
    """What the type has already: the columns of its table, and what packages declare."""
    home = homes.find(object_type)
    own = {field.name for field in home.model._meta.concrete_fields} if home else set()
    return own | {name for door in hooks.get("custom_keys_taken") for name in door(object_type)}


def options(kind: str, given: Any, before: CustomField | None = None) -> dict[str, Any]:
    """The options that a kind has, checked; those of another kind are left out."""
    if not isinstance(given, dict):
        raise Refused(_("Give the options as an object."), "options")
    kept: dict[str, Any] = {}
    for name, check in _CHECKS.get(K(kind), {}).items():
        value = check(given.get(name), before)
        if value not in (None, "", []):
            kept[name] = value
    least, most = (typed_json.exact(kept.get(name)) for name in ("least", "most"))
    if least is not None and most is not None and least > most:
        raise Refused(_("The least is above the most."), "least")
    return kept


def default(field: CustomField, given: Any) -> Any:
    """The default, of the kind of the field."""
    if field.worked_out:
        return None
    try:
        return kinds.clean(field, given)
    except ValidationError as error:
        raise Refused(error.messages[0], "default") from error


def choices(given: Any, _before: CustomField | None = None) -> list[dict[str, Any]]:
    """The choices: codes that stay what they are, names, colours; a new one gets its code from its name."""
    if not isinstance(given, list) or not given:
        raise Refused(_("Give one choice at least."), "choices")
    if len(given) > MOST_CHOICES:
        raise Refused(_("At most %(limit)s choices.") % {"limit": MOST_CHOICES}, "choices")
    codes = {str(one["code"]) for one in given if isinstance(one, dict) and one.get("code")}
    kept = [_choice(one if isinstance(one, dict) else {"names": one}, codes) for one in given]
    written = [one["code"] for one in kept]
    if len(set(written)) < len(written):
        raise Refused(_("Two choices have the same code."), "choices")
    said = [named(one["names"]).casefold() for one in kept if not one.get("gone")]
    if len(set(said)) < len(said):
        raise Refused(_("Two choices have the same name."), "choices")
    return kept


def _choice(one: dict[str, Any], codes: set[str]) -> dict[str, Any]:
    given = one.get("names")
    try:
        said = names(given)
    except Refused as refusal:
        raise Refused(refusal.message, "choices") from refusal
    code = str(one.get("code") or "").strip()
    if not code:
        base = slugify(_latin(named(said)))[:40] or f"c-{uuid.uuid4().hex[:6]}"
        code = next(name for name in (base, *(f"{base}-{number}" for number in range(2, 999))) if name not in codes)
        codes.add(code)
    if not re.fullmatch(r"[^\s,;\"'\\\x00]{1,60}", code):
        raise Refused(_("The code “%(code)s” holds blanks, commas or quotes.") % {"code": code[:60]}, "choices")
    colour = str(one.get("colour") or "grey")
    kept = {"code": code, "names": said, "colour": colour if colour in COLOURS else "grey"}
    return {**kept, "gone": True} if one.get("gone") else kept


def _pattern(given: Any, _before: CustomField | None) -> str | None:
    if not given:
        return None
    try:
        re.compile(str(given))
    except re.error as error:
        raise Refused(_("This pattern cannot be read: %(reason)s.") % {"reason": error}, "pattern") from error
    return str(given)[:200]


def _limit(name: str) -> Callable[[Any, CustomField | None], Any]:
    def check(given: Any, _before: CustomField | None) -> Any:
        if given in (None, ""):
            return None
        try:
            number = to_decimal(given)
        except ValidationError as error:
            raise Refused(error.messages[0], name) from error
        return int(number) if number == number.to_integral_value() else float(number)

    return check


def _currency(given: Any, _before: CustomField | None) -> str:
    code = str(given or settings.GUANXI_CURRENCY).strip().upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise Refused(_("A currency is three letters, such as TWD."), "currency")
    return code


def _unit(given: Any, _before: CustomField | None) -> str | None:
    return str(given).strip()[:20] if given else None


_RANGE = {"least": _limit("least"), "most": _limit("most")}
_CHECKS: dict[str, dict[str, Callable[[Any, CustomField | None], Any]]] = {
    K.TEXT: {"pattern": _pattern},
    K.NUMBER: {**_RANGE, "unit": _unit},
    K.MONEY: {**_RANGE, "currency": _currency},
    K.CHOICE: {"choices": choices},
    K.CHOICES: {"choices": choices},
}


def _latin(said: str) -> str:
    """A name in Latin letters, so that a key can be made of it."""
    read = [f" {readings(fold(one))[0]} " if has_han(one) and readings(fold(one)) else one for one in said]
    return "".join(read)
