"""Products for a shopper, by words and price."""

from typing import Annotated

from pydantic import Field

from shopwright.tools.base import Card, Cards, Example, ToolContext, ToolResult, mentioned, shop_tool
from shopwright.tools.wording import brand, money, product_line, product_name, say

Query = Annotated[
    str, Field(description="What is looked for, in the person's words.", min_length=1, max_length=80)
]
PriceMin = Annotated[float | None, mentioned("price_min", "Lowest price.", ge=0)]
PriceMax = Annotated[float | None, mentioned("price_max", "Highest price.", ge=0)]
Count = Annotated[int, mentioned("count", "How many products.", ge=1, le=12)]


@shop_tool(
    roles=("shopper",),
    examples=(
        Example("Do you have oat milk?", "有燕麦奶吗？", {"query": "oat milk"}, {"query": "燕麦奶"}),
        Example(
            "something sweet under $4",
            "4元以下的甜食",
            {"query": "something sweet", "price_max": 4},
            {"query": "甜食", "price_max": 4},
        ),
        Example(
            "I need food for my puppy", "我要给小狗买吃的", {"query": "puppy food"}, {"query": "小狗吃的"}
        ),
    ),
)
def find_products(
    context: ToolContext,
    query: Query,
    price_max: PriceMax = None,
    price_min: PriceMin = None,
    count: Count = 5,
) -> ToolResult:
    """Find products the shop sells, with prices."""
    language = context.language
    hits = context.shop.products.search(query, count, min_price=price_min, max_price=price_max)
    if not hits:
        nothing = say(
            language,
            f"Nothing on our shelves matches '{query}'{_limit(context, price_min, price_max)}.",
            f"没有找到与“{query}”相符的商品{_limit(context, price_min, price_max)}。",
        )
        return ToolResult(text=nothing, headline=nothing, data={"products": []})
    lines = [f"- {product_line(context, hit)}" for hit in hits]
    headline = say(
        language,
        f"For “{query}”{_limit(context, price_min, price_max)} we have:",
        f"“{query}”{_limit(context, price_min, price_max)}，店里有：",
    )
    listed = "\n".join(lines)
    return ToolResult(
        text=f"{headline}\n{listed}",
        headline=f"{headline}\n\n{listed}",
        memory=say(language, "shown: ", "已展示：")
        + "; ".join(product_name(hit, language) for hit in hits[:3]),
        data={"query": query, "products": [hit.model_dump(mode="json") for hit in hits]},
        views=[
            Cards(
                title=query,
                cards=[
                    Card(
                        title=product_name(hit, language),
                        subtitle=say(language, hit.category, hit.category_zh),
                        price=money(context, hit.price) if hit.price is not None else "",
                        badge=brand(hit, language),
                        product_id=hit.product_id,
                    )
                    for hit in hits
                ],
            )
        ],
    )


def _limit(context: ToolContext, low: float | None, high: float | None) -> str:
    language = context.language
    if low is not None and high is not None:
        return say(
            language,
            f" from {money(context, low)} to {money(context, high)}",
            f"（{money(context, low)}至{money(context, high)}）",
        )
    if high is not None:
        return say(language, f" up to {money(context, high)}", f"（{money(context, high)}以内）")
    return (
        say(language, f" from {money(context, low)}", f"（{money(context, low)}以上）")
        if low is not None
        else ""
    )
