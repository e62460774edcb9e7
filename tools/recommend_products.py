"""What to offer: products for a customer, a group, a basket, beside a product, or for an occasion in words."""

from typing import Annotated, Literal

from pydantic import Field

from shopwright.knowledge.recommend_picking import DIVERSITY
from shopwright.knowledge.saved import SavedModelError
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
    Plot,
    Series,
    Table,
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
Mode = Annotated[
    Literal["all", "buy_again", "discover"],
    mentioned("mode", "buy_again: only what the customer bought before; discover: only what is new."),
]
ProductId = Annotated[int | None, mentioned("product_id", "A product that these should go with.", ge=0)]
Basket = Annotated[list[int] | None, mentioned("basket", "Ids of the products in a basket.", max_length=50)]
Diversity = Annotated[
    float, mentioned("diversity", "0: the best whatever their kind .. 1: one of each kind.", ge=0, le=1)
]
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
    mode: Mode = "all",
    product_id: ProductId = None,
    basket: Basket = None,
    diversity: Diversity = DIVERSITY,
) -> ToolResult:
    """Choose products to offer or promote: to a customer or a group, with other products, or for an occasion."""
    chosen = customer_filter(
        context, segment=segment, age_min=age_min, age_max=age_max, has_children=has_children,
        uses_coupons=uses_coupons, inactive_days=inactive_days, conditions=conditions,
    )  # fmt: skip
    scope = _scope(context, about) if about else None
    recommender = context.shop.recommender
    if customer_id is not None:
        wanted: Mode = "discover" if new_only else mode
        whom = _whom(context, customer_id, wanted)
        found = _for_customer(context, customer_id, count, scope, wanted, diversity)
    elif basket or product_id is not None:
        whom, found = _beside(context, basket or [product_id or 0], count, scope, diversity)
    elif about and scope is None:
        whom, found = about, recommender.for_text(about, count)
    else:
        everyone = not chosen.model_dump(exclude_none=True)
        whom = about if about and everyone else describe_filter(context, chosen)
        found = recommender.for_filter(chosen, count, scope=scope, diversity=diversity)
    return _result(context, whom, scope, found)


def _whom(context: ToolContext, customer_id: int, mode: Mode) -> str:
    which, which_zh = {
        "all": ("", ""),
        "buy_again": (" to buy again", "（再次购买）"),
        "discover": (" to discover", "（没买过的）"),
    }[mode]
    return say(context.language, f"customer {customer_id}{which}", f"客户{customer_id}{which_zh}")


def _for_customer(
    context: ToolContext, customer_id: int, count: int, scope: Scope | None, mode: Mode, diversity: float
) -> list[Recommendation]:
    try:
        return context.shop.recommender.for_customer(
            customer_id, count, scope=scope, mode=mode, diversity=diversity
        )
    except SavedModelError:
        raise
    except LookupError as error:
        raise ToolError(
            say(
                context.language,
                f"There is no customer {customer_id} in this shop.",
                f"本店没有编号为{customer_id}的客户。",
            )
        ) from error


def _beside(
    context: ToolContext, products: list[int], count: int, scope: Scope | None, diversity: float
) -> tuple[str, list[Recommendation]]:
    """What goes with one product, or with a basket of several."""
    language, held = context.language, context.shop.products.by_ids(products)
    known = {hit.product_id for hit in held}
    missing = [str(product) for product in products if product not in known]
    if missing:
        raise ToolError(
            say(
                language,
                f"There is no product {', '.join(missing)} in this shop.",
                f"本店没有编号为{'、'.join(missing)}的商品。",
            )
        )
    named = say(language, "; ", "；").join(product_name(hit, language) for hit in held[:3])
    more = say(language, f" and {len(held) - 3} more", f"等{len(held)}件") if len(held) > 3 else ""
    whom = say(language, f"with {named}{more}", f"搭配{named}{more}")
    found = context.shop.recommender.for_basket(products, count, scope=scope, diversity=diversity)
    if len(products) == 1 and not any(item.reason == "bought_together" for item in found) and scope is None:
        found = context.shop.recommender.similar(products[0], count, diversity=diversity)
    return whom, found


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
        views=[Cards(title=whom, cards=cards), _table(context, whom, found, why), *_plots(context, found)],
    )


FAMILIES = {
    "repeat": ("bought before", "买过"),
    "timing": ("due again", "到期再购"),
    "habit": ("kinds bought", "常买品类"),
    "together": ("similar customers", "相似客户"),
    "content": ("similar products", "相似商品"),
    "popular": ("sells well", "热销"),
    "offer": ("offer", "促销"),
}


def _table(context: ToolContext, whom: str, found: list[Recommendation], why: list[str]) -> Table:
    language = context.language
    columns = [say(language, *pair) for pair in (("Product", "商品"), ("Price", "价格"), ("Why", "理由"))]
    rows: list[list[str | int | float | None]] = [
        [
            product_name(item.product, language),
            "" if item.product.price is None else money(context, item.product.price),
            reason,
        ]
        for item, reason in zip(found, why, strict=True)
    ]
    return Table(title=whom, columns=columns, rows=rows)


def _plots(context: ToolContext, found: list[Recommendation]) -> list[Plot]:
    """What speaks for each product, where the ranking tells."""
    language = context.language
    shown = [item for item in found if item.signals]
    series = [
        Series(
            name=say(language, *words),
            x=[product_name(item.product, language) for item in shown],
            y=[max(0.0, item.signals.get(family, 0.0)) for item in shown],
        )
        for family, words in FAMILIES.items()
        if any(item.signals.get(family, 0.0) > 0 for item in shown)
    ]
    if not series:
        return []
    title = say(language, "What speaks for each product", "每件商品的推荐依据")
    return [Plot(title=title, chart="stacked", y_label=say(language, "weight", "权重"), series=series)]
