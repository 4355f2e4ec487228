"""What people write where they have nothing to say: test, n/a, 0000000, info@, 1900-01-01.

Such values make strangers look alike, so they are taken as missing before records are compared. Each function takes one
value as it was written; `without` takes a whole Arrow column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from guanxi.foundation.language import fold, fold_array

NOTHING = frozenset(
    "- -- --- . .. ... ? ?? x xx xxx xxxx n/a na n.a n.a. nil none null nan nothing unknown unk unbekannt inconnu "
    "undefined tbd tba missing blank empty test tests testing tester dummy sample example asdf asdfg asdfgh qwerty abc "
    "aaa aaaa 无 不详 未知 未填 未提供 没有 空 空白 测试 匿名 不明 暂无 保密".split()
) | {"not known", "not available", "not applicable", "not given", "no name", "test test", "john doe", "jane doe"}
NAMES = NOTHING | frozenset(
    "customer guest user admin anonymous private client new cash 客户 顾客 访客 会员 散客".split()
)
MAILBOXES = frozenset(
    "info mail email office admin administrator noreply no-reply donotreply do-not-reply none test contact kontakt "
    "sales support service hello postmaster webmaster hostmaster accounts accounting billing example nobody abuse na "
    "marketing enquiries root mailer-daemon".split()
)
DOMAINS = frozenset(
    "example.com example.org example.net test.com mailinator.com none.com noemail.com nomail.com".split()
)
DAYS = frozenset("19000101 19010101 18991230 18000101 19700101 11111111 00010101 99991231 20000000 00000000".split())
SAYS, ONE_SIGN = re.compile(r"\w"), re.compile(r"(\w)\1{3,}")
DRAWN_NUMBERS = ("1234567", "12345678", "123456789", "1234567890", "0123456789", "987654321", "9876543210", "7654321")


def ready_made() -> list[tuple[str, list[str]]]:
    """What is taken as missing by itself, as (words, values)."""
    return [
        (_("Instead of any value"), sorted(NOTHING)),
        (_("Names"), sorted(NAMES - NOTHING)),
        (_("Mailboxes of nobody"), sorted(f"{name}@" for name in MAILBOXES)),
        (_("Mail domains of nobody"), sorted(f"@{name}" for name in DOMAINS)),
        (_("Telephone numbers"), [*DRAWN_NUMBERS, _("all digits alike, fewer than six digits")]),
        (_("Dates of birth"), sorted(f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in DAYS)),
    ]


def is_junk_text(value: str) -> bool:
    """Whether the value says that there is none (unknown, n/a, 無, ???)."""
    text = fold(value).strip()
    return text in NOTHING or not SAYS.search(text) or ONE_SIGN.fullmatch(text) is not None


def is_junk_name(value: str) -> bool:
    """Whether this is nobody's name: test, guest, 匿名, digits only."""
    text = fold(value).strip()
    return text in NAMES or is_junk_text(text) or text.replace(" ", "").isdigit()


def is_junk_mail(value: str) -> bool:
    """Whether this is no mailbox of one person: info@, noreply@, anything at example.com, no address at all."""
    local, at, domain = value.strip().lower().rpartition("@")
    return not at or not domain or local.split("+")[0] in MAILBOXES or domain in DOMAINS or is_junk_text(local)


def is_junk_telephone(value: str) -> bool:
    """Whether nobody can be called there: under six digits, all but one alike, counted up."""
    digits = re.sub(r"\D", "", value)
    if len(digits) < 6:
        return True
    tail = digits[-7:]
    return len(set(tail)) == 1 or digits.endswith("000000") or digits.lstrip("0") in DRAWN_NUMBERS


def is_junk_date(value: str) -> bool:
    """Whether this date stands for none: 1900-01-01, 1970-01-01, 0001-01-01, 9999-12-31."""
    digits = re.sub(r"\D", "", value[:10])
    return digits in DAYS or is_junk_text(value) or not digits.strip("0")


def is_junk_number(value: str) -> bool:
    """Whether this is no number of a person (national id, card): too short, all alike, counted up."""
    text = re.sub(r"\W", "", fold(value))
    return len(text) < 4 or len(set(text)) == 1 or text.lstrip("0") in DRAWN_NUMBERS or is_junk_text(value)


RULES: dict[str, Callable[[str], bool]] = {
    "full_name": is_junk_name,
    "given_name": is_junk_name,
    "family_name": is_junk_name,
    "date_of_birth": is_junk_date,
    "mail": is_junk_mail,
    "telephone": is_junk_telephone,
    "national_id": is_junk_number,
}
FEW = 300  # values that are looked at one by one, here and in matching, rather than as a column: quicker for one record
REPEATED = "(?:" + "|".join(f"{sign}{{4,}}" for sign in "abcdefghijklmnopqrstuvwxyz0123456789_") + ")"
# What may be junk among much that is not, and so gets a closer look: each pattern finds all that its rule finds, and
# some more. Whatever is not plain ASCII is looked at in any case.
_MAILBOXES = "|".join(sorted(map(re.escape, MAILBOXES | NOTHING)))
SUSPECT: dict[Callable[[str], bool], str] = {
    is_junk_mail: rf"\s|^[^@]*$|^(?i:{_MAILBOXES})(\+.*)?@|@(?i:{'|'.join(sorted(DOMAINS))})$|^\W*\w?\W*@|@$|^\W+@"
    rf"|^(?i:{REPEATED})@|^\W*@",
    is_junk_telephone: "".join(rf"(?:\D*{digit}){{6}}\D*$|" for digit in range(10))
    + r"^(?:\D*\d){0,5}\D*$|^[\D0]*1\D*2\D*3\D*4\D*5|^[\D0]*9\D*8\D*7\D*6|^[\D0]*7\D*6\D*5",
    is_junk_number: "".join(rf"^(?:\W*{digit})+\W*$|" for digit in range(10))
    + r"^\D*$|^\W*(?:\w\W*){0,3}$|1\W*2\W*3\W*4\W*5\W*6|9\W*8\W*7\W*6\W*5\W*4|7\W*6\W*5\W*4\W*3\W*2",
    is_junk_date: r"^\D|^[^1-9]*$|^[^1-9]{10}|^\d+\s*$|^" + "|^".join(r"\D*".join(day) for day in sorted(DAYS)),
    is_junk_text: r"^[^\pL\pN_]*$",
    is_junk_name: r"^[^\pL\pN_]*$|^[\pN\s]*$",
}
WORDS: dict[Callable[[str], bool], frozenset[str]] = {is_junk_text: NOTHING, is_junk_name: NAMES}


def without(field: str, values: pa.Array, more: Iterable[str] = ()) -> pa.Array:
    """The values with junk as null; `more` are values that somebody declared to be junk too.

    Equal to the functions above, without looking at each of a million values.
    """
    rule = RULES.get(field, is_junk_text)
    if values.null_count == len(values):
        return values
    mine = {fold(value).strip() for value in more}
    if len(values) <= FEW:
        kept = [None if v is None or rule(v) or fold(v).strip() in mine else v for v in values.to_pylist()]
        return pa.array(kept, pa.string())
    folded = pc.utf8_trim_whitespace(fold_array(values))
    looked = pc.unique(pc.filter(values, pc.fill_null(_suspect(values, folded, rule), False)))
    bad = pc.is_in(values, value_set=pa.array([value for value in looked.to_pylist() if rule(value)], pa.string()))
    bad = pc.fill_null(pc.or_(bad, pc.is_in(folded, value_set=pa.array(sorted(mine), pa.string()))), False)
    return pc.if_else(bad, pa.scalar(None, pa.string()), values) if pc.any(bad).as_py() else values


def _suspect(values: pa.Array, folded: pa.Array, rule: Callable[[str], bool]) -> pa.Array:
    """Which values need a closer look."""
    words = WORDS.get(rule)
    if words is None:
        odd = pc.match_substring_regex(values, SUSPECT[rule])
        return pc.or_(odd, pc.invert(pc.string_is_ascii(values)))
    odd = pc.or_(pc.match_substring_regex(folded, SUSPECT[rule]), pc.is_in(folded, value_set=pa.array(sorted(words))))
    lengths = pc.utf8_length(folded)
    one_sign = pc.equal(folded, pc.binary_repeat(pc.utf8_slice_codeunits(folded, 0, 1), lengths))
    return pc.or_(odd, pc.and_(pc.greater(lengths, 3), one_sign))
