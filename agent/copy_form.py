"""The form of a copy: what its channel asks for, nothing left to fill in, and an end.

The channels and their lengths are those that the product promises (`FORMS` of the tool). The other limits:
a subject line of at most 80 characters (60 Chinese), as mail programs cut longer ones; a Xiaohongshu title of
at most 20 Chinese characters (60 English), the platform's own limit; at most three tags in a Weibo post.
"""

import re
from collections.abc import Iterator

from shopwright.agent.copy_facts import HAN, Copy, CopyProblem
from shopwright.tools.write_copy import FORMS

MARKDOWN = re.compile(
    r"\*\*[^*\n]+\*\*|(?m:^\s{0,3}#{1,6}\s)|(?m:^\s*[-*•]\s+\S)|\[[^\]\n]+\]\(|`|(?m:^\s*\|.*\|)|__\w"
)
EMOJI = re.compile(r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\ufe0f\u200d]")
TAG = re.compile(r"(?<![\w&])#\s?[^\s#，。,.!！?？]{1,40}#?")
SUBJECT = re.compile(
    r"^\W{0,4}(?:subject(?: line)?|主题行?|邮件主题|标题|邮件标题)\W{0,3}[:：]\W{0,3}(.*)$", re.IGNORECASE
)
LABEL = re.compile(
    r"^\W{0,4}(?:subject(?: line)?|title|headline|body|text|copy|message|sms|text message|post|note|tags?|"
    r"hashtags?|"
    r"主题行?|邮件主题|标题|正文|内容|文案|短信|推送|横幅|微博|话题标签?|标签)\W{0,3}[:：]",
    re.IGNORECASE,
)
PREAMBLE = re.compile(
    r"^\W{0,4}(?:sure\b|certainly\b|of course\b|here(?:'s| is| are)\b.{0,60}\b(?:copy|draft|version|post|"
    r"message|email|sms|text)\b|"
    r"as an ai\b|i (?:have|'ve) (?:written|drafted)|(?:好的|当然|没问题)[，,！!。]|以下(?:是|为)|"
    r"这是(?:一|为您|给您)|作为(?:一个)?(?:AI|人工智能))",
    re.IGNORECASE,
)
BUTTON = (
    r"(?:(?:shop|buy|order|learn|get|view|see|start|click|try|discover|claim|browse|add)\b[^\]]*|立即\S*|"
    r"点击\S*|马上\S*|去\S{1,4}|查看\S*)"
)
EMOTICON = (
    r"(?:[\u4e00-\u9fff]{1,4}R|微笑|玫瑰|爱心|鼓掌|庆祝|心|太阳|礼物|强|OK|哇|赞|红包|爱你|抱抱|偷笑|害羞|"
    r"耶|加油|鲜花|蛋糕|咖啡|月亮|派对|色|笑哭|飞吻|可爱)"
)
PLACEHOLDER = re.compile(
    rf"\[(?!(?:{BUTTON}|{EMOTICON})\])[^\]\n]{{1,60}}\](?!\()|\{{[^}}\n]{{1,40}}\}}|"
    rf"<[a-zA-Z_\u4e00-\u9fff][^>\n]{{0,40}}>|"
    r"【\s*(?:您|你|插入|填写|在此|此处|链接|姓名|名字|店名|店铺名|品牌名|公司|日期|时间|地址|电话|联系|"
    r"网址|xx)[^】]*】|"
    r"[（(](?:[您你]的(?:名|姓|店|公司|品牌|联系|链接)|插入|填写|在此|此处|insert |your (?:name|shop|store|"
    r"company|brand|link))[^）)]{0,20}[）)]|"
    r"\b[xX]{2,}\b|(?<![A-Za-z])[xX×]{2,}(?=[元折店天]|\b)|某某|_{3,}|\.{6,}|lorem ipsum|\byour (?:name|"
    r"company|store|shop) here\b|\btbd\b|"
    r"[$€£¥￥]\s*(?:[$€£¥￥]|[_?？]|(?=[,.，。!！]|\s*$))",
    re.IGNORECASE | re.MULTILINE,
)
DANGLING = re.compile(
    r"(?:[,，、;；:：\-–—(（“‘《]|\b(?:and|or|but|the|a|an|to|with|for|of|our|your|my|is|are|as|at|by|"
    r"from|that|this|than|its|their|we|you)|"
    r"(?:和|与|或|把|被|让|对|为|从|以及|而且|并且|因为|所以|如果|不仅|我们的|您的|你的|的))$",
    re.IGNORECASE,
)
ENDED = re.compile(
    r"[。！？.!?…~～♪」』”’\"'）)\]】》]$|(?:opt out|unsubscribe|退订|拒收)\S{0,6}$|退订回\w+$|回复?[A-Z]+$"
)
SIGN_OFF = 40
PAIRS = ("“”", "（）", "《》", "「」", "【】")
NO_TAGS = ("sms", "push", "email", "banner")
ONE_LINE = ("sms", "push", "banner")


def empty(copy: Copy) -> bool:
    """Whether there is no word in it."""
    return not re.search(r"[A-Za-z]{2,}|[\u3400-\u9fff]", copy.text)


def length(copy: Copy) -> Iterator[CopyProblem]:
    """More characters than the channel takes."""
    form = FORMS.get(copy.channel)
    own = 0 if form is None else form.longest_zh if copy.language == "zh" else form.longest
    told = copy.facts.get("longest")
    longest = told if isinstance(told, int) and told > 0 else own
    written = len(copy.text.strip())
    if longest and written > longest:
        yield CopyProblem("length", f"{written} characters, and the channel takes {longest}")


def format_of_channel(copy: Copy) -> Iterator[CopyProblem]:
    """What the channel asks for, and what it cannot show."""
    text = copy.text.strip()
    if PREAMBLE.search(text):
        yield CopyProblem("format", "it begins with words to the marketer, not with the copy")
    if found := MARKDOWN.search(text):
        yield CopyProblem("format", f"“{found[0].strip()[:30]}” is markup that the channel does not show")
    if copy.channel in ONE_LINE and "\n" in text:
        yield CopyProblem("format", "it has a line break, and the channel is one line")
    if copy.channel in (*ONE_LINE, "wechat", "weibo", "social") and (label := LABEL.search(text)):
        yield CopyProblem("format", f"the label “{label[0]}” stands in the copy")
    if copy.channel in NO_TAGS and (tag := TAG.search(text)):
        yield CopyProblem("format", f"the tag “{tag[0]}” does nothing in this channel")
    if copy.channel == "sms" and (emoji := EMOJI.search(text)):
        yield CopyProblem("format", f"“{emoji[0]}” is an emoji, and a text message has none")
    if copy.channel in ("push", "banner") and len(_sentences(text)) > 1:
        yield CopyProblem("format", "it has more than one sentence")
    check = {"email": _email, "xiaohongshu": _note, "weibo": _weibo}.get(copy.channel)
    if check is not None:
        yield from check(text, copy.language)


def placeholders(copy: Copy) -> Iterator[CopyProblem]:
    """Places left for somebody to fill in."""
    for found in sorted({match[0].strip() for match in PLACEHOLDER.finditer(copy.text)}):
        yield CopyProblem("placeholder", f"“{found}” is left to be filled in")


def unfinished(copy: Copy) -> Iterator[CopyProblem]:
    """A text that breaks off, or a quotation or bracket that is not closed."""
    text = _without_tail(copy.text)
    last = text.splitlines()[-1].strip() if text else ""
    bare = last.rstrip("\"'”’ ")
    headline = copy.channel in ("banner", "push") or len(last) <= SIGN_OFF // (2 if HAN.search(last) else 1)
    told = any(last.endswith(one.strip()) for one in copy.disclose if one.strip())
    if not told and (DANGLING.search(bare) or not (headline or ENDED.search(last))):
        yield CopyProblem("unfinished", f"it breaks off: “…{last[-30:]}”")
        return
    if text.count('"') % 2 and not re.search(r'\d"', text):
        yield CopyProblem("unfinished", "a quotation mark is not closed")
    for pair in PAIRS:
        opened, closed = pair[0], pair[1]
        if text.count(opened) != text.count(closed):
            yield CopyProblem("unfinished", f"{opened}{closed} do not match")


def body(copy: Copy) -> str:
    """The text without its subject line or title, which may repeat what follows."""
    lines = copy.text.strip().splitlines()
    titled = copy.channel in ("email", "xiaohongshu") and len(lines) > 1
    return "\n".join(lines[1:] if titled else lines)


def _email(text: str, language: str) -> Iterator[CopyProblem]:
    first, _, rest = text.partition("\n")
    subject = SUBJECT.match(first.strip())
    if subject is None:
        yield CopyProblem("format", "it has no subject line at its top")
        return
    shown = subject[1].strip(' *"“”')
    longest = 60 if language == "zh" else 80
    if not shown:
        yield CopyProblem("format", "its subject line is empty")
    elif len(shown) > longest:
        yield CopyProblem("format", f"its subject line has {len(shown)} characters, more than {longest}")
    blocks = [
        line for line in rest.splitlines() if len(line.strip()) > (12 if language == "zh" else SIGN_OFF)
    ]
    if not re.search(r"[A-Za-z]{2,}|[\u3400-\u9fff]", LABEL.sub("", rest.strip())):
        yield CopyProblem("format", "nothing stands below its subject line")
    elif len(blocks) > 5:
        yield CopyProblem("format", f"it has {len(blocks)} paragraphs, and two short ones were asked for")


def _note(text: str, language: str) -> Iterator[CopyProblem]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    title = SUBJECT.sub(r"\1", lines[0]) if lines else ""
    longest = 20 if language == "zh" else 60
    if len(lines) < 2 or LABEL.fullmatch(lines[0]) or TAG.match(lines[0]):
        yield CopyProblem("format", "it has no title on a line of its own")
    elif len(EMOJI.sub("", title)) > longest:
        yield CopyProblem("format", f"its title has {len(title)} characters, more than {longest}")
    if not TAG.search(text):
        yield CopyProblem("format", "it has no tag (#…)")
    elif lines and not TAG.search(lines[-1]):
        yield CopyProblem("format", "its tags do not stand at the end")


def _weibo(text: str, language: str) -> Iterator[CopyProblem]:
    tags = TAG.findall(text)
    if not tags:
        yield CopyProblem("format", "it has no tag (#…)")
    elif len(tags) > 3:
        yield CopyProblem("format", f"it has {len(tags)} tags, and one was asked for")


def _sentences(text: str) -> list[str]:
    parts = re.split(r"[。！？!?]+|\.(?=\s|$)", EMOJI.sub("", text))
    return [part for part in parts if re.search(r"\w", part)]


def _without_tail(text: str) -> str:
    """The text without closing tags, emoji and links."""
    return re.sub(rf"(?:{TAG.pattern}|{EMOJI.pattern}|https?://\S+|\[{EMOTICON}\]|\s)+$", "", text.strip())
