"""How a segment is shown: its figures, its months, what its members buy, what it shares with others."""

from typing import Any, NamedTuple

from shopwright.knowledge.segment_types import Drift, Overlap, SegmentDetail, SizeForecast
from shopwright.tools.base import Plot, Series, Table, ToolContext, View
from shopwright.tools.wording import money, percent, say, whole

SHOWN_OVERLAPS, SHOWN_TAGS = 6, 8


class Shown(NamedTuple):
    """All that is said of one segment, small groups left out already."""

    who: str
    detail: SegmentDetail
    drift: Drift | None
    history: SizeForecast | None
    overlaps: list[Overlap]

    def data(self) -> dict[str, Any]:
        """As JSON: the report's own keys, and one for each other part."""
        detail = self.detail.model_dump(mode="json")
        return {
            **detail["report"],
            "described": self.who,
            "lifecycle": detail["lifecycle"],
            "outlook": detail["outlook"],
            "outlook_days": 90,
            "interval_percent": 80,
            "drift": self.drift.model_dump(mode="json") if self.drift else None,
            "history": self.history.model_dump(mode="json") if self.history else None,
            "overlaps": [overlap.model_dump(mode="json") for overlap in self.overlaps],
        }


def segment_views(context: ToolContext, shown: Shown) -> list[View]:
    """Tables and plots of a segment, the figures first."""
    found: list[View | None] = [
        figures_table(context, shown),
        _months(context, shown),
        _categories(context, shown),
        _stages(context, shown),
        _tags(context, shown),
        _ages(context, shown),
        _overlaps(context, shown),
    ]
    return [view for view in found if view is not None]


def figures_table(context: ToolContext, shown: Shown) -> Table:
    """Size, money and outlook in a table of two columns."""
    language = context.language
    return Table(
        title=shown.who,
        columns=[say(language, "Figure", "指标"), say(language, "Value", "数值")],
        rows=[[name, value] for name, value in figure_rows(context, shown)],
    )


def figure_rows(context: ToolContext, shown: Shown) -> list[tuple[str, str]]:
    """Each figure's name and value in words."""
    language, report, outlook = context.language, shown.detail.report, shown.detail.outlook
    rows = [
        (say(language, "Customers", "客户数"), whole(report.size)),
        (say(language, "Share of all customers", "占全部客户"), percent(report.share)),
        (say(language, "Sales", "销售额"), money(context, report.spend_total)),
        (say(language, "Share of sales", "占销售额"), percent(report.spend_share)),
        (say(language, "Sales per customer", "人均消费"), money(context, report.spend_mean)),
        (say(language, "Orders per customer", "人均订单"), f"{report.orders_mean:.1f}"),
        (say(language, "Value of an order", "每单金额"), money(context, report.order_value_mean)),
        (
            say(language, "Days since last order (median)", "距上次下单天数（中位数）"),
            f"{report.recency_days_median:.0f}",
        ),
    ]
    if outlook is not None and outlook.customers:
        value = outlook.value_90
        rows += [
            (
                say(language, "Predicted spend, next 90 days (80% interval)", "预计未来90天消费（80%区间）"),
                f"{money(context, value.mid)} ({money(context, value.low)} – {money(context, value.high)})",
            ),
            (
                say(language, "Predicted spend per customer", "人均预计消费"),
                money(context, outlook.value_90_mean),
            ),
            (
                say(
                    language,
                    "Churn probability (no order in 60 days), mean",
                    "平均流失概率（60天内不再下单）",
                ),
                percent(outlook.churn_mean),
            ),
        ]
    return rows


def _months(context: ToolContext, shown: Shown) -> Plot | None:
    """The size at month ends and the next one's forecast; small sizes are drawn as none."""
    history, language = shown.history, context.language
    if history is None or len(history.history) < 3:
        return None
    days: list[str | int | float] = [str(point.as_of) for point in history.history]
    sizes = [float(point.size or 0) for point in history.history]
    series = [Series(name=say(language, "Customers", "客户数"), x=days, y=sizes)]
    ahead = history.next_size
    if ahead is not None:
        series.append(
            Series(
                name=say(language, "Forecast (80% interval)", "预测（80%区间）"),
                x=[days[-1], str(history.next_as_of)],
                y=[sizes[-1], round(ahead.mid)],
                low=[sizes[-1], round(ahead.low)],
                high=[sizes[-1], round(ahead.high)],
            )
        )
    return Plot(
        title=say(language, "Size at the end of each month", "每月末的人数"),
        chart="line",
        y_label=say(language, "customers", "客户数"),
        series=series,
    )


def _categories(context: ToolContext, shown: Shown) -> Plot | None:
    language, top = context.language, shown.detail.report.top_categories
    if not top:
        return None
    title, sampled = (
        say(language, "Sales by category", "各品类销售额"),
        shown.detail.report.categories_sampled,
    )
    if sampled is not None:
        title += say(
            language, f" (estimated from {sampled:,} of the members)", f"（由其中{sampled:,}人估算）"
        )
    return _bars(
        title,
        context.shop.settings.currency,
        say(language, "Sales", "销售额"),
        [say(language, c.name, c.name_zh) for c in top],
        [round(c.spend, 2) for c in top],
    )


def _stages(context: ToolContext, shown: Shown) -> Plot | None:
    """Lifecycle stages now, and beside them at the last month end where that is known."""
    language, drift = context.language, shown.drift
    if drift is not None and drift.mix:
        names: list[str | int | float] = [say(language, m.name, m.name_zh) for m in drift.mix]
        return Plot(
            title=say(language, "Lifecycle stages", "生命周期阶段"),
            chart="bar",
            y_label="%",
            series=[
                Series(name=str(drift.since), x=names, y=[round(100 * m.before, 1) for m in drift.mix]),
                Series(
                    name=say(language, "today", "现在"),
                    x=names,
                    y=[round(100 * m.now, 1) for m in drift.mix],
                ),
            ],
        )
    stages = shown.detail.lifecycle
    if not stages:
        return None
    return _bars(
        say(language, "Lifecycle stages", "生命周期阶段"),
        "%",
        say(language, "Share", "占比"),
        [say(language, s.stage.name, s.stage.name_zh) for s in stages],
        [round(100 * s.share, 1) for s in stages],
    )


def _tags(context: ToolContext, shown: Shown) -> Table | None:
    """Interests that stand out: the group's share beside the shop's."""
    language, outlook = context.language, shown.detail.outlook
    if outlook is None or not outlook.tags or shown.detail.report.size == shown.detail.report.customers_total:
        return None
    return Table(
        title=say(language, "Interests that stand out", "突出的兴趣"),
        columns=[
            say(language, "Interest", "兴趣"),
            say(language, "Of this group", "本人群"),
            say(language, "Times the shop's share", "相当于全店的倍数"),
        ],
        rows=[
            [say(language, t.name, t.name_zh), percent(t.share), f"{t.lift:.1f}×"]
            for t in outlook.tags[:SHOWN_TAGS]
        ],
    )


def _ages(context: ToolContext, shown: Shown) -> Plot | None:
    language, ages = context.language, shown.detail.report.ages
    if not ages:
        return None
    return _bars(
        say(language, "Age (where known)", "年龄（已知部分）"),
        say(language, "customers", "客户数"),
        say(language, "Customers", "客户数"),
        [say(language, a.name, a.name_zh) for a in ages],
        [float(a.count) for a in ages],
    )


def _overlaps(context: ToolContext, shown: Shown) -> Table | None:
    language = context.language
    if not shown.overlaps:
        return None
    return Table(
        title=say(language, "Shared with other segments", "与其他人群的重叠"),
        columns=[
            say(language, "Segment", "人群"),
            say(language, "Its customers", "该人群人数"),
            say(language, "In both", "重叠人数"),
            say(language, "Of this group", "占本人群"),
            say(language, "Jaccard", "Jaccard系数"),
        ],
        rows=[
            [
                f"{say(language, o.name, o.name_zh)}{' ★' if o.saved else ''}",
                whole(o.size),
                whole(o.both),
                percent(o.share),
                f"{o.jaccard:.2f}",
            ]
            for o in shown.overlaps[:SHOWN_OVERLAPS]
        ],
    )


def _bars(title: str, y_label: str, name: str, names: list[str], values: list[float]) -> Plot:
    return Plot(title=title, chart="bar", y_label=y_label, series=[Series(name=name, x=[*names], y=values)])
