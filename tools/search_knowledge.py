"""What the shop's policies and help pages say, with citations."""

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
    passages = context.shop.documents.search(query, 2, language=context.language)
    if not passages:
        nothing = say(
            context.language,
            "The shop's policies and help pages say nothing about this.",
            "本店的规则和帮助页面没有相关说明。",
        )
        return ToolResult(text=nothing, headline=nothing, data={"passages": []})
    return _result(context, passages)


def _result(context: ToolContext, passages: list[Passage]) -> ToolResult:
    language = context.language
    first = passages[0]
    return ToolResult(
        text="\n".join(f"- {passage.title}: {_line(passage.text)}" for passage in passages),
        reply=say(
            language,
            "Answer the question in one or two sentences, from the facts alone. If the facts say no, say no. "
            "If they do not answer it, say that the help pages do not say.",
            "只根据资料用一两句话回答问题。资料说不行就说不行；资料没有提到，就说帮助页面没有说明。",
        ),
        reply_figures=True,
        fallback=say(
            language, f"The help page “{first.title}” answers this:", f"帮助页面《{first.title}》的说明如下："
        ),
        appendix=f"> {_line(first.text)}\n>\n> — {say(language, 'Source', '来源')}: {first.title}",
        memory=say(language, f"looked up: {first.title}", f"已查阅：{first.title}"),
        data={"passages": [passage.model_dump(mode="json") for passage in passages]},
        views=[
            Quotes(
                title=say(language, "Help pages", "帮助页面"),
                quotes=[{"text": p.text, "source": f"{p.title} ({p.slug}.{p.language})"} for p in passages],
            )
        ],
    )


def _line(text: str) -> str:
    return " ".join(text.split())
