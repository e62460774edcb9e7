"""The arguments by which several tools say which customers are meant."""

from collections.abc import Mapping
from typing import Annotated, Any

from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter
from shopwright.tools.base import ToolContext, ToolError, mentioned, offered_when
from shopwright.tools.wording import say

Segment = Annotated[str | None, mentioned("segment", "Named segment.")]
AgeMin = Annotated[int | None, mentioned("age_min", "Youngest age, years.", ge=0, le=120)]
AgeMax = Annotated[int | None, mentioned("age_max", "Oldest age, years.", ge=0, le=120)]
IncomeMin = Annotated[int | None, mentioned("income_min", "Lowest yearly income.", ge=0)]
IncomeMax = Annotated[int | None, mentioned("income_max", "Highest yearly income.", ge=0)]
HasChildren = Annotated[bool | None, mentioned("has_children", "Has children.")]
Married = Annotated[bool | None, mentioned("married", "Is married.")]
Homeowner = Annotated[bool | None, mentioned("homeowner", "Owns the home.")]
UsesCoupons = Annotated[bool | None, mentioned("uses_coupons", "Has used a coupon.")]
InactiveDays = Annotated[int | None, mentioned("inactive_days", "No order in the last N days.", ge=1)]
ActiveDays = Annotated[int | None, mentioned("active_days", "An order in the last N days.", ge=1)]
SpendMin = Annotated[float | None, mentioned("spend_min", "Spent at least, in all.", ge=0)]
SpendMax = Annotated[float | None, mentioned("spend_max", "Spent at most, in all.", ge=0)]
OrdersMin = Annotated[int | None, mentioned("orders_min", "At least N orders.", ge=0)]
OrdersMax = Annotated[int | None, mentioned("orders_max", "At most N orders.", ge=0)]
Top = Annotated[int | None, mentioned("top", "Only the N customers who spent most.", ge=1)]
Bought = Annotated[
    str | None,
    offered_when("buying", "Kind of product bought, in the person's words, if one is named.", max_length=60),
]


def segment_meanings(shop: Shop) -> Mapping[str, str]:
    """Key and meaning of every named segment, for the model to choose from."""
    return {info.key: f"{info.name_zh}, {info.description}" for info in shop.segments.infos()}


def customer_filter(context: ToolContext, *, bought: str | None = None, **conditions: Any) -> CustomerFilter:
    """The filter that the arguments mean. Raises ToolError for a product kind that the shop lacks."""
    scope = None
    if bought and bought.strip():
        scope = context.shop.products.resolve(bought)
        if scope is None:
            raise ToolError(
                say(
                    context.language,
                    f"The shop sells nothing that matches '{bought}'. Name a department or a kind of product, such as 'cat food'.",
                    f"店里没有与“{bought}”相符的商品。请说出部门或品类，例如“猫粮”。",
                )
            )
    return CustomerFilter(
        bought=scope, **{key: value for key, value in conditions.items() if value is not None}
    )
