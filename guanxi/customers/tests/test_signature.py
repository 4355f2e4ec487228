"""Signatures and business cards as people paste them, in English, traditional and simplified Chinese."""

from __future__ import annotations

import re
from typing import Any

import pytest

from guanxi.customers import signature
from guanxi.customers.signature_words import LABELS
from guanxi.foundation.language import compatible, fold

pytestmark = pytest.mark.any_database

CASES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "english, one thing a line",
        """--
Laura Whitfield
Head of Procurement
Whitfield Bakery Ltd.
12 Market Street
York YO1 8SU
United Kingdom
Tel: +44 1904 555 123
Mobile: +44 7911 123456
Fax: +44 1904 555 124
laura.whitfield@whitfield-bakery.example.co.uk
www.whitfield-bakery.example.co.uk""",
        {
            "name": "Laura Whitfield",
            "title": "Head of Procurement",
            "organisation": "Whitfield Bakery Ltd.",
            "telephones": [("+44 1904 555 123", ""), ("+44 7911 123456", "mobile"), ("+44 1904 555 124", "fax")],
            "mails": ["laura.whitfield@whitfield-bakery.example.co.uk"],
            "webs": ["www.whitfield-bakery.example.co.uk"],
            "country": "GB",
            "parts.postal_code": "YO1 8SU",
            "rest": [],
        },
    ),
    (
        "english, with bars",
        (
            "John Q. Miller | Sales Manager | Acme Foods Inc.\n"
            "1600 Main Street, Springfield, IL 62701\n"
            "O: (217) 555-0142 | M: (217) 555-0199 | jmiller@acmefoods.example.com"
        ),
        {
            "name": "John Q. Miller",
            "title": "Sales Manager",
            "organisation": "Acme Foods Inc.",
            "mails": ["jmiller@acmefoods.example.com"],
            "labels": ["office", "mobile"],
            "parts.country_area": "IL",
            "parts.city": "Springfield",
            "rest": [],
        },
    ),
    (
        "german",
        """Mit freundlichen Grüßen
Dr. Anna-Lena Schmidt
Leiterin Einkauf
Großhandel Nord GmbH & Co. KG
Hafenstraße 7
20457 Hamburg
T +49 40 123456-78
F +49 40 123456-99
M +49 151 23456789
anna.schmidt@grosshandel-nord.example.de""",
        {
            "name": "Anna-Lena Schmidt",
            "title": "Leiterin Einkauf",
            "organisation": "Großhandel Nord GmbH & Co. KG",
            "labels": ["", "fax", "mobile"],
            "country": "DE",
            "parts.postal_code": "20457",
            "parts.city": "Hamburg",
            "rest": ["Mit freundlichen Grüßen"],
        },
    ),
    (
        "name, title in one line",
        (
            "Best regards,\n\nMaria Rossi, Marketing Director\nRossi & Figli S.p.A.\n"
            "m.rossi@rossi.example.it\n+39 02 1234 5678"
        ),
        {
            "name": "Maria Rossi",
            "title": "Marketing Director",
            "organisation": "Rossi & Figli S.p.A.",
            "telephones": [("+39 02 1234 5678", "")],
            "rest": ["Best regards"],
        },
    ),
    (
        "social handles and a slogan go to the note",
        "Ana Sofía Reyes\nCEO, Reyes Media\nLINE ID: anasofia\n“We care.”\nana@reyes.example.com\n",
        {"name": "Ana Sofía Reyes", "rest": ["LINE ID: anasofia", "“We care.”"], "mails": ["ana@reyes.example.com"]},
    ),
    (
        "taiwan, card",
        """美味食品股份有限公司
業務部
王美玲 經理
Wang Mei-ling
手機：0912-345-678
電話：(02) 2345-6789 分機 123
傳真：(02) 2345-6780
E-mail：meiling.wang@delicious.example.com.tw
地址：106 臺北市大安區忠孝東路四段1號5樓
統一編號：12345678""",
        {
            "name": "王美玲",
            "latin_name": "Wang Mei-ling",
            "title": "經理",
            "department": "業務部",
            "organisation": "美味食品股份有限公司",
            "labels": ["mobile", "", "fax"],
            "mails": ["meiling.wang@delicious.example.com.tw"],
            "country": "TW",
            "parts.postal_code": "106",
            "parts.country_area": "臺北市",
            "parts.city": "大安區",
            "parts.street_address": "忠孝東路四段1號5樓",
            "rest": ["統一編號:12345678"],
        },
    ),
    (
        "taiwan, one line with spaces",
        (
            "陳志明 業務經理 David Chen Sales Manager\n大同貿易有限公司\n"
            "TEL: 04-2223-4567  FAX: 04-2223-4568\nM: 0987654321\n"
            "40867 台中市南屯區公益路二段51號18樓\ndavid.chen@datong.example.tw"
        ),
        {
            "name": "陳志明",
            "organisation": "大同貿易有限公司",
            "labels": ["", "fax", "mobile"],
            "parts.postal_code": "40867",
            "parts.city": "南屯區",
        },
    ),
    (
        "taiwan, department and title together",
        (
            "行銷部經理 林怡君\n全球科技股份有限公司 Global Technology Co., Ltd.\n"
            "yichun.lin@global.example.tw  (04)2223-4567#88"
        ),
        {
            "name": "林怡君",
            "department": "行銷部",
            "title": "經理",
            "organisation": "全球科技股份有限公司",
            "organisation_latin": "Global Technology Co., Ltd.",
            "mails": ["yichun.lin@global.example.tw"],
        },
    ),
    (
        "taiwan, name with title attached",
        "黃志明總監\n台灣書店\n高雄市前鎮區中山二路2號\n07-333-4444",
        {"name": "黃志明", "title": "總監", "organisation": "台灣書店", "telephones": [("07-333-4444", "")]},
    ),
    (
        "taiwan, full width and spaces in the name",
        "李　雅婷　秘書\nＴＥＬ：０２－２３４５－６７８９\nＥｍａｉｌ：ｙａｔｉｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ．ｔｗ",
        {
            "name": "李雅婷",
            "title": "秘書",
            "telephones": [("02-2345-6789", "")],
            "mails": ["yating@example.com.tw"],
        },
    ),
    (
        "hong kong",
        (
            "Chan Tai Man 陳大文\nAccount Manager\nHarbour Trading Limited 海港貿易有限公司\nTel: +852 2123 4567\n"
            "Mobile: +852 9123 4567\nchan@harbour.example.hk"
        ),
        {
            "name": "陳大文",
            "latin_name": "Chan Tai Man",
            "title": "Account Manager",
            "organisation": "海港貿易有限公司",
            "labels": ["", "mobile"],
            "country": "HK",
        },
    ),
    (
        "mainland, card",
        """深圳市创新科技有限公司
张伟  销售总监
手机：138 2345 6789
电话：0755-8612 3456
传真：0755-8612 3457
邮箱：zhangwei@chuangxin.example.cn
网址：www.chuangxin.example.cn
地址：518057 广东省深圳市南山区科技园路1号A座""",
        {
            "name": "张伟",
            "title": "销售总监",
            "organisation": "深圳市创新科技有限公司",
            "labels": ["mobile", "", "fax"],
            "mails": ["zhangwei@chuangxin.example.cn"],
            "webs": ["www.chuangxin.example.cn"],
            "country": "CN",
            "parts.country_area": "广东省",
            "parts.city": "深圳市",
            "parts.postal_code": "518057",
            "rest": [],
        },
    ),
    (
        "mainland, by script only",
        "刘洋\n采购部 经理\n北京华夏贸易有限公司\n13912345678\nliuyang@example.com",
        {
            "name": "刘洋",
            "department": "采购部",
            "title": "经理",
            "telephones": [("13912345678", "mobile")],
            "country": "CN",
        },
    ),
    (
        "mainland, wechat stays in the note",
        "欧阳娜娜 设计师\n微信：ouyang_nana\n上海市浦东新区世纪大道100号\nouyang@example.cn",
        {"name": "欧阳娜娜", "title": "设计师", "rest": ["微信:ouyang_nana"]},
    ),
    (
        "two mobiles in one line",
        "王小明\n行動電話：0912-345-678 / 0987-654-321\nxiaoming@example.com.tw",
        {"name": "王小明", "telephones": [("0912-345-678", "mobile"), ("0987-654-321", "mobile")]},
    ),
    (
        "a mail address in brackets",
        "Peter Jones <peter.jones@example.org>\nSenior Software Engineer\nExample University",
        {
            "name": "Peter Jones",
            "mails": ["peter.jones@example.org"],
            "title": "Senior Software Engineer",
            "organisation": "Example University",
            "rest": [],
        },
    ),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_signatures(text: str, expected: dict[str, Any]) -> None:
    found = signature.read(text)
    said = vars(found) | {f"parts.{name}": value for name, value in found.parts.items()}
    said["labels"] = [label for _number, label in found.telephones]
    assert {name: said.get(name) for name in expected} == expected, found


@pytest.mark.parametrize("text", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_nothing_is_lost(text: str) -> None:
    """Every letter and digit of the text stands somewhere in what was found."""
    found = signature.read(text)
    numbers = [number for number, _label in found.telephones]
    kept = [found.name, found.latin_name, found.title, found.department, found.organisation, found.organisation_latin]
    everything = fold(" ".join([*kept, *numbers, *found.mails, *found.webs, found.address, *found.rest]))
    words = re.findall(r"[a-z0-9]+|[\u3400-\u9fff]+", fold(compatible(text)))
    labels = set(LABELS) | {"dr", "id", "url", "e", "mail"}
    together = re.sub(r"\W", "", everything)
    lost = [word for word in words if word not in labels and word not in together]
    lost = [word for word in lost if word.isascii() or not set(word) <= set(together)]  # 行銷部經理: in two fields
    assert lost == []


def test_nonsense_is_kept_and_long_texts_end() -> None:
    assert signature.read("???").rest == ["???"]
    assert signature.read("").rest == []
    assert signature.read("x" * 20_000 + "\n" + "王" * 20_000).rest
    assert signature.read("\x00 nul").rest == ["nul"]
