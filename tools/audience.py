"""The arguments by which several tools say which customers are meant."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field, ValidationError

from shopwright.knowledge.segment_periods import calendar_period, span
from shopwright.knowledge.segment_saved import SegmentNameError
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.types import CustomerFilter, Period, Purchase, SavedFilter, Scope
from shopwright.tools.base import ToolContext, ToolError, mentioned, offered_when
from shopwright.tools.wording import say


def read_by_code(kind: str, description: str) -> Any:
    """A Field that code alone fills from the words, in several parts: the model neither sees nor writes it."""
    return Field(description=description, json_schema_extra={"x-mention": kind, "x-hidden": True})


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


Conditions = Annotated[
    dict[str, Any] | None,
    read_by_code("conditions", "Further conditions: value, churn, lifecycle, periods, what was not bought."),
]
Unused = Annotated[
    list[str] | None, read_by_code("unused", "Words about the customers that no rule has read.")
]
Group = Annotated[dict[str, Any] | None, read_by_code("group", "Which customers, as audience arguments.")]


def group_filter(context: ToolContext, group: Mapping[str, Any] | None) -> CustomerFilter:
    """The filter that a `group` argument means.

    Raises ToolError as `customer_filter` does, and where words about the customers are left of which none
    became a condition: they would mean everybody.
    """
    given = dict(group or {})
    unused = [str(word) for word in given.pop("unused", None) or ()]
    bought, conditions = given.pop("bought", None), given.pop("conditions", None)
    chosen = customer_filter(context, bought=bought, conditions=conditions, **given)
    if unused and chosen.everyone:
        words = say(context.language, ", ", "、").join(f"“{word}”" for word in unused)
        raise ToolError(
            say(
                context.language,
                f"I do not know which customers {words} are. Name them by age, income, family, what they bought "
                "and when, spend, orders, lifecycle, value or churn, or by the name of a saved segment.",
                f"我无法识别{words}指的是哪些客户。请用年龄、收入、家庭、买过什么和何时购买、消费、订单、生命周期、价值、"
                "流失概率，或已保存人群的名称来说明。",
            )
        )
    return chosen


def customer_filter(
    context: ToolContext,
    *,
    bought: str | None = None,
    conditions: Mapping[str, Any] | None = None,
    **plain: Any,
) -> CustomerFilter:
    """The filter that the arguments mean.

    Raises ToolError for a product kind that the shop lacks, a saved segment that there is not, or a
    period that the calendar lacks.
    """
    given = {key: value for key, value in plain.items() if value is not None}
    try:
        return CustomerFilter(
            bought=_scope(context, [bought]) if bought and bought.strip() else None,
            **given,
            **(_conditions(context, conditions) if conditions else {}),
        )
    except ValueError as error:
        raise _impossible(context, error) from error
    except LookupError as error:
        raise ToolError(str(error)) from error


def for_everybody(context: ToolContext, unused: list[str] | None, chosen: CustomerFilter) -> str:
    """That a result is about all customers because no word about them was understood; '' where it is not so."""
    if not unused or not chosen.everyone:
        return ""
    words = say(context.language, ", ", "、").join(f"“{word}”" for word in unused)
    return say(
        context.language,
        f"⚠ I know no condition such as {words}, so this is for **all** customers, not for a group.\n\n",
        f"⚠ 我无法识别条件{words}，因此以下针对**全部**客户，而不是某个人群。\n\n",
    )


def _impossible(context: ToolContext, error: ValueError) -> ToolError:
    what = str(error)
    if isinstance(error, ValidationError):
        what = "; ".join(f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors())
    return ToolError(
        say(
            context.language,
            f"These conditions cannot be used: {what}.",
            f"这些条件无法使用：{what}。",
        )
    )


def _conditions(context: ToolContext, said: Mapping[str, Any]) -> dict[str, Any]:
    """Conditions as the words gave them, made into fields of CustomerFilter."""
    today = context.shop.today.date()
    found = {key: value for key, value in said.items() if key not in ("purchases", "joined", "saved", "tags")}
    if said.get("joined"):
        found["joined"] = period(said["joined"], today)
    if said.get("purchases"):
        found["purchases"] = [_purchase(context, rule, today) for rule in said["purchases"]]
    if said.get("saved"):
        found["saved"] = _saved(context, str(said["saved"]))
    if said.get("tags"):
        tags, rest = _tags(context, [str(word) for word in said["tags"]])
        found |= {"tags": tags} if tags else {}
        if rest:  # no tag, but a kind of product: who buys it is interested in it
            bought = [Purchase(scope=_scope(context, [word])) for word in rest]
            found["purchases"] = [*found.get("purchases", []), *bought]
    return found


def _saved(context: ToolContext, name: str) -> SavedFilter:
    try:
        info = context.shop.segments.saved.get(name)
    except SegmentNameError as error:
        raise ToolError(say(context.language, str(error), error.zh)) from error
    return SavedFilter(name=info.name, filter=info.filter)


def _purchase(context: ToolContext, rule: Mapping[str, Any], today: date) -> Purchase:
    return Purchase(
        bought=bool(rule.get("bought", True)),
        scope=_scope(context, [str(word) for word in rule["what"]]) if rule.get("what") else None,
        period=period(rule["period"], today) if rule.get("period") else None,
        **{key: rule[key] for key in ("spend_min", "spend_max", "orders_min", "orders_max") if key in rule},
    )


def period(said: Mapping[str, Any], today: date) -> Period:
    """A period as the words gave it; seasons, months, quarters and years become fixed days.

    Raises pydantic's ValidationError, or ValueError for a name that the calendar lacks.
    """
    if "days" in said or "start" in said or "end" in said:
        plain = {key: said[key] for key in ("days", "start", "end", "before") if key in said}
        return Period.model_validate(plain)
    if "named" in said and not (said.get("since") or said.get("after")):
        return Period(named=said["named"], before=bool(said.get("before")))
    if "named" in said:
        start, end = span(Period(named=said["named"]), today)
        whole = Period(start=start, end=end or today)
    else:
        year = said.get("year")
        if year is None and "years_back" in said:
            year = today.year - int(said["years_back"])
        whole = calendar_period(str(said.get("name", "")), year, today)
    if said.get("since"):
        return whole.model_copy(update={"end": None})
    if said.get("after") and whole.end is not None:
        return Period(start=date.fromordinal(whole.end.toordinal() + 1))
    return whole.model_copy(update={"before": bool(said.get("before"))})


def _tags(context: ToolContext, words: list[str]) -> tuple[list[str], list[str]]:
    """Interest tags by key or by name in either language, and the words that are none."""
    if not context.shop.customers.fitted:
        return [], words
    known: dict[str, str] = {}
    for tag in context.shop.customers.tags(limit=1000):
        known |= {tag.category.casefold(): tag.category, tag.name.casefold(): tag.category}
        known[tag.name_zh.casefold()] = tag.category
    found = [known[word.casefold()] for word in words if word.casefold() in known]
    return found, [word for word in words if word.casefold() not in known]


def _scope(context: ToolContext, words: list[str]) -> Scope:
    """What the words mean in the assortment, any of them. Raises ToolError for a kind that the shop lacks."""
    scopes = [_one_scope(context, word) for word in words]
    if len(scopes) == 1:
        return scopes[0]
    return Scope(
        query=" / ".join(words),
        label=" or ".join(scope.label for scope in scopes),
        label_zh="或".join(scope.label_zh for scope in scopes),
        departments=[name for scope in scopes for name in scope.departments],
        categories=[name for scope in scopes for name in scope.categories],
        product_types=[name for scope in scopes for name in scope.product_types],
    )


def _one_scope(context: ToolContext, words: str) -> Scope:
    scope = context.shop.products.resolve(words)
    if scope is None:
        raise ToolError(
            say(
                context.language,
                f"The shop sells nothing that matches '{words}'. Name a department or a kind of product, such as 'cat food'.",
                f"店里没有与“{words}”相符的商品。请说出部门或品类，例如“猫粮”。",
            )
        )
    return scope
