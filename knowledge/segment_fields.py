"""What can be edited in a filter, and how edited values become a filter again: for a page or an API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from shopwright.knowledge.customer_types import LIFECYCLES
from shopwright.knowledge.segment_names import SEGMENTS
from shopwright.knowledge.types import CustomerFilter, Frozen, Scope

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

Kind = Literal[
    "choice", "choices", "integer", "number", "share", "flag", "scope", "period", "purchases", "saved"
]


class Choice(Frozen):
    """One value that a field may take."""

    value: str
    label: str
    label_zh: str


class FilterField(Frozen):
    """One field of CustomerFilter as a page may show it.

    Kinds: `choice` and `choices` take values of `choices`; `share` a number of 0..1; `scope` a kind of
    product in words; `period` an object such as {"days": 60}, {"named": "this_month"} or {"start":
    "2017-09-01", "end": "2017-11-30"}; `purchases` a list of objects with `bought`, `scope`, `period` and
    bounds; `saved` the name of a saved segment.
    """

    key: str
    kind: Kind
    group: str
    group_zh: str
    label: str
    label_zh: str
    minimum: float | None = None
    maximum: float | None = None
    choices: list[Choice] = Field(default_factory=list)


class FilterProblem(Frozen):
    """What is wrong with one field; `field` is '' where it is the whole."""

    field: str
    message: str
    message_zh: str


class FilterCheck(Frozen):
    """A filter, or why there is none."""

    filter: CustomerFilter | None
    problems: list[FilterProblem]


class FilterCount(Frozen):
    """How many customers a filter means; `size` is None where fewer than `threshold` (but somebody) match."""

    size: int | None
    threshold: int
    customers: int


WHO, LIFE, BUYING, NEXT, OTHER = (
    ("Who", "人口特征"), ("Lifecycle", "生命周期"), ("Buying", "购买行为"), ("Outlook", "预测"),
    ("Other", "其他"),
)  # fmt: skip
YEARS, DAYS, MANY = (0, 120), (1, 3650), (0, 1e9)
_TIERS = (("high", "high", "高"), ("middle", "middle", "中"), ("low", "low", "低"))
_FIELDS: tuple[tuple[str, Kind, tuple[str, str], str, str, tuple[float, float] | None], ...] = (
    ("segment", "choice", LIFE, "Segment (recency, frequency, spend)", "RFM人群", None),
    ("stage", "choice", LIFE, "Lifecycle stage", "生命周期阶段", None),
    ("value", "choice", LIFE, "Value (by spend)", "价值（按消费额）", None),
    ("frequency", "choice", LIFE, "Frequency (by orders)", "频率（按订单数）", None),
    ("joined", "period", LIFE, "First order in", "首单时间", None),
    ("tenure_min_days", "integer", LIFE, "Customer for at least, days", "成为客户至少（天）", (0, 36500)),
    ("tenure_max_days", "integer", LIFE, "Customer for at most, days", "成为客户至多（天）", (0, 36500)),
    ("age_min", "integer", WHO, "Age from", "年龄从", YEARS),
    ("age_max", "integer", WHO, "Age to", "年龄至", YEARS),
    ("income_min", "integer", WHO, "Income from", "年收入从", MANY),
    ("income_max", "integer", WHO, "Income to", "年收入至", MANY),
    ("has_children", "flag", WHO, "With children", "有孩子", None),
    ("married", "flag", WHO, "Married", "已婚", None),
    ("homeowner", "flag", WHO, "Owns the home", "有房", None),
    ("household_size_min", "integer", WHO, "Household of at least", "家庭人数至少", (1, 20)),
    ("consent", "flag", WHO, "Agreed to marketing", "同意接收营销", None),
    ("inactive_days", "integer", BUYING, "No order in the last, days", "未下单天数", DAYS),
    ("active_days", "integer", BUYING, "An order in the last, days", "下过单（最近天数）", DAYS),
    ("spend_min", "number", BUYING, "Spent at least, in all", "累计消费至少", MANY),
    ("spend_max", "number", BUYING, "Spent at most, in all", "累计消费至多", MANY),
    ("orders_min", "integer", BUYING, "At least orders", "订单数至少", MANY),
    ("orders_max", "integer", BUYING, "At most orders", "订单数至多", MANY),
    ("uses_coupons", "flag", BUYING, "Has used a coupon", "用过优惠券", None),
    ("bought", "scope", BUYING, "Bought", "买过", None),
    ("purchases", "purchases", BUYING, "Bought or not, in a period", "某段时间买过或没买过", None),
    ("churn_min", "share", NEXT, "Churn probability from", "流失概率从", (0, 1)),
    ("churn_max", "share", NEXT, "Churn probability to", "流失概率至", (0, 1)),
    ("predicted_min", "number", NEXT, "Predicted spend (90 days) from", "预测90天消费从", MANY),
    ("predicted_max", "number", NEXT, "Predicted spend (90 days) to", "预测90天消费至", MANY),
    ("cluster", "choice", NEXT, "Cluster", "聚类", None),
    ("tags", "choices", NEXT, "Interest tags", "兴趣标签", None),
    ("saved", "saved", OTHER, "Saved segment", "已保存人群", None),
    ("top", "integer", OTHER, "Only the top by spend", "只取消费最高的", (1, 1e9)),
)  # fmt: skip


def filter_fields(shop: Shop) -> list[FilterField]:
    """Every field of a filter with its label, bounds and choices, in the order a page would show them.

    Fields that rest on predictions are left out until the customer model has been fitted.
    """
    choices = _choices(shop)
    fitted = shop.customers.fitted
    return [
        FilterField(
            key=key,
            kind=kind,
            group=group[0],
            group_zh=group[1],
            label=label,
            label_zh=label_zh,
            minimum=bounds[0] if bounds else None,
            maximum=bounds[1] if bounds else None,
            choices=choices.get(key, []),
        )
        for key, kind, group, label, label_zh, bounds in _FIELDS
        if fitted or group != NEXT
    ]


def _choices(shop: Shop) -> dict[str, list[Choice]]:
    tiers = [Choice(value=value, label=en, label_zh=zh) for value, en, zh in _TIERS]
    found = {
        "segment": [Choice(value=i.key, label=i.name, label_zh=i.name_zh) for i in SEGMENTS],
        "stage": [Choice(value=i.key, label=i.name, label_zh=i.name_zh) for i in LIFECYCLES],
        "value": tiers,
        "frequency": tiers,
        "saved": [Choice(value=name, label=name, label_zh=name) for name in shop.segments.saved.names()],
    }
    if shop.customers.fitted:
        found["cluster"] = [
            Choice(value=str(c.number), label=c.name, label_zh=c.name_zh) for c in shop.customers.clusters()
        ]
        found["tags"] = [
            Choice(value=t.category, label=t.name, label_zh=t.name_zh) for t in shop.customers.tags()
        ]
    return found


def validate_filter(shop: Shop, values: Mapping[str, Any]) -> FilterCheck:
    """The filter that edited values mean, or what is wrong with which of them; empty values mean any.

    Scopes may be words ('cat food'), `saved` may be a name; `CustomerFilter.model_dump` is taken as it is.
    """
    problems: list[FilterProblem] = []
    data = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    for key, what in (("bought", data), *(("scope", rule) for rule in _rules(data))):
        if isinstance(what.get(key), str):
            what[key] = _scope(shop, str(what[key]), "bought" if what is data else "purchases", problems)
    if isinstance(data.get("saved"), str):
        data["saved"] = _saved(shop, str(data["saved"]), problems)
    try:
        chosen = CustomerFilter.model_validate(
            {key: value for key, value in data.items() if value is not None}
        )
    except ValidationError as error:
        return FilterCheck(filter=None, problems=[*problems, *_explained(error)])
    problems += _contradictions(chosen)
    if not problems:
        try:
            shop.segments.check(chosen)
        except LookupError as error:
            problems.append(FilterProblem(field="", message=str(error), message_zh=str(error)))
    return FilterCheck(filter=None if problems else chosen, problems=problems)


def count(shop: Shop, filter: CustomerFilter) -> FilterCount:
    """How many customers the filter means. Raises LookupError as `shop.segments.report` does."""
    size, threshold = shop.segments.size(filter), shop.settings.k_anonymity
    shown = None if 0 < size < threshold else size
    return FilterCount(size=shown, threshold=threshold, customers=shop.segments.size(CustomerFilter()))


def _rules(data: dict[str, Any]) -> list[dict[str, Any]]:
    rules = data.get("purchases")
    if not isinstance(rules, list):
        return []
    data["purchases"] = [dict(rule) if isinstance(rule, Mapping) else rule for rule in rules]
    return [rule for rule in data["purchases"] if isinstance(rule, dict)]


def _scope(shop: Shop, words: str, field: str, problems: list[FilterProblem]) -> dict[str, Any] | None:
    found: Scope | None = shop.products.resolve(words)
    if found is None:
        problems.append(
            FilterProblem(
                field=field,
                message=f"The shop sells nothing that matches '{words}'.",
                message_zh=f"店里没有与“{words}”相符的商品。",
            )
        )
    return found.model_dump() if found else None


def _saved(shop: Shop, name: str, problems: list[FilterProblem]) -> dict[str, Any] | None:
    from shopwright.knowledge.segment_saved import SegmentNameError

    try:
        info = shop.segments.saved.get(name)
    except SegmentNameError as error:
        problems.append(FilterProblem(field="saved", message=str(error), message_zh=error.zh))
        return None
    return {"name": info.name, "filter": info.filter.model_dump()}


def _contradictions(chosen: CustomerFilter) -> list[FilterProblem]:
    """Bounds of which the lower is above the upper: nobody can match them."""
    labels = {key: (label, label_zh) for key, _, _, label, label_zh, _ in _FIELDS}
    pairs = [
        (key, key.replace("_min", "_max"))
        for key in labels
        if "_min" in key and key.replace("_min", "_max") in labels
    ]
    found = []
    for low_key, high_key in pairs:
        low, high = getattr(chosen, low_key), getattr(chosen, high_key)
        if low is not None and high is not None and low > high:
            found.append(
                FilterProblem(
                    field=low_key,
                    message=f"'{labels[low_key][0]}' ({low:g}) is above '{labels[high_key][0]}' ({high:g}).",
                    message_zh=f"“{labels[low_key][1]}”（{low:g}）大于“{labels[high_key][1]}”（{high:g}）。",
                )
            )
    return found


def _explained(error: ValidationError) -> list[FilterProblem]:
    labels = {key: (label, label_zh) for key, _, _, label, label_zh, _ in _FIELDS}
    found = []
    for issue in error.errors():
        field = str(issue["loc"][0]) if issue["loc"] else ""
        label, label_zh = labels.get(field, (field, field))
        message = str(issue["msg"]).removeprefix("Value error, ")
        found.append(
            FilterProblem(
                field=field,
                message=f"{label}: {message}",
                message_zh=f"{label_zh}：填写的值不符合要求（{message}）",
            )
        )
    return found
