"""Puts a draft of copy into the form that its channel asks for, and leaves out what may not be said.

A small model writes good sentences in a bad frame: it opens quotation marks and never closes them, signs for
nobody, breaks off, tags a text message. All of that is mended by code, without a word of its own but for the
subject line that an email lacks, which names the product and the offer.
"""

import re
from dataclasses import replace

from shopwright.agent.copy_claims import claims
from shopwright.agent.copy_facts import HAN, Copy
from shopwright.agent.copy_form import (
    EMOJI,
    ENDED,
    LABEL,
    NO_TAGS,
    ONE_LINE,
    PAIRS,
    PREAMBLE,
    SUBJECT,
    TAG,
    body,
    unfinished,
)
from shopwright.agent.copy_prices import parity, prices
from shopwright.agent.engines.base import Notice

PLAIN_COPY: Notice = {
    "en": "The drafts claimed what the facts or advertising rules do not allow: this is the plain version.",
    "zh": "草稿里有资料或广告规则不允许的说法，这里给出的是平实的版本。",
}
SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?])(?=\s)|(?<=\n)")
SIGNED = re.compile(
    r"^\W*(?:(?:best|warm(?:est)?|kind(?:est)?|many)?\s*(?:regards|wishes|thanks)|sincerely(?: yours)?|"
    r"yours (?:sincerely|truly|faithfully)|cheers|love|respectfully|your [\w ]{0,20}team|the [\w ]{0,20}team|"
    r"此致|敬礼|敬上|谨启|祝好|顺颂商祺|(?:您|你)的[\u4e00-\u9fff]{1,8}|"
    r"(?:店铺|商店|我们的?|全体)[\u4e00-\u9fff]{0,6}(?:团队|敬上|上))\W*$",
    re.IGNORECASE,
)
FILLER = re.compile(r"^\W*(?:i|we) hope (?:this|you)[^.!?\n]{0,60}[.!?]\s*", re.IGNORECASE)
TAGGED = ("weibo", "xiaohongshu")
MOST_TAGS = 3
BEGINS = re.compile(
    r"^\W{0,3}(?:subject(?: line)?|主题行?|邮件主题|标题|邮件标题)\W{0,3}[:：]", re.IGNORECASE
)


def allowed(copy: Copy, sentence: str) -> str:
    """Why a sentence may not stand in the copy: claims, prices and offers need their facts. Empty: it may."""
    one = replace(copy, text=sentence, disclose=(), banned=())
    for rule in (claims, prices, parity):
        for problem in rule(one):
            if not problem.message.endswith("left out"):  # that is said of the whole
                return problem.message
    return ""


def finished(copy: Copy) -> str:
    """The copy as it may be shown; empty where nothing is left of it."""
    text = copy.text.strip()
    for step in (_unlabelled, _unwrapped, _unsigned, _once, _whole, _paired, _for_channel, _unwrapped):
        text = step(replace(copy, text=text)).strip()
        if not text:
            return ""
    text = _with_offer(replace(copy, text=text))
    if copy.channel == "email":
        text = _with_subject(replace(copy, text=text))
    text = _fitting(copy, text)
    return _tagged(replace(copy, text=text)) if copy.channel in TAGGED else text


def _fitting(copy: Copy, text: str) -> str:
    """Without its last sentences, as long as it is longer than the channel takes."""
    longest = copy.facts.get("longest")
    parts = SENTENCE.split(text)
    while isinstance(longest, int) and longest and len("".join(parts).strip()) > longest and len(parts) > 2:
        parts.pop(-1 if str(copy.facts.get("offer") or "\n") not in parts[-1] else -2)
    return "".join(parts).strip()


def _unlabelled(copy: Copy) -> str:
    """Without words to the marketer before it, and without labels such as "Body:"."""
    lines = copy.text.splitlines()
    if len(lines) > 1 and PREAMBLE.match(lines[0]):
        lines = lines[1:]
    email = copy.channel == "email"
    kept = [line if email and BEGINS.match(line) else LABEL.sub("", line).lstrip() for line in lines]
    kept = [FILLER.sub("", line) for line in kept]
    if email:
        kept = [re.sub(r"^\W*(?:正文|内容|body)\W*[:：]\s*", "", line, flags=re.IGNORECASE) for line in kept]
    return "\n".join(kept)


def _unwrapped(copy: Copy) -> str:
    """Without a quotation mark around the whole, closed or not."""
    text = copy.text.strip()
    for opened, closed in (('"', '"'), ("“", "”"), ("「", "」"), ("'", "'")):
        inner = text[1:-1] if text.endswith(closed) else text[1:]
        if text.startswith(opened) and opened not in inner and closed not in inner:
            return inner.strip()
    if text.endswith(('"', "”")) and text.count('"') + text.count("“") + text.count("”") == 1:
        return text[:-1].strip()
    return text


def _unsigned(copy: Copy) -> str:
    """Without the signature of nobody."""
    lines = copy.text.rstrip().splitlines()
    while lines and (not lines[-1].strip() or SIGNED.match(lines[-1].strip())):
        lines.pop()
    if len(lines) > 1 and SIGNED.match(lines[-2].strip()) and len(lines[-1].strip()) < 30:
        lines = lines[:-2]
    return "\n".join(lines)


def _once(copy: Copy) -> str:
    """Each sentence once; what stands in the subject line may stand below it."""
    seen: set[str] = set()
    kept = []
    for part in SENTENCE.split(copy.text):
        key = re.sub(r"\W+", "", part.lower())
        if len(key) > 5 and key in seen:
            continue
        seen.add(key)
        kept.append(part)
    return "".join(kept)


def _whole(copy: Copy) -> str:
    """Without a last sentence that breaks off, unless it is all there is."""
    text = copy.text.rstrip()
    if not any("breaks off" in problem.message for problem in unfinished(replace(copy, text=text))):
        return text
    parts = [part for part in SENTENCE.split(text) if part.strip()]
    kept = "".join(parts[:-1]).rstrip()
    long = len(HAN.findall(kept)) >= 10 or len(kept) >= 30
    if long and ENDED.search(kept.splitlines()[-1].strip()) and body(replace(copy, text=kept)).strip():
        return kept
    return text.rstrip(" ,，、;；:：-–—") + ("。" if copy.language == "zh" else ".")


def _paired(copy: Copy) -> str:
    """Without brackets and marks of which the other half is missing."""
    text = copy.text
    for pair in PAIRS:
        opened, closed = pair[0], pair[1]
        if text.count(opened) != text.count(closed):
            text = text.replace(opened, "").replace(closed, "")
    if text.count('"') % 2 and not re.search(r'\d"', text):
        text = text.replace('"', "")
    return text


def _for_channel(copy: Copy) -> str:
    """Without what the channel cannot show, and no longer than it is asked to be."""
    text = copy.text
    if copy.channel in NO_TAGS:
        text = TAG.sub("", text)
    if copy.channel == "sms":
        text = EMOJI.sub("", text)
    text = re.sub(r"\*\*|__|`", "", text)
    text = re.sub(r"^\s{0,3}#{1,6}\s+|^\s*[-*•]\s+", "", text, flags=re.MULTILINE)
    if copy.channel in ONE_LINE:
        text = " ".join(text.split()) if copy.language == "en" else "".join(text.splitlines())
    if copy.channel in ("push", "banner"):
        parts = [part for part in SENTENCE.split(text) if re.search(r"\w", part)]
        text = max(parts, key=lambda part: _tells(copy, part)).strip() if parts else ""
    return re.sub(r"[ \t]+(?=\n|$)|(?<=\s) +(?=[。，！])", "", text)


def _tells(copy: Copy, part: str) -> tuple[bool, int]:
    """How much a sentence says: the offer first, then its length."""
    return bool(re.search(r"\d|折", part)) if copy.discount else False, len(part)


def _with_offer(copy: Copy) -> str:
    """The copy with the offer said, where it was left out."""
    offer = str(copy.facts.get("offer") or "")
    if not offer or not any(problem.message.endswith("left out") for problem in parity(copy)):
        return copy.text
    said = f"现在{offer}。" if copy.language == "zh" else f"Now {offer}."
    if copy.channel in ("push", "banner"):
        plain = copy.text.rstrip("。！!. ")
        return f"{plain}，{said}" if copy.language == "zh" else f"{plain}, {said.lower()}"
    lines = copy.text.splitlines()
    at = next((n for n in range(len(lines) - 1, -1, -1) if lines[n].strip() and not TAG.match(lines[n])), 0)
    lines[at] = lines[at].rstrip() + ("" if copy.language == "zh" else " ") + said
    return "\n".join(lines)


def _tagged(copy: Copy) -> str:
    """A post with its tags at the end, one of its own kind where it has none, and a note with a title."""
    zh = copy.language == "zh"
    tags = list(dict.fromkeys(match[0].strip() for match in TAG.finditer(copy.text)))[:MOST_TAGS]
    lines = [line.rstrip() for line in TAG.sub("", copy.text).strip().splitlines()]
    if not tags:
        kind = str(copy.product.get("category_zh" if zh else "category") or _short_name(copy))
        word = re.sub(r"[^\w]+", "", kind if zh else kind.title())
        tags = [f"#{word}#" if copy.channel == "weibo" and zh else f"#{word}"] if word else []
    if copy.channel == "xiaohongshu" and len([line for line in lines if line.strip()]) < 2:
        lines = [_short_name(copy), "", *lines]
    space = "\n" if copy.channel == "xiaohongshu" or not zh else " "
    return "\n".join(lines).strip() + (space + " ".join(tags) if tags else "")


def _short_name(copy: Copy) -> str:
    """The product's name without size and brand."""
    name = copy.product.get("name_zh" if copy.language == "zh" else "name") or copy.product.get("name") or ""
    return re.split(r"[,，]", str(name))[0].strip()


def _with_subject(copy: Copy) -> str:
    """An email with its subject line on top: its own, else the product and the offer."""
    lines = copy.text.splitlines()
    found = next((n for n, line in enumerate(lines[:4]) if SUBJECT.match(line.strip())), None)
    if found is not None:
        rest = "\n".join([*lines[:found], *lines[found + 1 :]]).strip()
        return f"{lines[found].strip()}\n\n{rest}" if rest else ""
    short = _short_name(copy)
    offer = str(copy.facts.get("offer") or "")
    label, join = ("主题：", "，") if copy.language == "zh" else ("Subject: ", ", ")
    return f"{label}{join.join(part for part in (short, offer) if part)}\n\n{copy.text}"
