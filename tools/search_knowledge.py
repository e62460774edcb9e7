"""What the shop's policies and help pages say, with citations."""

import re
from typing import Annotated

from pydantic import Field

from shopwright.knowledge.types import Passage
from shopwright.tools.base import Example, Quotes, ToolContext, ToolResult, shop_tool
from shopwright.tools.wording import say

Query = Annotated[
    str, Field(description="The question, in the person's words.", min_length=1, max_length=100)
]


@shop_tool(
    roles=("marketer", "shopper"),
    examples=(
        Example(
            "Can I return something I opened?",
            "拆开的东西还能退吗？",
            {"query": "return opened item"},
            {"query": "拆开的东西能退吗"},
        ),
        Example(
            "How much does delivery cost?",
            "送货要多少钱？",
            {"query": "delivery cost"},
            {"query": "送货费用"},
        ),
        Example(
            "Do coupons expire?", "优惠券会过期吗？", {"query": "coupon expiry"}, {"query": "优惠券有效期"}
        ),
    ),
)
def search_knowledge(context: ToolContext, query: Query) -> ToolResult:
    """Look up this shop's own rules and help: returns, delivery, coupons, loyalty points, payment, privacy."""
    passages = _passages(context, query)
    if not passages:
        nothing = say(
            context.language,
            "The shop's policies and help pages say nothing about this.",
            "本店的规则和帮助页面没有相关说明。",
        )
        return ToolResult(text=nothing, headline=nothing, data={"passages": []})
    return _result(context, _question(context, query), passages)


# A few words that mean something only after what was said before: "And without a receipt?", 那周日呢.
_FOLLOWS = re.compile(
    r"\s*(?:and|so|but|or|then|what about|how about|what if)\b|\s*(?:那|还有|如果|要是|要不)", re.I
)
SHORT = 60  # characters of a question that may follow on another


def _question(context: ToolContext, query: str) -> str:
    """What the person typed; a query of a few words has lost what tells passages apart."""
    return str(context.transcript[-1]["text"]) if context.transcript else query


def _passages(context: ToolContext, query: str) -> list[Passage]:
    """At most two, for the person's own words first, then for them after the person's words before."""
    documents, question = context.shop.documents, _question(context, query)
    found = documents.search(question, 2, language=context.language, beside=query)
    if not found and len(question) <= SHORT and _FOLLOWS.match(question):
        earlier = [str(said["text"]) for said in context.transcript[:-1] if said.get("role") == "user"]
        if earlier:
            found = documents.search(f"{earlier[-1]} {question}", 2, language=context.language)
    return found


def _result(context: ToolContext, question: str, passages: list[Passage]) -> ToolResult:
    """Rules are quoted, never reworded: a small model turns a yes into a no too easily."""
    language = context.language
    first = passages[0]
    key = context.shop.documents.key_sentence(first, question)
    quoted = (
        _line(first.text).replace(_line(key), f"**{_line(key)}**", 1)
        if key != first.text
        else _line(first.text)
    )
    also = passages[1].title if len(passages) > 1 and passages[1].score > 0.8 * first.score else ""
    headline = say(language, f"Our help page “{first.title}” says:", f"帮助页面《{first.title}》说明：")
    return ToolResult(
        text="\n".join(f"- {passage.title}: {_line(passage.text)}" for passage in passages),
        headline=f"{headline}\n\n> {quoted}",
        appendix=say(language, f"See also: {also}.", f"另见：《{also}》。") if also else "",
        memory=say(language, f"looked up: {first.title}", f"已查阅：{first.title}"),
        data={"passages": [passage.model_dump(mode="json") for passage in passages], "quoted": key},
        views=[
            Quotes(
                title=say(language, "Help pages", "帮助页面"),
                quotes=[{"text": p.text, "source": f"{p.title} ({p.slug}.{p.language})"} for p in passages],
            )
        ],
    )


def _line(text: str) -> str:
    return " ".join(text.split())
