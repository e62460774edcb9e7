"""From a request to what each tool may be called with."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shopwright.agent.follow_ups import WORDED, follow_up
from shopwright.agent.grammar import Narrowed, narrow
from shopwright.agent.history import Turn
from shopwright.agent.mentions import Mentions, pointed_at, read, read_group, refers_back
from shopwright.agent.plain_text import simplified
from shopwright.tools.base import ShopTool


@dataclass(frozen=True)
class Plan:
    """A call that is ready to be made."""

    tool: ShopTool
    arguments: dict[str, Any]


AUDIENCE = frozenset(
    ("age_min", "age_max", "income_min", "income_max", "has_children", "married", "homeowner", "uses_coupons",
     "inactive_days", "active_days", "spend_min", "spend_max", "orders_min", "orders_max", "top", "conditions")
)  # fmt: skip


AUDIENCE_WORDS = AUDIENCE | {"segment"}
SURE = (
    "age_min", "age_max", "income_min", "income_max", "has_children", "married", "homeowner", "uses_coupons",
    "inactive_days", "orders_min", "orders_max",
)  # fmt: skip
"""Kinds that can only be about customers, not about products, prices or how long a campaign runs."""
HIDDEN = "x-hidden"
"""Marks an argument that code alone fills: it is left out of what the model reads of a tool."""
WITHIN = re.compile(
    r"\b(?:of|among|in) (?:them|those|these|that group|this group|this segment)\b|其中|(?:这些|那些|这批|那批)(?:人|客户|顾客|用户|会员)?(?:里|中|当中)"
)
GENERIC = re.compile(
    r"\b(?:customers?|households?|shoppers?|clients?|members?|products?|items?|things?|recommend\w*|suggest\w*|ideas?|something|"
    r"cross[- ]sell|none|null|the|our|for|that|they|them|would|like|reviews?|feedback|sms|texts?|messages?|e-?mails?|posts?|copy|campaigns?|short)\b|评价|评论|差评|好评|短信|邮件|文案|推送|笔记|活动|客户|顾客|用户|会员|家庭|商品|产品|东西|推荐|适合|哪些|什么|一些|他们|它们|的"
)


def openai_schema(tool: ShopTool, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool as engines take it, without the arguments that code alone fills."""
    shown = {name: spec for name, spec in schema.get("properties", {}).items() if not spec.get(HIDDEN)}
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": {**schema, "properties": shown},
        },
    }


def plan_for(
    schema: Mapping[str, Any], text: str, history: Sequence[Turn], saved: tuple[str, ...] = ()
) -> Narrowed:
    """A tool's arguments narrowed to what the request mentions or points back at.

    `saved` are the names of saved segments, which may be meant as audiences.
    """
    mentions = read(text, saved)
    _point_back(mentions, text, history)
    audience, kept = follow_up(schema, text, mentions, history)
    if "group" in schema.get("properties", {}):
        group = [audience] if audience else _group(text, history, saved)
        return _kept(narrow(schema, {**mentions, "group": group}), kept)
    if audience:
        for kind in {*AUDIENCE_WORDS, "days", "price_min", "price_max", "unused"} & set(mentions):
            del mentions[kind]
    narrowed = _kept(narrow(schema, mentions), kept)
    if audience:
        return _with(narrowed, _fitted(schema, audience, narrowed.fixed))
    read_too = {kind: mentions[kind][0] for kind in SURE if kind in mentions}
    if "owned" in mentions:
        read_too["bought"] = mentions["owned"][0]
    narrowed = _with(narrowed, _fitted(schema, read_too, narrowed.fixed))
    if refers_back(text):
        carried = _carried(history, narrowed, text)
        if carried:
            return _with(narrowed, {**narrowed.fixed, **_fitted(schema, carried, narrowed.fixed)})
    return narrowed


def _kept(narrowed: Narrowed, kept: Mapping[str, Any]) -> Narrowed:
    """The arguments with those of the turn before that a follow-up keeps, where it fixes none itself.

    Words are among them: the model would make some up from 'anything cheaper?'.
    """
    open_now = narrowed.open.get("properties", {})
    asked = {
        key: value
        for key, value in kept.items()
        if key not in narrowed.fixed and (key not in open_now or key in WORDED)
    }
    return _with(narrowed, asked) if asked else narrowed


def _fitted(
    schema: Mapping[str, Any], audience: Mapping[str, Any], fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Audience arguments as a tool takes them: those that it has none of go into its `conditions`."""
    known = schema.get("properties", {})
    own = {key: value for key, value in audience.items() if key in known and key != "conditions"}
    rest = {key: value for key, value in audience.items() if key not in known}
    now, then = fixed.get("conditions", {}), audience.get("conditions", {})
    rules = [*now.get("purchases", []), *then.get("purchases", [])]
    if "bought" in rest:
        rules.append({"bought": True, "what": [rest.pop("bought")]})
    conditions = {**then, **rest, **now, **({"purchases": rules} if rules else {})}
    return {**own, "conditions": conditions} if conditions and "conditions" in known else own


def _with(narrowed: Narrowed, fixed: Mapping[str, Any]) -> Narrowed:
    """The arguments with more of them fixed."""
    left = {key: value for key, value in narrowed.open.get("properties", {}).items() if key not in fixed}
    required = [name for name in narrowed.open["required"] if name in left]
    return Narrowed(
        fixed={**narrowed.fixed, **fixed}, open={**narrowed.open, "properties": left, "required": required}
    )


def _group(text: str, history: Sequence[Turn], saved: tuple[str, ...]) -> list[Any]:
    """The customers that the request names as one argument; the last named ones where it names none."""
    named = read_group(text, saved)
    last = next((turn.audience for turn in reversed(history) if turn.audience), {})
    if named and WITHIN.search(text.lower()):
        named = {**last, **named}
    group = last if last and set(named) <= {"unused"} and (not named or refers_back(text)) else named
    return [group] if group else []


def _point_back(mentions: Mentions, text: str, history: Sequence[Turn]) -> None:
    shown = next((turn.products for turn in reversed(history) if turn.products), [])
    if "product_id" not in mentions:
        meant = pointed_at(text, shown)
        if meant is not None:
            mentions["product_id"] = [meant]


def _carried(history: Sequence[Turn], narrowed: Narrowed, text: str) -> dict[str, Any]:
    """The last named audience, for 'them' and '这些客户', unless the request names one itself.

    'Which of them' narrows it further: what the request adds is then put beside it, and comes first.
    """
    last = next((turn for turn in reversed(history) if turn.audience), None)
    if last is None or (AUDIENCE & set(narrowed.fixed) and not WITHIN.search(text.lower())):
        return {}
    return {
        key: value for key, value in last.audience.items() if key not in narrowed.fixed or key == "conditions"
    }


def settle(
    arguments: Mapping[str, Any], chosen: Narrowed, text: str, history: Sequence[Turn]
) -> dict[str, Any]:
    """The arguments that may be used: those read by code, and the model's own where the words bear them out."""
    said = simplified(" ".join([text, *(turn.text for turn in history[-2:])]).lower())
    kept: dict[str, Any] = {}
    for name, spec in chosen.open.get("properties", {}).items():
        value = arguments.get(name)
        value = simplified(value) if isinstance(value, str) else value
        if (
            value is None
            or value == ""
            or (name in ("bought", "about") and AUDIENCE_WORDS & set(read(str(value))))
        ):
            continue
        free = not any("enum" in option for option in spec.get("anyOf", [spec])) and isinstance(value, str)
        if free and not borne_out(str(value), said):
            if "anyOf" not in spec:  # it must be given: the whole request serves
                kept[name] = text[: spec.get("maxLength", 100)]
            continue
        kept[name] = value
    return {**kept, **chosen.fixed}


def borne_out(value: str, said: str) -> bool:
    """Whether the person's words bear out a free argument: a shared word, or it is in the other language."""
    content = GENERIC.sub("", value.lower())
    latin = re.findall(r"[a-z]{3,}", content)
    han = re.findall(r"[\u3400-\u9fff]", content)
    if not latin and not han:
        return False
    said_han = bool(re.search(r"[\u3400-\u9fff]", said))
    if han and said_han:
        return any(char in said for char in han)
    if latin and not han and re.search(r"[a-z]{3,}", said):
        return any(word[:4] in said for word in latin)
    return True
