"""Why a product is recommended, in words: each reason states the figure it rests on."""

from typing import NamedTuple

Names = tuple[str, str]
"""A product's name in English and Chinese."""


class Reason(NamedTuple):
    """The kind of signal, and the sentence in English and Chinese."""

    kind: str
    text: str
    text_zh: str


def bought_before(orders: int, last: str) -> Reason:
    """The customer's own purchases; `last` is YYYY-MM-DD."""
    times = "once" if orders == 1 else f"{orders} times"
    return Reason("bought_before", f"bought {times}, last on {last}", f"买过 {orders} 次，最近一次是 {last}")


def bought_with(both: int, buyers: int, name: Names, weeks: int, until: str) -> Reason:
    """`both` of the `buyers` of the product `name` bought this one too, in the `weeks` weeks to `until`."""
    share = round(100 * both / buyers)
    return Reason(
        "similar_customers",
        f"{share}% of the {buyers} customers who bought {name[0]} in the {weeks} weeks to {until} "
        "also bought it",
        f"截至 {until} 的 {weeks} 周内，买过“{name[1]}”的 {buyers} 位客户中有 {share}% 也买了它",
    )


def popular(buyers: int, days: int, until: str) -> Reason:
    """Customers who bought it in the `days` days to `until`."""
    customers = "1 customer" if buyers == 1 else f"{buyers} customers"
    return Reason(
        "popular",
        f"{customers} bought it in the {days} days to {until}",
        f"截至 {until} 的 {days} 天内有 {buyers} 位客户购买",
    )


def popular_in_group(share: float, everyone: float, members: int, weeks: int, until: str) -> Reason:
    """Share of a group's `members` active customers who bought it, against that of all active customers.

    Active: with an order in the `weeks` weeks.
    """
    ours, all_of_them = f"{100 * share:.1f}%", f"{100 * everyone:.1f}%"
    return Reason(
        "similar_customers",
        f"{ours} of the {members} active customers of this group bought it in the {weeks} weeks to {until}, "
        f"against {all_of_them} of all",
        f"截至 {until} 的 {weeks} 周内，该群体 {members} 位活跃客户中有 {ours} 购买，"
        f"全部活跃客户为 {all_of_them}",
    )


def matches(query: str, sold: Reason | None) -> Reason:
    """Found by the words of `query`; with how many bought it where anyone did."""
    tail, tail_zh = (f"; {sold.text}", f"；{sold.text_zh}") if sold else ("", "")
    return Reason("matches_text", f"matches “{query}”{tail}", f"符合“{query}”{tail_zh}")
