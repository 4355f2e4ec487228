"""The words that tell the parts of a signature apart: labels, titles, departments, kinds of companies, streets."""

from __future__ import annotations

import re

# What a label says that follows it; folded, that is in small letters and simplified characters.
LABELS = {
    word: kind
    for kind, words in {
        "phone": "t tel telephone phone ph p telefon fon 电话 公司电话 联络电话 联系电话 tel/fax",
        "office": "o office work buro 办公室 公司 总机 代表号 直线",
        "direct": "d direct ddi durchwahl 专线",
        "mobile": "m mob mobile mobil cell cellphone handy c hp 手机 行动 行动电话 移动电话 手提",
        "fax": "f fax telefax 传真",
        "mail": "e email e-mail mail 邮箱 电邮 电子邮件 电子邮箱 电子信箱 信箱 邮件",
        "web": "w web website url www site homepage 网址 网站 官网",
        "address": "a add addr address adresse office address 地址 公司地址 办公地址 联络地址",
    }.items()
    for word in words.split()
}
LABEL = re.compile(
    r"^(?P<word>[A-Za-z][A-Za-z\- ./]{0,18}?|[\u3400-\u9fff]{2,6}|"
    r"[\u3400-\u9fff](?:\s+)[\u3400-\u9fff])\s*(?:[:：]\s*|\.\s+(?=[\d+(])|"
    r"(?<=\b[TMFEWAPDCOtmf])\s+(?=[\d+(])|(?<=[A-Za-z])\s+(?=\+|\(?0)|(?<=電話|手機|傳真|电话|手机|传真|地址)\s*(?=[\d+(]))"
)
SURNAMES = set(
    "王李張张劉刘陳陈楊杨黃黄趙赵吳吴周徐孫孙馬马朱胡郭何高林羅罗鄭郑梁謝谢宋唐許许韓韩馮冯鄧邓曹彭曾蕭萧田董袁潘於蔣蒋蔡"
    "余杜葉叶程蘇苏魏呂吕丁任沈姚盧卢姜崔鍾钟譚谭陸陆汪范金石廖賈贾夏韋韦付方白鄒邹孟熊秦邱江尹薛閻阎段雷侯龍龙史陶黎賀贺"
    "顧顾毛郝龔龚邵萬万錢钱嚴严覃武戴莫孔向湯汤賴赖游詹簡简莊庄柯歐欧連连施洪翁涂溫温紀纪倪童卓古辜巫尤康季藍蓝鮑鲍傅"
    "凌盛牛殷章申伍佘米柳文華华齊齐左寧宁耿焦甘祝包阮費费卜裴霍項项單单俞成安樊葛宮宫穆路喻甄曲駱骆池冉初關关"
) | {"歐陽", "欧阳", "司馬", "司马", "上官", "諸葛", "诸葛", "張簡", "范姜", "司徒", "皇甫", "慕容"}
HONORIFICS = re.compile(
    r"\b(?:Dr|Prof|Mr|Mrs|Ms|Miss|Herr|Frau|Ing|Dipl\.?-?\s?(?:Ing|Kfm|Kffr))\.?\s+|,?\s*\b(?:Ph\.?D|MBA|"
    r"M\.?D|CPA|Esq|Jr|Sr|PMP)\.?$",
    re.IGNORECASE,
)
ORGANISATION_WIDE = re.compile(
    "(?:公司|集團|集团|企業社|企业|銀行|银行|大學|大学|學院|学院|醫院|医院|診所|诊所|事務所|事务所|商行|工作室|基金會|基金会|協會|协会|"
    "研究院|研究所|出版社|旅行社|合作社|中學|中学|小學|小学|工廠|工厂|書店|书店|餐廳|餐厅|飯店|饭店|酒店|超市|百貨|百货|科技|實業|实业|"
    "國際|国际|控股|貿易|贸易|藥局|药房)(?:[(（][^)）]*[)）])?$|^(?:財團法人|社團法人)"
)
ORGANISATION_LATIN = re.compile(
    r"(?:\b(?:Inc|LLC|LLP|Ltd|Limited|GmbH|AG|KG|OHG|UG|e\.V|Corp|Corporation|Company|PLC|Pte|Pty|Group|"
    r"Holdings?|University|"
    r"Institute|Bank|Hospital|Studios?|Associates|Foundation|SE|SARL|SRL|S\.?p\.?A|B\.?V|N\.?V|AB|Oy|"
    r"S\.?A\.?S?|Co)\b\.?"
    r"(?:\s*&\s*Co\.?(?:\s*KG)?)?|,?\s*Co\.,?\s*Ltd\.?|\b(?:Technologies|Technology|Solutions|Consulting|"
    r"Industries|Systems|Labs|"
    r"Logistics|Enterprises|Trading|Bakery|Foods|Media|Partners))$",
    re.IGNORECASE,
)
TITLE_WIDE = re.compile(
    "(?:資深|资深|高級|高级|副|助理|執行|执行|區域|区域|業務|业务|行銷|市場|市场|銷售|销售|產品|产品|專案|项目|客戶|客户|技術|技术|採購|采购|"
    "財務|财务|人資|人力資源|總|总|首席|研發|研发|軟體|软件)*"
    "(?:董事長|董事长|總經理|总经理|副總|副总|總裁|总裁|總監|总监|協理|协理|經理|经理|襄理|主任|課長|课长|科長|科长|處長|处长|部長|部长|組長|组长|"
    "店長|店长|廠長|厂长|主管|專員|专员|專家|专家|工程師|工程师|設計師|设计师|顧問|顾问|助理|秘書|秘书|代表|負責人|负责人|創辦人|创始人|合夥人|合伙人|"
    "執行長|首席執行官|首席执行官|教授|講師|讲师|醫師|医师|醫生|医生|律師|律师|會計師|会计师|會計|会计|業務員|业务员|採購|采购|研究員|研究员|長$)"
)
TITLE_LATIN = re.compile(
    r"\b(?:Manager|Director|Engineer|C[ETFOMI]O|President|VP|Head of|Head|Officer|Consultant|Assistant|"
    r"Executive|Representative|"
    r"Specialist|Analyst|Coordinator|Founder|Co-Founder|Partner|Owner|Professor|Lawyer|Attorney|Buyer|Lead|"
    r"Leader|Developer|"
    r"Designer|Supervisor|Secretary|Accountant|Architect|Researcher|Advisor|Adviser|Editor|Chairman|"
    r"Chairwoman|Sales|Marketing|"
    r"Purchasing|Procurement|Geschäftsführerin?|Leiterin?|Leitung|Vertrieb|Einkauf|Prokuristi?n?|"
    r"Teamleiterin?|Sachbearbeiterin?)\b"
)
DEPARTMENT = re.compile("(?:部門|部|處|处|課|课|科|室|中心|組|组|事業群|事业群)$")
ADDRESS_WIDE = re.compile(r"[市縣县區区鄉乡鎮镇路街段巷弄號号樓楼室省幢栋棟村里道]|\d+F|\d+樓")
ADDRESS_LATIN = re.compile(
    r"\b(?:Street|St\.|Str\.|Road|Rd\.?|Avenue|Ave\.?|Boulevard|Blvd\.?|Lane|Ln\.?|Drive|Dr\.|Suite|Floor|"
    r"Fl\.|Square|Sq\.|Way|Court|"
    r"Place|Plaza|Quay|Building|Bldg\.?|P\.?\s?O\.? Box|Postfach|Sec\.|Alley|Aly\.|Dist\.|District|Platz|"
    r"Allee|Weg|Gasse|Ring|Rue|"
    r"Via|Calle)(?![\w])|\w+(?:stra(?:ss|ß)e|str\.|platz|allee|weg|gasse)\b|\b\d+F\b",
    re.IGNORECASE,
)
CITY_LINE = re.compile(
    r"^(?:[A-Z]{1,2}-)?\d{4,6}\s+[A-ZÀ-Þ][\w.À-ÿ-]+|\b[A-Z]{2}\.?,?\s+\d{5}(?:-\d{4})?\b|"
    r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|"
    r"^[A-ZÀ-Þ][\w .À-ÿ'-]+,?\s+\d{3,6}(?:,|$)"
)
