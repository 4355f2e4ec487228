"""What each kind of custom field takes, how it is stored and how people read it.

`clean(field, value)` turns what a person, a program or a file says into what JSON holds, or raises ValidationError with
the reason. Cleaning what is stored gives the same again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils import timezone
from django.utils.translation import gettext as _

from guanxi.foundation import clock, hooks, typed_json
from guanxi.foundation.custom_fields.models import CustomField, named
from guanxi.foundation.desk import Kind, display
from guanxi.foundation.models import User
from guanxi.foundation.money import to_decimal

K = CustomField.Kind
LONGEST = {K.TEXT: 200, K.LONG_TEXT: 10_000, K.LINK: 500}
DIGITS = 15  # of a number: as many as a JSON number keeps in every program
MOST_CHOICES = 200
YES = {"yes", "true", "1", "y", "是", "有", "on"}
NO = {"no", "false", "0", "n", "否", "無", "无", "off"}

TYPES = {
    K.NUMBER: typed_json.NUMBER,
    K.MONEY: typed_json.NUMBER,
    K.PERSON: typed_json.NUMBER,
    K.PARTY: typed_json.NUMBER,
    K.YES_NO: typed_json.BOOLEAN,
    K.DATE: typed_json.DAY,
    K.MOMENT: typed_json.MOMENT,
}
DESK_KINDS = {
    K.TEXT: Kind.TEXT,
    K.LINK: Kind.TEXT,
    K.LONG_TEXT: Kind.LONG_TEXT,
    K.NUMBER: Kind.NUMBER,
    K.MONEY: Kind.MONEY,
    K.DATE: Kind.DATE,
    K.MOMENT: Kind.MOMENT,
    K.CHOICE: Kind.CHOICE,
    K.CHOICES: Kind.CHOICE,
    K.PERSON: Kind.CHOICE,
    K.PARTY: Kind.REFERENCE,
    K.YES_NO: Kind.BOOLEAN,
}


def type_of(field: CustomField) -> str | None:
    """How the database compares the values; None where it does not (several choices)."""
    return None if field.result == K.CHOICES else TYPES.get(K(field.result), typed_json.TEXT)


def clean(field: CustomField, value: Any) -> Any:
    """`value` as it is stored, None for nothing; raises ValidationError with the reason where it is of another kind."""
    if isinstance(value, str):
        value = value.strip()
    if value is None or value == "" or value == []:
        return None
    return _CLEANERS[K(field.result)](field, value)


def text(field: CustomField, value: Any) -> str:
    """A stored value as people read it."""
    if value is None or value == "":
        return ""
    return _WORDS.get(K(field.result), _plain_words)(field, value)


def choices(field: CustomField) -> list[tuple[str, str]]:
    """What may be chosen: code and name."""
    return [(one["code"], named(one.get("names")) or one["code"]) for one in field.choice_list if not one.get("gone")]


def colours(field: CustomField) -> dict[str, str]:
    """The colour of each choice."""
    return {one["code"]: one.get("colour") or "grey" for one in field.choice_list}


def colleagues() -> list[tuple[int, str]]:
    """Whoever works for the business, by number and name."""
    rows = User.objects.filter(is_staff=True, is_active=True).order_by("username")[:MOST_CHOICES]
    return [(row.pk, str(row)) for row in rows]


# In ---------------------------------------------------------------------------------------------------------------


def _text(field: CustomField, value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValidationError(_("A text is needed here."))
    said = str(value)
    longest = LONGEST.get(K(field.result), LONGEST[K.TEXT])
    if "\x00" in said:
        raise ValidationError(_("This text holds characters that cannot be stored."))
    if len(said) > longest:
        raise ValidationError(_("At most %(limit)s characters."), params={"limit": longest})
    pattern = field.options.get("pattern") or ""
    if pattern and field.kind == K.TEXT and not re.fullmatch(pattern, said):
        raise ValidationError(
            _("“%(value)s” does not have the form that is asked for: %(pattern)s."),
            params={"value": said, "pattern": pattern},
        )
    return said


def _number(field: CustomField, value: Any) -> int | float:
    if isinstance(value, bool):
        raise ValidationError(_("“%(value)s” is not a number."), params={"value": value})
    said = (
        value.replace(",", "")
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", value)
        else value
    )
    if isinstance(said, float):
        said = repr(said)
    number = to_decimal(said)
    if len(number.normalize().as_tuple().digits) > DIGITS or abs(number) >= Decimal(10) ** DIGITS:
        raise ValidationError(
            _("%(value)s has more than %(digits)s digits."), params={"value": value, "digits": DIGITS}
        )
    bounds = {} if field.worked_out else field.options
    least, most = typed_json.exact(bounds.get("least")), typed_json.exact(bounds.get("most"))
    if least is not None and number < least:
        raise ValidationError(_("%(value)s is below %(limit)s."), params={"value": value, "limit": least})
    if most is not None and number > most:
        raise ValidationError(_("%(value)s is above %(limit)s."), params={"value": value, "limit": most})
    return int(number) if number == number.to_integral_value() else float(number)


def _day(_field: CustomField, value: Any) -> str:
    if isinstance(value, datetime):
        value = clock.day_of(value) if timezone.is_aware(value) else value.date()
    found = typed_json.day(str(value)[:10].replace("/", "-")) if not isinstance(value, date) else value
    if found is None or (isinstance(value, str) and len(value) > 10 and typed_json.moment(value) is None):
        raise ValidationError(_("“%(value)s” is not a date; write it like 2017-03-31."), params={"value": value})
    return found.isoformat()


def _moment(_field: CustomField, value: Any) -> str:
    found = value if isinstance(value, datetime) else None
    if found is None and isinstance(value, str):
        found = datetime.fromisoformat(value) if _is_iso(value) else None
    if found is None:
        words = _("“%(value)s” is not a date with time; write it like 2017-03-31 14:30.")
        raise ValidationError(words, params={"value": value})
    try:
        aware = found if timezone.is_aware(found) else timezone.make_aware(found, clock.zone())
        return typed_json.written(aware.astimezone(UTC))
    except (OverflowError, ValueError):
        raise ValidationError(_("This moment lies too far away.")) from None


def _is_iso(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return len(value) >= 10


def _choice(field: CustomField, value: Any) -> str:
    said = str(value)
    known = {one["code"] for one in field.choice_list if not one.get("gone")}
    if said in known or field.worked_out:
        return said
    by_name = {
        str(name).strip().casefold(): one["code"]
        for one in field.choice_list
        if not one.get("gone")
        for name in (one.get("names") or {}).values()
        if name
    }
    found = by_name.get(said.casefold())
    if found is None:
        names = ", ".join(name for _code, name in choices(field)[:20])
        raise ValidationError(
            _("“%(value)s” is not one of: %(choices)s."), params={"value": said[:100], "choices": names}
        )
    return str(found)


def _choices(field: CustomField, value: Any) -> list[str] | None:
    if isinstance(value, str):
        value = _json_list(value) or [part for part in re.split(r"[,;，；、\n]", value) if part.strip()]
    if not isinstance(value, list | tuple | set):
        value = [value]
    found = list(dict.fromkeys(_choice(field, part.strip() if isinstance(part, str) else part) for part in value))
    order = [one["code"] for one in field.choice_list]
    return sorted(found, key=order.index) or None


def _json_list(value: str) -> list[Any]:
    import json

    try:
        found = json.loads(value) if value.startswith("[") else []
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _yes_no(_field: CustomField, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    said = str(value).casefold()
    if said not in YES | NO:
        raise ValidationError(_("“%(value)s” is neither yes nor no."), params={"value": value})
    return said in YES


def _reference(value: Any) -> int:
    said = str(getattr(value, "pk", value))
    if not said.isdecimal() or len(said) > 15:
        raise ValidationError(_("“%(value)s” is not the number of a record."), params={"value": value})
    return int(said)


def _person(_field: CustomField, value: Any) -> int:
    said = str(getattr(value, "pk", value))
    users = User.objects.filter(is_staff=True)
    row = users.filter(pk=int(said)).first() if said.isdecimal() and len(said) < 16 else None
    row = (
        row
        or users.filter(username__iexact=said).first()
        or (users.filter(email__iexact=said).first() if "@" in said else None)
    )
    if row is None:
        raise ValidationError(
            _("“%(value)s” is no colleague; give the number or the log-in name."), params={"value": said}
        )
    return row.pk


def _party(_field: CustomField, value: Any) -> int:
    doors = hooks.get("custom_party")
    said = re.fullmatch(r".*#(\d{1,15})", value) if isinstance(value, str) else None  # as the data list writes it
    if isinstance(value, str) and not said and not value.isdecimal() and doors:
        value = doors[0].called(value) or value
    number = _reference(said[1] if said else value)
    if doors and not doors[0].exists(number):
        raise ValidationError(_("There is no customer with the number %(value)s."), params={"value": number})
    return number


def _link(field: CustomField, value: Any) -> str:
    said = _text(field, value)
    if "://" not in said and re.fullmatch(r"[\w-]+(\.[\w-]+)+([/?#].*)?", said):
        said = f"https://{said}"
    try:
        URLValidator(schemes=["http", "https"])(said)
    except ValidationError:
        raise ValidationError(_("“%(value)s” is no address of a web page."), params={"value": said[:100]}) from None
    return said


_CLEANERS: dict[str, Callable[[CustomField, Any], Any]] = {
    K.TEXT: _text,
    K.LONG_TEXT: _text,
    K.NUMBER: _number,
    K.MONEY: _number,
    K.DATE: _day,
    K.MOMENT: _moment,
    K.CHOICE: _choice,
    K.CHOICES: _choices,
    K.YES_NO: _yes_no,
    K.PERSON: _person,
    K.PARTY: _party,
    K.LINK: _link,
}


# Out --------------------------------------------------------------------------------------------------------------


def _plain_words(field: CustomField, value: Any) -> str:
    kind = DESK_KINDS[K(field.result)]
    leaf = typed_json.Leaf(type_of(field) or typed_json.TEXT)
    read = leaf.value(value)
    return display.text(kind if read is not None else Kind.TEXT, value if read is None else read)


def _amount_words(field: CustomField, value: Any) -> str:
    unit = field.options.get("currency") if field.result == K.MONEY else field.options.get("unit")
    words = _plain_words(field, value)
    if not unit:
        return words
    return f"{unit} {words}" if field.result == K.MONEY else f"{words} {unit}"


def _choice_words(field: CustomField, value: Any) -> str:
    names = {one["code"]: named(one.get("names")) or one["code"] for one in field.choice_list}
    codes = value if isinstance(value, list) else [value]
    return ", ".join(str(names.get(code, code)) for code in codes)


def _person_words(_field: CustomField, value: Any) -> str:
    return str(User.objects.filter(pk=value).first() or value) if isinstance(value, int) else str(value)


def _party_words(_field: CustomField, value: Any) -> str:
    doors = hooks.get("custom_party")
    return doors[0].names([value]).get(value, str(value)) if doors and isinstance(value, int) else str(value)


_WORDS: dict[str, Callable[[CustomField, Any], str]] = {
    K.NUMBER: _amount_words,
    K.MONEY: _amount_words,
    K.CHOICE: _choice_words,
    K.CHOICES: _choice_words,
    K.PERSON: _person_words,
    K.PARTY: _party_words,
}
