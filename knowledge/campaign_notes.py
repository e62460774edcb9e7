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
    return (
        f"Learned from {fit.checked} past campaigns, {kind.fitted} of type {kind.key}. With each left out in "
        f"turn, the 80% interval held the real number for {fit.covered} of {fit.checked}.",
        f"依据 {fit.checked} 次以往活动，其中 {kind.key} 类 {kind.fitted} 次。"
        f"逐一留出检验时，80% 区间在 {fit.checked} 次中有 {fit.covered} 次包含了实际人数。",
    )


def type_chosen(kind: TypeFit) -> Note:
    """No type was asked for."""
    return (
        f"No campaign type was given: type {kind.key} is used, which has the most past campaigns.",
        f"未指定活动类型：采用以往次数最多的 {kind.key} 类。",
    )


def discount_not_learned(percent: float) -> Note:
    """A discount was given, to which past campaigns cannot show a response."""
    return (
        f"This shop's data record no percentage discounts, so the effect of {percent:g}% on the response "
        f"could not be learned; the cost is {percent:g}% of the sales.",
        f"本店数据没有记录折扣比例，无法得知 {percent:g}% 折扣对核销率的影响；"
        f"成本按销售额的 {percent:g}% 计算。",
    )


def days_not_learned(days: int, usual: int) -> Note:
    """A length was given that is not the usual one."""
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
