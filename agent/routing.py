"""Which tools a request must lead to, where its words leave no doubt; else the model chooses, or replies.

A small model likes to agree: asked whether nine in ten customers redeem, it says yes. What can only be known
from the shop's data or its help pages is therefore never answered without a call.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from shopwright.agent.mentions import read
from shopwright.agent.replies import asks_for_contacts
from shopwright.tools.base import Role

MEANT = frozenset(
    ("segment", "campaign_type", "discount_percent", "channel", "customer_id", "product_id", "segment_name",
     "has_children", "married", "homeowner", "uses_coupons", "inactive_days", "orders_min", "orders_max",
     "spend_min", "spend_max", "age_min", "income_min", "income_max", "conditions", "first_group")
)  # fmt: skip
"""Kinds of mention that only the shop's data can say something of."""
FIGURES = re.compile(
    r"\b(?:how many|how much|how often|what (?:share|percent\w*|proportion|fraction)|number of|\d+(?:\.\d+)? ?%|percent)|"
    r"多少|几(?:个|位|名|家|户|成)|百分之|占比|比例|\d ?%|一半|[一二三四五六七八九]成"
)
OURS = re.compile(
    r"\b(?:customers?|shoppers?|households?|buyers?|clients?|members?|coupons?|campaigns?|reviews?|sales|orders?|sell|sold)\b|"
    r"客户|顾客|用户|会员|家庭|买家|优惠券|券|活动|评论|评价|好评|差评|销量|销售|卖|订单"
)
PEOPLE = (
    r"(?:customers?|shoppers?|households?|buyers?|clients?|members?|people|families|folks|of them|are there)"
)
HEADCOUNT = re.compile(
    rf"\bsize of (?:\S+ ){{0,4}}?(?:segment|group|{PEOPLE})\b|"
    rf"\bhow many (?:\S+ ){{0,4}}?{PEOPLE}\b|\b(?:number|share|percentage|proportion|head ?count) of (?:\S+ ){{0,4}}?{PEOPLE}\b|"
    r"(?:客户|顾客|用户|会员|家庭|买家|人)[^，。？?]{0,12}(?:有多少|多少(?:位|个|人|名|户|家)|有几|几(?:个|位|户|家))|"
    r"(?:多少|几)(?:位|个|名|户|家)?(?:客户|顾客|用户|会员|家庭|买家|人)"
)
OTHER_MATTERS = re.compile(
    r"\b(?:campaigns?|coupons?|redeem\w*|mail\w*|forecast|predict\w*|expect\w*|send|reach|target\w*|reviews?|complain\w*|ratings?|"
    r"thumbs?|chat|policy|rules?|return|discount|promotion|compare|versus|vs|price|next (?:week|month|quarter))\b|\d ?%|"
    r"活动|优惠券|券|核销|邮件|短信|预测|预计|发给|发送|寄|触达|评论|评价|投诉|抱怨|差评|好评|点赞|规则|退|折|促销|对比|比较|涨价|降价|下个?(?:月|周|季)"
)
PERSON = re.compile(
    r"\b(?:person|human|people|staff|agent|employee|manager|supervisor|someone|somebody|anyone|representative|colleague|operator|support|"
    r"complain\w*|complaint|talk|speak|call me|phone|ring me|contact|escalate|ticket|help ?desk|real)\b|"
    r"人工|真人|客服|经理|主管|负责人|店员|工作人员|员工|有人|找人|转接|转人|投诉|联系我|给我打电话|回电|反映|说话的人|同事"
)
"""Nobody is bothered with a ticket who was not asked for."""
NO_PERSON = re.compile(
    r"\b(?:don(?:'|’)?t|do not|not yet|no need to|without) (?:\w+ ){0,3}?(?:transfer|connect|pass|hand|forward|escalate|open|create|call)\b|"
    r"\b(?:other|another|somebody else(?:'|’)?s|someone else(?:'|’)?s) (?:customers?|shoppers?|people)(?:(?:'|’)s)?\b|"
    r"(?:先|暂时|现在)?(?:别|不用|不要|不必|无需)(?:\S{0,3})(?:转|联系|开工单|打电话)|(?:别的|其他|其它|别人)(?:的)?(?:顾客|客户|用户|会员|人)"
)
SAVE = re.compile(
    r"\b(?:sav(?:e|ed|ing)|keep|store|name|call|remember|bookmark|label|file)\b|保存|存(?:为|成|下|一下|起来|个)|命名|记(?:为|成|下|住)|起名|叫做|叫作|收藏|存(?:到|进)"
)
"""Nothing is saved that nobody asked to save."""
REVIEWS = re.compile(r"\breviews\b(?! (?:the|our|my|this|that)\b)|\breviewers?\b|评论|差评|好评|口碑")
NOT_REVIEWS = re.compile(
    r"\b(?:writ\w*|draft|copy|sms|texts?|e-?mails?|newsletter|push|banner|posts?|captions?|posters?|polic(?:y|ies)|rules?|campaigns?|forecast|coupons?|customers? who|segments?)\b|"
    r"写|文案|短信|邮件|推送|海报|横幅|微信|小红书|微博|朋友圈|规则|政策|规定|活动|预测|券|人群|(?:评论|好评|差评)(?:过|的)?的?(?:客户|顾客|用户|会员|人)"
)
"""What people say of things stands in the reviews alone."""
REPLY = "reply"
COUNTERS = ("find_segment", "compare_segments", "describe_persona")


def tools_due(role: Role, text: str, tools: Sequence[str], passage: Callable[[], bool]) -> list[str]:
    """The tools of which one must be called; empty: any of them, or none. "reply" among them: or none.

    `passage` says whether a help page surely answers the text; it is asked only where the words do not tell.
    """
    mentions = read(text)
    if role == "marketer":
        due = _sure(text, mentions)
        if due:
            return [name for name in due if name in (*tools, REPLY)]
        lowered = text.lower()
        asked = [name for name in tools if name != "save_segment" or SAVE.search(lowered)]
        told = MEANT & set(mentions) or (FIGURES.search(lowered) and OURS.search(lowered))
        if told or passage():
            return asked
        return [] if asked == list(tools) else [*asked, REPLY]
    wanted = PERSON.search(text.lower()) and not NO_PERSON.search(text.lower())
    own = [name for name in tools if name != "hand_to_person" or wanted]
    if "order_id" in mentions or passage():
        return own
    return [] if own == list(tools) else [*own, REPLY]


def _sure(text: str, mentions: Mapping[str, object]) -> Sequence[str]:
    """The tools that some words ask for by themselves."""
    kinds = set(mentions)
    if "segment_name" in kinds:
        return ("save_segment",)
    if {"first_group", "second_group"} <= kinds:
        return ("compare_segments",)
    if "customer_id" in kinds and "order_id" not in kinds:
        return ("recommend_products",)
    lowered = text.lower()
    if asks_for_contacts(text):
        return (REPLY,)
    if HEADCOUNT.search(lowered) and not OTHER_MATTERS.search(lowered):
        return COUNTERS
    if REVIEWS.search(lowered) and not NOT_REVIEWS.search(lowered):
        return ("analyze_reviews",)
    return ()
