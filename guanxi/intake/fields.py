"""What can be imported: for each kind of file its fields, and the words by which their columns are recognised."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from guanxi.customers import profile
from guanxi.customers.models import Consent
from guanxi.foundation.actions import Refused
from guanxi.foundation.visibility import Viewer, viewer_now
from guanxi.intake import desk_fields, desk_kinds
from guanxi.intake.allowed import closed_fields, may_consent
from guanxi.intake.field import DAY, MOMENT, NUMBER, TEXT, WORD, Field, can_be_said, custom_field, names
from guanxi.intake.words import (
    BETWEEN,
    BUYING_ROLES,
    CHANNELS,
    GENDERS,
    KINDS_OF_ORDER,
    PARTY_KINDS,
    ROLES,
    YES_NO,
    words,
)
from guanxi.ledger.models import Channel

CUSTOMER = Field(
    "customer",
    _("Customer"),
    required=True,
    longest=150,
    synonyms=names(
        "customer|customer_id|customer no|customer number|customer code|cust_id|cust_no|client|client_id|household_id|"
        "household_key|member_id|member|member no|account_id|buyer|buyer_id|user_id|contact_id|party|party_id|"
        "客戶|客户|客戶編號|客户编号|客戶代號|客户代码|客戶號|客户号|顧客|顾客|顧客編號|顾客编号|會員|会员|會員編號|会员编号|"
        "會員卡號|会员号|買家|买家"
    ),
)
DATE = names(
    "date|day|order_date|invoice_date|transaction_date|transaction_timestamp|timestamp|datetime|date "
    "time|purchase_date|"
    "sale_date|sales_date|invoicedate|placed_at|created_at|time|日期|時間|时间|交易日期|交易時間|交易时间|訂單日期|订单日期|"
    "銷售日期|销售日期|購買日期|购买日期|下單時間|下单时间|發票日期|发票日期"
)

SALES = (
    CUSTOMER,
    Field("date", _("Date"), MOMENT, required=True, synonyms=DATE),
    Field(
        "amount",
        _("Amount"),
        NUMBER,
        required=True,
        synonyms=names(
            "amount|sales_value|sales|value|total|line_total|line total|net_amount|net amount|paid|revenue|turnover|"
            "price_paid|sum|subtotal|金額|金额|銷售額|销售额|銷售金額|销售金额|實付金額|实付金额|小計|小计|合計|合计|總額|总额"
        ),
    ),
    Field(
        "order",
        _("Order number"),
        longest=100,
        synonyms=names(
            "order|order_id|order_no|order number|basket_id|basket|invoice|invoice_id|invoice_no|invoiceno|receipt|"
            "receipt_id|receipt_no|transaction_id|transaction|ticket|ticket_id|bill_no|訂單|订单|訂單編號|订单编号|訂單號碼|"
            "订单号|單號|单号|發票號碼|发票号码|交易編號|交易编号|小票號"
        ),
    ),
    Field(
        "line",
        _("Line number"),
        longest=60,
        synonyms=names(
            "line|line_id|line_no|line number|order_line_id|order_line|position|項次|行号|行號|明細編號|明细编号"
        ),
    ),
    Field(
        "product",
        _("Product number"),
        longest=100,
        synonyms=names(
            "product|product_id|product_no|product code|product number|sku|item|item_id|item_no|item code|article|"
            "article_no|stock_code|stockcode|upc|ean|gtin|barcode|商品|商品編號|商品编号|商品代碼|商品代码|產品|产品|產品編號|"
            "产品编号|品號|料號|货号|貨號|條碼|条码"
        ),
    ),
    Field(
        "product_name",
        _("Product name"),
        longest=250,
        synonyms=names(
            "product_name|product name|item_name|item name|description|product description|article name|"
            "商品名稱|商品名称|產品名稱|"
            "产品名称|品名"
        ),
    ),
    Field(
        "quantity",
        _("Quantity"),
        NUMBER,
        synonyms=names("quantity|qty|units|unit_count|pieces|count|數量|数量|件數|件数"),
    ),
    Field(
        "discount",
        _("Discount"),
        NUMBER,
        many=True,
        synonyms=names(
            "discount|discount_amount|retail_disc|coupon_disc|coupon_match_disc|rebate|折扣|折讓|折让|折扣金額|折扣金额|優惠|优惠"
        ),
    ),
    Field(
        "cost",
        _("Cost"),
        NUMBER,
        synonyms=names("cost|costs|cost_amount|line_cost|cogs|成本|成本金額|成本金额"),
    ),
    Field(
        "place",
        _("Place of sale"),
        longest=100,
        synonyms=names(
            "place|store|store_id|store_no|shop|shop_id|branch|branch_id|outlet|location|門市|门店|店號|店号|門市編號|门店编号|分店|店別"
        ),
    ),
    Field(
        "channel",
        _("Channel"),
        WORD,
        words=CHANNELS,
        synonyms=names("channel|sales_channel|通路|渠道|銷售通路|销售渠道"),
    ),
    Field(
        "sales_person",
        _("Sales person"),
        longest=100,
        synonyms=names(
            "sales_person|salesperson|sales_rep|sales rep|seller|agent|cashier|employee|employee_id|staff|"
            "業務員|业务员|銷售員|"
            "销售员|店員|店员|業務|收銀員"
        ),
    ),
    Field("currency", _("Currency"), longest=3, synonyms=names("currency|currency_code|幣別|币种|貨幣|货币|幣種")),
    Field(
        "kind",
        _("Sale or return"),
        WORD,
        words=KINDS_OF_ORDER,
        synonyms=names("kind|type|order_type|transaction_type|交易類型|交易类型|單別|类型|類型"),
    ),
)

PARTIES = (
    Field(
        "external_id",
        _("Customer number"),
        longest=150,
        synonyms=(*CUSTOMER.synonyms, *names("id|external_id|external id|code|編號|编号|number|uid")),
    ),
    Field(
        "name",
        _("Name"),
        synonyms=names(
            "name|full_name|full name|customer_name|company|company_name|display_name|"
            "姓名|名稱|名称|客戶名稱|客户名称|公司|公司名稱"
        ),
    ),
    Field(
        "family_name", _("Family name"), longest=100, synonyms=names("family_name|last_name|lastname|surname|姓|姓氏")
    ),
    Field(
        "given_name", _("Given name"), longest=100, synonyms=names("given_name|first_name|firstname|forename|名|名字")
    ),
    Field(
        "latin_name",
        _("Name in Latin letters"),
        synonyms=names("latin_name|english_name|romanised name|英文名|英文姓名"),
    ),
    Field(
        "kind", _("Kind"), WORD, words=PARTY_KINDS, synonyms=names("kind|type|party_kind|customer_type|類型|类型|類別")
    ),
    Field("gender", _("Gender"), WORD, words=GENDERS, synonyms=names("gender|sex|性別|性别")),
    Field(
        "date_of_birth",
        _("Date of birth"),
        DAY,
        synonyms=names("date_of_birth|birth_date|birthdate|birthday|dob|born|生日|出生日期|出生年月日"),
    ),
    Field(
        "occupation",
        _("Occupation"),
        longest=100,
        synonyms=names("occupation|job|profession|title|職業|职业|職稱|职务"),
    ),
    Field("language", _("Language"), longest=10, synonyms=names("language|lang|locale|語言|语言")),
    Field(
        "mail",
        _("Mail"),
        longest=254,
        synonyms=names("mail|email|e-mail|email_address|mail address|電子郵件|电子邮件|電郵|邮箱|信箱|電子信箱"),
    ),
    Field(
        "phone",
        _("Telephone"),
        longest=60,
        many=True,
        synonyms=names(
            "phone|phone 1|phone 2|phone 3|telephone|tel|mobile|mobile_phone|cell|phone_number|"
            "電話|电话|手機|手机|手机号|行動電話|聯絡電話|联系电话"
        ),
    ),
    Field(
        "address",
        _("Address"),
        longest=300,
        many=True,
        synonyms=names("address|street|address_line|地址|住址|通訊地址|通讯地址"),
    ),
    Field("city", _("City"), longest=100, synonyms=names("city|town|縣市|县市|城市|市")),
    Field("country", _("Country"), longest=2, synonyms=names("country|country_code|國家|国家|國別")),
    Field(
        "card",
        _("Member card"),
        longest=100,
        synonyms=names("card|card_no|card_number|loyalty_card|member_card|卡號|卡号|會員卡|会员卡"),
    ),
    Field("role", _("Role"), WORD, words=ROLES, synonyms=names("role|relationship|角色|身分|身份")),
    Field(
        "known_since",
        _("Known since"),
        MOMENT,
        synonyms=names(
            "known_since|customer_since|member_since|registered|registered_at|registered_on|registration_date|"
            "created|created_at|created_on|joined|joined_at|註冊日期|注册日期|註冊時間|注册时间|入會日期|入会日期|建檔日期|建档日期"
        ),
    ),
    Field(
        "works_at",
        _("Works at"),
        longest=200,
        synonyms=names(
            "works_at|employer|employed_by|organisation|organization|org|任職公司|任职公司|服務單位|工作單位|单位名称"
        ),
    ),
    Field("department", _("Department"), longest=100, synonyms=names("department|dept|division|部門|部门")),
    Field(
        "owner",
        _("Owner"),
        longest=254,
        synonyms=names(
            "owner|owner_email|owner_name|account_owner|contact_owner|customer_owner|record_owner|account_manager|"
            "負責人|负责人|客戶負責人|客户负责人|業務負責人|业务负责人"
        ),
    ),
    Field("made_up", _("made up for demonstration"), WORD, words=YES_NO, synonyms=names("made_up|虛構|虚构")),
)

PRODUCTS = (
    Field(
        "code",
        _("Product number"),
        required=True,
        longest=100,
        synonyms=(*next(f.synonyms for f in SALES if f.name == "product"), *names("code|id|number|編號|编号")),
    ),
    Field(
        "name",
        _("Name"),
        longest=250,
        synonyms=(*next(f.synonyms for f in SALES if f.name == "product_name"), *names("name|title|名稱|名称")),
    ),
    Field(
        "category",
        _("Category"),
        longest=150,
        many=True,
        synonyms=names(
            "department|division|product_group|category_path|category|product_category|subcategory|sub_category|"
            "product_type|type|commodity_desc|sub_commodity_desc|部門|部门|大類|大类|類別|类别|分類|分类|中類|中类|小類|小类"
        ),
    ),
    Field("brand", _("Brand"), longest=150, synonyms=names("brand|brand_name|manufacturer|品牌|廠牌")),
    Field("unit", _("Unit"), longest=20, synonyms=names("unit|uom|unit_of_measure|單位|单位")),
    Field("size", _("Size"), longest=50, synonyms=names("size|package_size|pack_size|content|規格|规格|容量|包裝")),
    Field(
        "price",
        _("Price"),
        NUMBER,
        synonyms=names("price|list_price|unit_price|retail_price|單價|单价|價格|价格|售價|售价|定價"),
    ),
    Field("cost", _("Cost"), NUMBER, synonyms=names("cost|unit_cost|purchase_price|成本|進價|进价")),
)

EVENTS = (
    replace(CUSTOMER, required=True),
    Field(
        "occurred_at",
        _("When"),
        MOMENT,
        required=True,
        synonyms=(*DATE, *names("occurred_at|sent_at|redemption_date|start_date")),
    ),
    Field("kind", _("Kind"), longest=40, synonyms=names("kind|event|event_kind|event_type|type|類型|类型|事件")),
    Field("channel", _("Channel"), WORD, words=CHANNELS, synonyms=names("channel|通路|渠道")),
    Field(
        "direction",
        _("Direction"),
        WORD,
        words=words(**{"in": "inbound|incoming|進", "out": "outbound|outgoing|出", "inside": "internal"}),
        synonyms=names("direction|方向"),
    ),
)

_OTHERS_KEY = names(
    "other|other_id|organisation|organization|company|to|target|related_to|對象|对象|公司|組織|组织|公司編號"
)
RELATIONSHIPS = (
    replace(
        CUSTOMER,
        name="party",
        label=_("Party"),
        synonyms=(*CUSTOMER.synonyms, *names("person|contact|from|人員|人员")),
    ),
    Field(
        "kind",
        _("Kind"),
        WORD,
        required=True,
        words=BETWEEN,
        synonyms=names("kind|type|relationship|relation|relationship_type|關係|关系|類型|类型"),
    ),
    Field("other", _("Other party"), required=True, longest=200, synonyms=_OTHERS_KEY),
    Field("title", _("Title"), longest=100, synonyms=names("title|job_title|position|職稱|职务|職位|职位")),
    Field("department", _("Department"), longest=100, synonyms=names("department|dept|部門|部门")),
    Field(
        "reports_to",
        _("Reports to"),
        longest=200,
        synonyms=names("reports_to|manager|manager_id|supervisor|主管|上司|直屬主管"),
    ),
    Field("buying_role", _("Buying role"), WORD, words=BUYING_ROLES, synonyms=names("buying_role|購買角色|购买角色")),
    Field("stance", _("Stance"), NUMBER, synonyms=names("stance|attitude|態度|态度")),
    Field("influence", _("Influence"), NUMBER, synonyms=names("influence|影響力|影响力")),
    Field("since", _("Since"), DAY, synonyms=names("since|from_date|start|start_date|到職日|起始日期|开始日期")),
    Field("until", _("Until"), DAY, synonyms=names("until|to_date|end|end_date|離職日|结束日期|結束日期")),
)

_PRODUCT = next(one for one in SALES if one.name == "product")
PRICES = (
    Field(
        "list",
        _("Price list"),
        required=True,
        longest=50,
        synonyms=names("list|price_list|pricelist|price_list_code|list_code|價目表|价目表|價格表|价格表"),
    ),
    Field(
        "list_name",
        _("Name of the list"),
        longest=150,
        synonyms=names("list_name|price_list_name|價目表名稱|价目表名称"),
    ),
    replace(_PRODUCT, required=True),
    Field(
        "amount",
        _("Price"),
        NUMBER,
        required=True,
        synonyms=names("amount|price|unit_price|net_price|list_price|價格|价格|單價|单价|售價|售价"),
    ),
    next(one for one in SALES if one.name == "currency"),
    Field(
        "group",
        _("Customer group"),
        longest=100,
        synonyms=names("group|customer_group|segment|price_group|客戶群|客户群|客戶類別|客户类别"),
    ),
    Field(
        "from_quantity",
        _("From quantity"),
        NUMBER,
        synonyms=names("from_quantity|min_quantity|minimum_quantity|quantity|qty|moq|起訂量|起订量|數量|数量"),
    ),
    Field(
        "valid_from",
        _("Valid from"),
        DAY,
        ahead=True,
        synonyms=names("valid_from|from|start|start_date|生效日期|起始日期|开始日期"),
    ),
    Field(
        "valid_until",
        _("Valid until"),
        DAY,
        ahead=True,
        synonyms=names("valid_until|valid_to|until|to|end|end_date|失效日期|結束日期|结束日期"),
    ),
)

CONSENTS = (
    CUSTOMER,
    Field(
        "purpose",
        _("Purpose"),
        WORD,
        required=True,
        words=words(
            marketing="advertising|newsletter|offers|行銷|营销|廣告|广告",
            service="support|服務|服务",
            research="survey|surveys|調查|调查",
            profiling="personalisation|personalization|個人化|个性化",
        ),
        synonyms=names("purpose|topic|目的|用途"),
    ),
    Field(
        "channel",
        _("Channel"),
        WORD,
        required=True,
        words={
            word: meant for word, meant in CHANNELS.items() if meant in ("mail", "phone", "sms", "post", "chat", "app")
        }
        | {"any": "any", "all": "any", "全部": "any"},
        synonyms=names("channel|通路|渠道|管道"),
    ),
    Field(
        "given",
        _("Given"),
        WORD,
        required=True,
        words=YES_NO
        | words(yes="given|granted|opt-in|opted in|subscribed", no="withdrawn|opt-out|opted out|unsubscribed|撤回"),
        synonyms=names("given|consent|granted|status|opt_in|同意"),
    ),
    Field(
        "basis",
        _("Lawful basis"),
        WORD,
        words=words(
            consent="同意",
            contract="合約|合同|契約",
            legitimate_interest="legitimate interest|正當利益|正当利益",
            legal_duty="legal duty|legal obligation|法定義務|法定义务",
        ),
        synonyms=names("basis|lawful_basis|legal_basis|法律依據|法律依据"),
    ),
    Field("text", _("Text shown"), longest=2000, synonyms=names("text|wording|text_shown|聲明|声明|條款文字")),
    Field("form", _("Form"), longest=200, synonyms=names("form|form_name|where|表單|表单")),
    Field("address", _("Address"), longest=300, synonyms=names("address|ip|ip_address|mail_address|email")),
    Field("at", _("When"), MOMENT, synonyms=(*names("at|given_at|when|timestamp"), *DATE)),
)

_KINDS = {
    "sales": SALES,
    "parties": PARTIES,
    "products": PRODUCTS,
    "events": EVENTS,
    "relationships": RELATIONSHIPS,
    "prices": PRICES,
    "consents": CONSENTS,
}
# Every file lacks some fields that the options may give for all its rows.
OPTION_FIELDS = {
    *("kind", "channel", "direction", "currency", "role", "occurred_at", "place", "list", "purpose", "given", "basis"),
    *("text", "form", "at", "country"),
}


def fields_of(kind: str, by: Viewer | None = None) -> dict[str, Field]:
    """The fields of a kind of import by name; for parties the declared profile fields and the consents too.

    None that a role closes to `by`, or to who looks now; within an action and a run all.
    """
    by = by if by is not None else viewer_now()
    fields = _declared(kind)
    if kind == "parties":
        fields += [_profile_field(declared) for declared in profile.fields() if _can_be_imported(declared)]
        fields += [
            Field(f"consent.{purpose}.{channel}", f"{_('Consent')}: {purpose}, {channel}", WORD, words=YES_NO)
            for purpose in Consent.Purpose.values
            for channel in Channel.values
            if may_consent(by)
        ]
    closed = closed_fields(by, kind)
    return {field.name: field for field in fields if field.name not in closed}


def _declared(kind: str) -> list[Field]:
    if desk := desk_kinds.desk_of(kind):
        return desk_fields.fields(desk)
    if kind not in _KINDS:
        message = _now("“%(kind)s” is no kind of import; known are %(known)s.")
        raise Refused(message % {"kind": kind, "known": ", ".join([*_KINDS, *dict(desk_kinds.choices())])}, "kind")
    return list(_KINDS[kind])


def _profile_field(declared: profile.ProfileField) -> Field:
    if declared.custom is not None:
        return custom_field(declared.path, declared.custom)
    name = declared.name
    own = {"household_composition": ("household_comp",), "kids": ("kids_count",)}.get(name, ())
    kind = {profile.NUMBER: NUMBER, profile.YES_NO: WORD}.get(declared.kind, TEXT)
    words = YES_NO if kind == WORD else None
    return Field(
        f"profile.{name}", declared.label, kind, words=words, synonyms=names("|".join([name, f"profile.{name}", *own]))
    )


def _can_be_imported(declared: profile.ProfileField) -> bool:
    """Colleagues and other customers go by numbers that no file knows; what is being retyped must wait."""
    field = declared.custom
    return field is None or can_be_said(field)
