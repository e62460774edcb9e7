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


def due_again(orders: int, last: str, gap: float, days: float) -> Reason:
    """Bought `orders` times, about every `gap` days; the last was `days` days ago."""
    return Reason(
        "due_again",
        f"bought {orders} times, about every {gap:.0f} days; the last was {days:.0f} days ago, on {last}",
        f"买过 {orders} 次，平均约 {gap:.0f} 天一次；最近一次是 {days:.0f} 天前（{last}）",
    )


def buys_kind(name: Names, orders: int, last: str) -> Reason:
    """The customer's own purchases of other products of the same kind; `last` is YYYY-MM-DD."""
    times = "once" if orders == 1 else f"{orders} times"
    return Reason(
        "buys_kind",
        f"bought {name[0]} {times}, last on {last}",
        f"买过 {orders} 次“{name[1]}”类商品，最近一次是 {last}",
    )


def alike_taste(name: Names, orders: int) -> Reason:
    """Customers with like purchases buy it; of the customer's own, `name` points to it most."""
    times = "once" if orders == 1 else f"{orders} times"
    return Reason(
        "similar_customers",
        f"customers with similar baskets buy it; {name[0]}, bought {times}, speaks most for it",
        f"购物相似的客户会买；最能说明这一点的是买过 {orders} 次的“{name[1]}”",
    )


def reads_alike(name: Names, orders: int, sold: Reason | None) -> Reason:
    """Its description is near that of `name`, which the customer bought; and how many bought it, if any."""
    times = "once" if orders == 1 else f"{orders} times"
    tail, tail_zh = (f"; {sold.text}", f"；{sold.text_zh}") if sold else ("; not sold yet", "；尚无销售")
    return Reason(
        "similar_text",
        f"reads like {name[0]}, bought {times}{tail}",
        f"与买过 {orders} 次的“{name[1]}”相似{tail_zh}",
    )


def new_like(name: Names, buyers: int, days: int, until: str) -> Reason:
    """Not sold yet; most like `name`, which `buyers` customers bought in the `days` days to `until`."""
    customers = "1 customer" if buyers == 1 else f"{buyers} customers"
    return Reason(
        "similar_text",
        f"new; reads like {name[0]}, which {customers} bought in the {days} days to {until}",
        f"新品；与“{name[1]}”相似，后者截至 {until} 的 {days} 天内有 {buyers} 位客户购买",
    )


def on_display(display: float, mailer: float, weeks: int) -> Reason:
    """Stores a week that had it on display and in the mailer, over the last `weeks` weeks."""
    return Reason(
        "on_promotion",
        f"on display in {display:.0f} and in the mailer of {mailer:.0f} stores a week, "
        f"over the last {weeks} weeks",
        f"最近 {weeks} 周，每周有 {display:.0f} 家门店陈列、{mailer:.0f} 家门店放入宣传册",
    )


def reduced(now: float, usual: float, days: int, until: str) -> Reason:
    """Share of the shelf price taken off in the `days` days to `until`, and usually."""
    return Reason(
        "on_promotion",
        f"sold {100 * now:.0f}% below its shelf price in the {days} days to {until}, "
        f"{100 * usual:.0f}% usually",
        f"截至 {until} 的 {days} 天内比标价低 {100 * now:.0f}%，平时为 {100 * usual:.0f}%",
    )


def rising(buyers: int, before: int, days: int, until: str) -> Reason:
    """Customers who bought it in the `days` days to `until`, and in as many days before those."""
    return Reason(
        "popular",
        f"{buyers} customers bought it in the {days} days to {until}, {before} in the {days} days before",
        f"截至 {until} 的 {days} 天内有 {buyers} 位客户购买，此前 {days} 天为 {before} 位",
    )


def in_baskets(both: int, baskets: int, name: Names, weeks: int, until: str) -> Reason:
    """`both` of the `baskets` orders with the product `name` held this one, too, in `weeks` weeks."""
    share = round(100 * both / baskets)
    return Reason(
        "bought_together",
        f"in {share}% of the {baskets} orders with {name[0]} in the {weeks} weeks to {until}",
        f"截至 {until} 的 {weeks} 周内，含“{name[1]}”的 {baskets} 笔订单中有 {share}% 也有它",
    )


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
