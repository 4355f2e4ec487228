"""Which column of a table holds what: recognised by its name, in English or Chinese, or said by the caller."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy as _

from guanxi.customers.junk import FEW
from guanxi.customers.matching.errors import CannotMatch, said
from guanxi.foundation.language import fold

MOST_COLUMNS = 2_000
# What each field may be called; compared without case, spaces and punctuation, traditional as simplified characters.
NAMES: dict[str, str] = {
    "id": "id, record id, rec id, unique id, uid, row id, number, no, customer id, customer no, customer number, "
    "customer, client id, person id, party id, member id, key, 編號, 客戶編號, 會員編號, 顧客編號, 序號",
    "full_name": "full name, name, customer name, contact name, contact, person, person name, display name, label, "
    "姓名, 名稱, 客戶姓名, 客戶名稱, 全名, 聯絡人, 聯繫人",
    "given_name": "given name, given names, first name, firstname, first, forename, forenames, christian name, "
    "名, 名字",
    "family_name": "family name, last name, lastname, last, surname, sur name, second name, 姓, 姓氏",
    "date_of_birth": "date of birth, dob, birth date, birthdate, birthday, born, birth, d o b, "
    "生日, 出生日期, 出生年月日",
    "gender": "gender, sex, m f, 性別",
    "mail": "mail, email, e mail, mail address, email address, e mail address, "
    "電子郵件, 郵件, 信箱, 電子信箱, 電郵, 邮箱",
    "telephone": "telephone, phone, tel, mobile, mobile phone, cell, cell phone, phone number, telephone number, "
    "mobile number, contact number, 電話, 手機, 行動電話, 聯絡電話, 手機號碼, 電話號碼",
    "address": "address, street, address 1, address1, address line 1, street address, street name, addr, home address, "
    "postal address, 地址, 住址, 街道, 通訊地址",
    "street_number": "street number, house number, house no, street no, building number, 門牌, 門牌號碼",
    "address_2": "address 2, address2, address line 2, street 2, addr 2, unit, apartment, 地址2, 地址二",
    "city": "city, town, suburb, place, locality, municipality, birth place, birthplace, place of birth, birth city, "
    "residence, location, 城市, 縣市, 市, 鄉鎮, 鄉鎮市區, 出生地",
    "region": "region, state, province, county, district, 省, 州, 區, 地區, 省份",
    "postcode": "postcode, post code, postal code, zip, zip code, zipcode, plz, postcode fake, "
    "郵遞區號, 郵編, 邮政编码",
    "country": "country, country code, nation, 國家, 國別",
    "national_id": "national id, soc sec id, ssn, social security number, social security, national insurance number, "
    "nino, tax id, tax number, vat, vat id, identity number, id number, id card, passport, personal number, "
    "身分證, 身分證字號, 身份證號, 身份證, 證件號碼, 統一編號, 統編, 税号",
    "occupation": "occupation, job, job title, profession, position, title of job, 職業, 職稱, 職位",
    "company": "company, company name, organisation, organization, employer, firm, business, "
    "公司, 公司名稱, 單位, 企業",
}
FIELDS = tuple(NAMES)


@functools.lru_cache(maxsize=1_000)
def plain(name: str) -> str:
    """A column's name as it is compared."""
    return re.sub(r"[\W_]+", "", fold(name))


PLAIN_FIELDS = {plain(field) for field in FIELDS}
KNOWN = {plain(name): field for field, names in NAMES.items() for name in names.split(", ")}


def recognise(columns: list[str], mapping: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which column holds which field: field → column. `mapping` (column → field) comes before the names.

    Of several columns that could hold a field the first is taken. Raises CannotMatch where the mapping is wrong.
    """
    if len(columns) > MOST_COLUMNS:
        message = _("The records have %(count)d columns; at most %(most)d can be read. Leave out what is no field.")
        raise CannotMatch(said(message, {"count": len(columns), "most": MOST_COLUMNS}))
    found: dict[str, str] = {}
    for theirs, ours in (mapping or {}).items():
        if theirs not in columns:
            message = _("There is no column “%(column)s”; there are: %(columns)s.")
            raise CannotMatch(said(message, {"column": theirs, "columns": _listed(columns)}))
        if ours not in NAMES:
            message = _("“%(field)s” is no field; fields are: %(fields)s.")
            raise CannotMatch(said(message, {"field": ours, "fields": ", ".join(FIELDS)}))
        if ours in found:
            message = _("Two columns, “%(first)s” and “%(second)s”, are to be %(field)s; choose one.")
            raise CannotMatch(said(message, {"first": found[ours], "second": theirs, "field": ours}))
        found[ours] = theirs
    taken = set(found.values())
    for column in sorted(columns, key=lambda name: (plain(name) not in PLAIN_FIELDS, columns.index(name))):
        field = KNOWN.get(plain(column))
        if field and field not in found and column not in taken:
            found[field] = column
            taken.add(column)
    if not set(found) - {"id", "country", "gender"}:
        message = _(
            "None of the columns is known: %(columns)s. Name them with --map theirs=ours; fields are: %(fields)s."
        )
        raise CannotMatch(said(message, {"columns": _listed(columns), "fields": ", ".join(FIELDS)}))
    return found


def _listed(columns: list[str], most: int = 20) -> str:
    return ", ".join(columns[:most]) + (" …" if len(columns) > most else "")


def standard(records: pa.Table, mapping: Mapping[str, str] | None = None) -> pa.Table:
    """The records under our names, `id` first (the number of the row, from 1, where there is none), the rest as text.

    Raises CannotMatch: no known column, the same id twice, an id missing.
    """
    names = records.column_names
    double = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    if double:
        raise CannotMatch(said(_("Two columns are called “%(column)s”; rename one."), {"column": min(double)}))
    found = recognise(names, mapping)
    columns = {"id": _ids(records, found.get("id"))}
    for field in FIELDS[1:]:
        if field in found:
            columns[field] = _text(records[found[field]], found[field])
    return pa.table(columns)


def _ids(records: pa.Table, column: str | None) -> pa.Array:
    if column is None:
        return pa.array(range(1, records.num_rows + 1), pa.int64())
    ids = _plain_type(records[column])
    empty = pc.is_null(ids) if pa.types.is_integer(ids.type) else pc.is_null(_text(ids, column))
    if pc.any(empty).as_py():
        row = pc.index(empty, True).as_py() + 1
        message = _("Record %(row)d has no id (column “%(column)s”). Give it one, or leave the column out.")
        raise CannotMatch(said(message, {"row": row, "column": column}))
    counts = pc.value_counts(ids)
    double = pc.filter(pc.struct_field(counts, "values"), pc.greater(pc.struct_field(counts, "counts"), 1))
    if len(double):
        message = _("The id %(id)s stands at %(count)d records (column “%(column)s”). Ids must differ.")
        many = pc.filter(pc.struct_field(counts, "counts"), pc.equal(pc.struct_field(counts, "values"), double[0]))
        raise CannotMatch(said(message, {"id": double[0].as_py(), "count": many[0].as_py(), "column": column}))
    return ids


def _plain_type(column: pa.ChunkedArray) -> pa.Array:
    """One array; whole numbers as they are, all else as text."""
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    return whole if pa.types.is_integer(whole.type) or pa.types.is_string(whole.type) else whole.cast(pa.string())


def _text(column: pa.ChunkedArray | pa.Array, name: str) -> pa.Array:
    """As text without spaces around it, empty as null."""
    try:
        whole = _plain_type(column) if isinstance(column, pa.ChunkedArray) else column
        if pa.types.is_null(whole.type):
            return pa.nulls(len(whole), pa.string())
        if not pa.types.is_string(whole.type):
            whole = whole.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        message = _("Column “%(column)s” holds %(type)s, which is no text: %(error)s")
        raise CannotMatch(said(message, {"column": name, "type": str(column.type), "error": error})) from error
    if len(whole) <= FEW:
        return pa.array([(text.strip() or None) if text else None for text in whole.to_pylist()], pa.string())
    trimmed = pc.utf8_trim_whitespace(whole)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
