"""A reply that rests on no tool may greet, thank and decline. It may not claim to have done or known something."""

import re

from shopwright.tools.base import Language, Role
from shopwright.tools.wording import say

DONE = re.compile(
    r"\b(?:i(?:'|’)?(?:ll| will| have|(?:'|’)ve| am going to|(?:'|’)m going to)|we(?:'|’)?(?:ll| will| have|(?:'|’)ve))\s+(?:now\s+|just\s+|already\s+|also\s+)?"
    r"(?:sen[dt]|email(?:ed)?|post(?:ed)?|publish(?:ed)?|schedul\w+|sav(?:e|ed)|stor(?:e|ed)|delet\w+|remov\w+|cancel\w*|refund\w*|"
    r"chang(?:e|ed)|updat\w+|book(?:ed)?|order(?:ed)?|contact\w*|notif\w+|forward\w*|approv\w+|launch\w*|issu\w+|credit\w*|escalat\w+|"
    r"plac(?:e|ed)|mail(?:ed)?|creat\w+|appl(?:y|ied)|pass(?:ed)? (?:it|this|that) on)\b|"
    r"(?:已经?|现在|马上|立即|我会|我将|我们会|我来|正在)(?:为您|为你|帮您|帮你|给您|把\S{0,8})?(?:发送|群发|发出|发布|安排|保存|删除|取消|退款|修改|更新|下单|"
    r"联系|通知|转交|转达|批准|上线|推送|处理好|办理|预订|补发|赔偿|创建|提交)"
)
AGREED = re.compile(
    r"^\W*(?:yes\b|yep\b|yeah\b|sure\b|of course|certainly|absolutely|exactly|indeed|correct\b|right\b|that(?:'|’)?s (?:correct|right|true)|that is (?:correct|right|true)|"
    r"you(?:'|’)?re right|no problem, you|是的|对的|没错|对[，,。！]|正确|确实|当然|可以[，,。！])",
    re.IGNORECASE,
)
ASKED = re.compile(
    r"[?？]|\b(?:right|correct|isn(?:'|’)?t it|confirm|true)\b|对吧|是吧|对不对|是不是|没错吧|吗|行吗|可以吗",
    re.IGNORECASE,
)


CONTACTS = re.compile(
    r"\b(?:e-?mail|mail(?:ing)?|home|street|postal|delivery) addresses\b|\b(?:phone|mobile|telephone|cell) ?(?:phone )?numbers\b|\bcontact (?:details|data|info\w*)\b|"
    r"(?:客户|顾客|用户|会员|家庭|买家|人)(?:们)?[^，。？?]{0,12}(?:手机号|电话号码|联系电话|联系方式|邮箱|邮件地址|住址|地址)|"
    r"(?:手机号|电话号码|联系电话|联系方式|邮箱|邮件地址|住址|地址)[^，。？?]{0,8}(?:客户|顾客|用户|会员|买家)"
)
WRITING = re.compile(
    r"\b(?:writ\w*|draft\w*|compose|policy|rules?|may we|allowed)\b|写|拟|起草|文案|规定|政策|规则|能不能用"
)


def asks_for_contacts(text: str) -> bool:
    """Whether a marketer asks for customers' addresses or numbers, which the chat never shows."""
    lowered = text.lower()
    return bool(CONTACTS.search(lowered)) and not WRITING.search(lowered)


def honest(request: str, reply: str, role: Role, language: Language) -> str:
    """The reply, or an honest sentence in its place.

    It is replaced where contact details were asked for, where it says that something was or will be done (only tools do things), and where it
    agrees with what was asked (only tools know things).
    """
    if role == "marketer" and asks_for_contacts(request):
        return say(
            language,
            "I show nobody's contact details. I can tell you how many these customers are, what they buy and how "
            "best to reach them, and prepare copy for them.",
            "客户的联系方式我不会显示。我可以告诉您这些客户有多少、买些什么、怎样触达更好，也可以替您写文案。",
        )
    if DONE.search(reply.lower()):
        if role == "marketer":
            return say(
                language,
                "I can't do that: I prepare texts, lists and figures here, and nothing is sent, published or "
                "changed by me. Please do it in your own tool.",
                "这个我做不到：我在这里只准备文案、名单和数据，不会替您发送、发布或修改任何东西，请在您自己的系统里操作。",
            )
        return say(
            language,
            "I can't do that myself. Would you like me to pass you on to one of our staff?",
            "这个我自己办不了。需要我为您转接人工客服吗？",
        )
    if AGREED.search(reply.strip()) and ASKED.search(request) and len(request) > 8:
        if role == "marketer":
            return say(
                language,
                "I can't confirm that from memory. Name the customers, products, campaign or reviews you mean, "
                "and I will look it up.",
                "这个我不能凭印象确认。请说明是哪些客户、商品、活动或评论，我来查数据。",
            )
        return say(
            language,
            "I can't confirm that from memory. Ask me about a product, your order or one of our rules, and I will "
            "look it up.",
            "这个我不能凭印象确认。您可以问商品、您的订单或店铺规则，我来查。",
        )
    return reply
