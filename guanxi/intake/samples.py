"""A small sample file for each kind of import: its header and three good rows."""

from __future__ import annotations

import csv
import io

from guanxi.foundation.actions import Refused
from guanxi.intake import desk_fields, desk_kinds
from guanxi.intake.models import kinds

ROWS: dict[str, list[list[str]]] = {
    "parties": [
        ["external_id", "kind", "name", "latin_name", "mail", "phone", "address", "city", "country", "date_of_birth",
         "role", "works_at", "consent.marketing.mail"],
        ["1001", "person", "王美玲", "Wang Mei-ling", "meiling@example.com", "0912 345 678", "中山北路二段 1 號",
         "台北", "TW", "1985-03-05", "customer", "遠東貿易股份有限公司", "yes"],
        ["1002", "person", "Anna Schmidt", "", "anna@example.de", "+49 221 4710 100", "Domstraße 5", "Köln", "DE",
         "1979-11-30", "prospect", "", "no"],
        ["2001", "organisation", "遠東貿易股份有限公司", "Far East Trading", "info@example.com.tw", "02 2345 6789",
         "信義路五段 7 號", "台北", "TW", "", "customer", "", ""],
    ],
    "relationships": [
        ["party", "kind", "other", "title", "department", "reports_to", "since"],
        ["1001", "works_at", "2001", "採購經理", "採購部", "", "2019-07-01"],
        ["1002", "works_at", "2001", "Key account manager", "業務部", "1001", "2021-01-15"],
        ["1002", "referred_by", "1001", "", "", "", ""],
    ],
    "products": [
        ["code", "name", "category", "brand", "unit", "size", "price", "cost"],
        ["T-100", "高山烏龍茶", "食品 / 茶葉", "清境", "包", "150 g", "480.00", "220.00"],
        ["T-200", "Darjeeling First Flush", "食品 / 茶葉", "Hillside", "包", "100 g", "520.00", "260.00"],
        ["C-010", "藍染茶巾", "家居 / 布品", "", "件", "30 x 40 cm", "260.00", "95.00"],
    ],
    "prices": [
        ["list", "list_name", "currency", "group", "product", "from_quantity", "amount", "valid_from", "valid_until"],
        ["W-2026", "批發價目表 2026", "TWD", "經銷商", "T-100", "1", "410.00", "2026-01-01", "2026-12-31"],
        ["W-2026", "批發價目表 2026", "TWD", "經銷商", "T-100", "50", "385.00", "2026-01-01", "2026-12-31"],
        ["W-2026", "批發價目表 2026", "TWD", "經銷商", "C-010", "1", "215.00", "2026-01-01", ""],
    ],
    "sales": [
        ["customer", "date", "order", "line", "product", "quantity", "amount", "place", "channel"],
        ["1001", "2026-01-05", "A-1", "1", "T-100", "2", "960.00", "台北門市", "till"],
        ["1001", "2026-01-05", "A-1", "2", "C-010", "1", "260.00", "台北門市", "till"],
        ["1002", "2026-01-07", "A-2", "1", "T-200", "1", "520.00", "", "web"],
    ],
    "events": [
        ["customer", "occurred_at", "kind", "channel", "direction", "subject"],
        ["1001", "2026-01-06 10:30", "call", "phone", "in", "詢問茶葉保存方式"],
        ["1002", "2026-01-08 09:00", "mailing.sent", "mail", "out", "新年優惠"],
        ["2001", "2026-01-09 14:00", "visit", "in_person", "out", "拜訪採購部"],
    ],
    "consents": [
        ["customer", "purpose", "channel", "given", "basis", "text", "form", "at"],
        ["1001", "marketing", "mail", "yes", "consent", "我同意收到優惠消息。", "門市加入會員表", "2026-01-05 11:20"],
        ["1002", "marketing", "mail", "no", "consent", "", "newsletter footer", "2026-01-08 20:05"],
        ["1001", "service", "phone", "yes", "contract", "", "", "2026-01-05 11:20"],
    ],
}  # fmt: skip


def sample_file(kind: str) -> bytes:
    """A sample CSV of this kind, UTF-8 with BOM so that spreadsheets read it. Raises Refused for an unknown kind."""
    rows = desk_fields.sample(desk) if (desk := desk_kinds.desk_of(kind)) else ROWS.get(kind)
    if rows is None:
        raise Refused(f"“{kind}”: {', '.join(dict(kinds()))}", "kind")
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
