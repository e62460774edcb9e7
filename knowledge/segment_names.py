"""The named segments in words: what a person and the model read of each cell of the RFM grid."""

from shopwright.knowledge.types import SegmentInfo

SEGMENTS = tuple(
    SegmentInfo(key=key, name=name, name_zh=name_zh, description=description, description_zh=description_zh)
    for key, name, name_zh, description, description_zh in (
        (
            "champions",
            "Champions",
            "核心客户",
            "Bought very recently, buy often and spend the most.",
            "最近刚购买过，购买频繁，消费最高。",
        ),
        (
            "loyal",
            "Loyal customers",
            "忠诚客户",
            "Buy often and spend well, with a fairly recent order.",
            "购买频繁，消费较高，最近也有订单。",
        ),
        (
            "potential_loyalists",
            "Potential loyalists",
            "潜力客户",
            "Bought recently, with middling frequency and spend.",
            "最近购买过，频率和消费处于中等。",
        ),
        (
            "new_customers",
            "New customers",
            "新客户",
            "Bought very recently, with few orders and little spend so far.",
            "最近刚购买过，目前订单少、消费低。",
        ),
        (
            "promising",
            "Promising",
            "有望客户",
            "Bought fairly recently, with few orders and little spend so far.",
            "近期购买过，目前订单少、消费低。",
        ),
        (
            "needs_attention",
            "Needs attention",
            "需要关注的客户",
            "Average in recency, frequency and spend.",
            "最近购买时间、频率和消费都处于中等。",
        ),
        (
            "about_to_sleep",
            "About to sleep",
            "即将沉睡的客户",
            "Last order a while ago, with few orders and little spend.",
            "有一段时间没有购买，订单少、消费低。",
        ),
        (
            "at_risk",
            "At risk",
            "流失风险客户",
            "Used to buy and spend fairly well, but have not ordered for long compared with others.",
            "过去购买和消费尚可，但与其他客户相比已较久没有下单。",
        ),
        (
            "cant_lose",
            "Can't lose",
            "不能流失的高价值客户",
            "Among the highest in frequency and spend, but have not ordered for long compared with others.",
            "频率和消费曾属最高一档，但与其他客户相比已较久没有下单。",
        ),
        (
            "hibernating",
            "Hibernating (lapsed)",
            "沉睡客户",
            "Lapsed: last order long ago, with few orders and little spend.",
            "已流失或沉睡：很久没有购买，订单少、消费低。",
        ),
    )
)
"""Every customer with an order is in exactly one; `knowledge/stats.py` says how."""
