"""What to offer: products for a customer, a group of customers, or an occasion in words."""

from typing import Annotated

from pydantic import Field

from shopwright.knowledge.types import Recommendation, Scope
from shopwright.tools.audience import (
    AgeMax,
    AgeMin,
    Conditions,
    HasChildren,
    InactiveDays,
    Segment,
    UsesCoupons,
    customer_filter,
    segment_meanings,
)
from shopwright.tools.base import (
    Card,
    Cards,
    Example,
    ToolContext,
    ToolError,
    ToolResult,
    mentioned,
    shop_tool,
)
from shopwright.tools.wording import brand, describe_filter, money, product_line, product_name, say

CustomerId = Annotated[int | None, mentioned("customer_id", "Customer id.", ge=0)]
Count = Annotated[int, mentioned("count", "How many products.", ge=1, le=20)]
NewOnly = Annotated[bool, mentioned("new_only", "Only products that the customer never bought.")]
About = Annotated[
    str | None,
    Field(description="Kind of product or occasion, in the person's words, only if named.", max_length=80),
]


@shop_tool(
    roles=("marketer",),
    choices={"segment": segment_meanings},
    examples=(
        Example(
            "What else would customer 57 like to buy?",
            "客户57还可能买哪些没买过的商品？",
            {"customer_id": 57},
        ),
        Example(
            "What should we offer our loyal customers?", "应该给忠诚客户推什么商品？", {"segment": "loyal"}
        ),
        Example(
            "Suggest 5 products for a summer barbecue",
            "推荐5款适合夏天烧烤的商品",
            {"about": "summer barbecue", "count": 5},
            {"about": "夏天烧烤", "count": 5},
        ),
        Example(
            "snacks for households with children",
            "给有孩子的家庭推荐零食",
            {"about": "snacks", "has_children": True},
            {"about": "零食", "has_children": True},
        ),
    ),
)
def recommend_products(
    context: ToolContext,
    segment: Segment = None,
    about: About = None,
    customer_id: CustomerId = None,
    count: Count = 6,
    new_only: NewOnly = False,
    age_min: AgeMin = None,
    age_max: AgeMax = None,
    has_children: HasChildren = None,
    uses_coupons: UsesCoupons = None,
    inactive_days: InactiveDays = None,
    conditions: Conditions = None,
) -> ToolResult:
    """Choose products to offer or promote: to one customer, to a group of customers, or for an occasion."""
    chosen = customer_filter(
        context, segment=segment, age_min=age_min, age_max=age_max, has_children=has_children,
        uses_coupons=uses_coupons, inactive_days=inactive_days, conditions=conditions,
    )  # fmt: skip
    scope = _scope(context, about) if about else None
    recommender = context.shop.recommender
    if customer_id is not None:
        whom = say(context.language, f"customer {customer_id}", f"客户{customer_id}")
        try:
            found = recommender.for_customer(customer_id, count, scope=scope, new_only=new_only)
        except LookupError as error:
            raise ToolError(
                say(
                    context.language,
                    f"There is no customer {customer_id} in this shop.",
                    f"本店没有编号为{customer_id}的客户。",
                )
            ) from error
    elif about and scope is None:
        whom, found = about, recommender.for_text(about, count)
    elif about and not chosen.model_dump(exclude_none=True):
        whom, found = about, recommender.for_filter(chosen, count, scope=scope)
    else:
        whom, found = describe_filter(context, chosen), recommender.for_filter(chosen, count, scope=scope)
    return _result(context, whom, scope, found)


def _scope(context: ToolContext, about: str) -> Scope | None:
    """What `about` means in the assortment; for an occasion, what else the request names ('fruit for Easter')."""
    products = context.shop.products
    asked = str(context.transcript[-1]["text"]) if context.transcript else ""
    return products.resolve(about) or products.mentioned(asked.replace(about, " "))


def _result(context: ToolContext, whom: str, scope: Scope | None, found: list[Recommendation]) -> ToolResult:
    language = context.language
    label = say(language, scope.label, scope.label_zh) if scope else ""
    if not found:
        nothing = say(
            language,
            f"No product fits {whom}{f' in {label}' if label else ''}. Try a wider kind of product.",
            f"没有找到适合{whom}的{label or '商品'}，请放宽品类再试。",
        )
        return ToolResult(text=nothing, headline=nothing, data={"products": []})
    why = [say(language, item.reason_text, item.reason_text_zh) for item in found]
    lines = [
        f"- {product_line(context, item.product)} — {reason}" for item, reason in zip(found, why, strict=True)
    ]
    headline = say(
        language,
        f"{len(found)} products for **{whom}**{f' ({label})' if label and label != whom else ''}:",
        f"推荐{len(found)}款商品，对象：**{whom}**{f'（{label}）' if label and label != whom else ''}：",
    )
    cards = [
        Card(
            title=product_name(item.product, language),
            subtitle=say(language, item.product.category, item.product.category_zh),
            price=money(context, item.product.price) if item.product.price is not None else "",
            badge=brand(item.product, language),
            reason=reason,
            product_id=item.product.product_id,
        )
        for item, reason in zip(found, why, strict=True)
    ]
    listed = "\n".join(lines)
    return ToolResult(
        text="\n".join([f"- {whom}", *(f"- {product_line(context, item.product)}" for item in found)]),
        headline=f"{headline}\n\n{listed}",
        reply=say(
            language,
            "Write one sentence: what these products have in common or how to use them in an offer. Do not list them again.",
            "写一句话：这些商品的共同点，或在活动中怎么用。不要再列一遍。",
        ),
        memory=say(language, "recommended: ", "已推荐：")
        + "; ".join(product_name(item.product, language) for item in found[:3]),
        data={"for": whom, "products": [item.model_dump(mode="json") for item in found]},
        views=[Cards(title=whom, cards=cards)],
    )
