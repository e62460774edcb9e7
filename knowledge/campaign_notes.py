"""What must be said beside a campaign forecast, in English and Chinese."""

from shopwright.knowledge.campaign_model import CampaignFit, TypeFit

Note = tuple[str, str]


def not_causal() -> Note:
    """Always said: who got past campaigns was not drawn by lot."""
    return (
        "Past campaigns were sent to chosen customers, not at random: this forecasts redemptions, and does "
        "not say how much the campaign would cause.",
        "以往活动的发送对象是挑选的，并非随机：本预测只针对核销情况，不能说明活动本身带来了多少增量。",
    )


def how_sure(fit: CampaignFit, kind: TypeFit) -> Note:
    """Always said: what the forecast rests on, and how its intervals did."""
    learned = sum(one.fitted for one in fit.types)
    return (
        f"Learned from {learned} past campaigns, {kind.fitted} of type {kind.key}. With each forecast from "
        f"earlier ones only, the 80% interval held the real number for {fit.covered} of {fit.checked}.",
        f"依据 {learned} 次以往活动，其中 {kind.key} 类 {kind.fitted} 次。"
        f"每次仅用更早的活动来预测时，80% 区间在 {fit.checked} 次中有 {fit.covered} 次包含了实际人数。",
    )


def type_chosen(kind: TypeFit) -> Note:
    """No type was asked for."""
    return (
        f"No campaign type was given: type {kind.key} is used, which has the most past campaigns.",
        f"未指定活动类型：采用以往次数最多的 {kind.key} 类。",
    )


def discount_assumed(percent: float, kind: TypeFit) -> Note:
    """A discount was given, whose effect campaigns cannot show: what is learned, what assumed."""
    offer = kind.offer
    source = (
        "as sales of this shop's products moved with their price",
        "按本店商品销量随价格变动的规律",
    )
    if not offer.learned:
        source = ("as sales commonly move with price", "按销量随价格变动的一般规律")
    return (
        f"Past campaigns all went about as deep (coupons of type {kind.key} took {100 * offer.depth:.0f}% "
        f"off), so the effect of {percent:g}% could not be learned from them. It is assumed that redemption "
        f"moves with the "
        f"offer {source[0]}; the intervals are wider for it. The cost is {percent:g}% of the sales.",
        f"以往活动的力度都差不多（{kind.key} 类券平均优惠 {100 * offer.depth:.0f}%），"
        f"无法从中得知 {percent:g}% 折扣的影响。"
        f"这里假定核销随力度的变化{source[1]}，并因此放宽了区间；成本按销售额的 {percent:g}% 计算。",
    )


def days_fewer(days: int, usual: int) -> Note:
    """A shorter time than usual was given."""
    return (
        f"Past campaigns of this type ran {usual} days (median). For {days} days, the forecast counts those "
        f"who "
        "had redeemed by then; a shorter time may also hurry people, which is not in it.",
        f"该类活动以往持续 {usual} 天（中位数）；按 {days} 天内已核销的比例折算，"
        "未计入时间缩短带来的紧迫感。",
    )


def days_not_learned(days: int, usual: int) -> Note:
    """A longer time than usual was given."""
    return (
        f"Past campaigns of this type ran {usual} days (median); the effect of running {days} days instead "
        "is not in the forecast.",
        f"该类活动以往持续 {usual} 天（中位数）；改为 {days} 天的影响未计入预测。",
    )


def capped(asked: int, members: int) -> Note:
    """More customers were asked for than match."""
    return (
        f"{asked} customers were asked for, but only {members} match: the forecast is for {members}.",
        f"要求发送给 {asked} 位客户，但只有 {members} 位符合条件：按 {members} 位预测。",
    )


def average_customer(audience: int, members: int) -> Note:
    """Only a size was given, or a part of those who match."""
    return (
        f"The {audience} customers are taken to respond like the average of the {members} "
        "who could be chosen.",
        f"假定这 {audience} 位客户的反应与可选的 {members} 位客户的平均水平相同。",
    )


def sampled(scored: int, members: int) -> Note:
    """The shop is so large that not everybody was scored."""
    return (
        f"{scored} of these {members} customers were scored, drawn at random; the rest are taken to be "
        "like them.",
        f"从 {members} 位客户中随机抽取 {scored} 位评分，其余视为与之相同。",
    )


def buy_anyway() -> Note:
    """Who would have bought without the campaign cannot be known here."""
    return (
        "Who would buy anyway cannot be known from these data: it takes a group kept out at random (a "
        "holdout). Until then, customers likely to redeem may be likely buyers in any case.",
        "谁不发券也会买，从现有数据无法得知：需要随机留出一组不发送的客户（对照组）。"
        "在此之前，可能核销的客户也许本来就会购买。",
    )


def assumed_costs(margin: float, contact: float, currency: str) -> Note:
    """Margin and cost of contact are assumptions."""
    return (
        f"Assumed: a gross margin of {100 * margin:.0f}% and {currency}{contact:.2f} per customer contacted.",
        f"假设：毛利率 {100 * margin:.0f}%，每联系一位客户的成本 {currency}{contact:.2f}。",
    )


def consent_unknown() -> Note:
    """No customer has agreed to marketing: it is probably not recorded."""
    return (
        "No customer has agreed to marketing in the shop's data, so nobody may be written to until consent "
        "is recorded.",
        "店铺数据中没有任何客户同意接收营销信息；在记录同意之前，不应向任何人发送。",
    )


def too_few_to_list(fewest: int) -> Note:
    """The audience is so small that its members are not shown one by one."""
    return (
        f"Fewer than {fewest} customers: they are not listed one by one.",
        f"客户少于 {fewest} 位：不逐一列出。",
    )
