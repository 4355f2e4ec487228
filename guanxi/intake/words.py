"""The words that files use, and what they mean here."""

from __future__ import annotations


def words(**values: str) -> dict[str, str]:
    """Each value under its own name and under the words (separated by bars) that say the same."""
    return {word: value for value, said in values.items() for word in [value, *said.split("|")]}


YES_NO = {
    **dict.fromkeys(["yes", "y", "true", "1", "是", "有", "同意", "on", "x"], "yes"),
    **dict.fromkeys(["no", "n", "false", "0", "否", "無", "无", "不同意", "off"], "no"),
}
CHANNELS = words(
    till="pos|store|shop|門市|门店|店面|櫃台|實體",
    web="online|internet|website|網路|网络|網站|网站|網店|线上|線上|ecommerce|e-commerce",
    mail="email|e-mail|電子郵件|电子邮件",
    phone="telephone|call|電話|电话",
    post="letter|direct mail|郵寄|邮寄",
    fax="傳真|传真",
    in_person="visit|field|拜訪|拜访|面對面",
    edi="edi",
    chat="line|wechat|微信|whatsapp",
    sms="text message|簡訊|短信",
    app="mobile|手機|手机",
    other="其他|unknown",
)
KINDS_OF_ORDER = words(
    sale="sales|s|purchase|order|銷售|销售|銷貨|购买|購買", **{"return": "returns|refund|r|credit|退貨|退货|退款|銷退"}
)
GENDERS = words(female="f|woman|w|女|女性|女士|2", male="m|man|男|男性|先生|1", other="o|x|diverse|其他|unknown")
PARTY_KINDS = words(
    person="p|individual|個人|个人|自然人|b2c", organisation="o|organization|company|business|公司|企業|企业|法人|b2b"
)
ROLES = words(
    prospect="lead|潛在客戶|潜在客户",
    customer="client|客戶|客户|member|會員|会员",
    partner="夥伴|伙伴|合作夥伴",
    supplier="vendor|供應商|供应商",
    competitor="競爭者|竞争者",
)
BETWEEN = words(
    works_at="works at|employee|employee of|employed by|contact|contact of|任職於|任职于|員工|员工|聯絡人|联系人",
    household="household|family|spouse|partner|lives with|家庭|家人|配偶|同住",
    parent="belongs to|parent|subsidiary|subsidiary of|part of|母公司|子公司|隸屬|隶属|屬於|属于",
    referred_by="referred by|referral|推薦人|推荐人|介紹人|介绍人",
    sells_for="sells for|agent|agent of|dealer|經銷商|经销商|代理",
)
BUYING_ROLES = words(
    initiator="發起人|发起人", user="使用者|用户", influencer="影響者|影响者", gatekeeper="守門人|把关者",
    decider="decision maker|決策者|决策者", buyer="採購|采购",
)  # fmt: skip
