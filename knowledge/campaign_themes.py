"""The themes of the redemption model in words, and how far each makes customers differ."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shopwright.knowledge.campaign_types import Driver

WORDS = {
    "coupons": ("how often they use coupons", "用券习惯"),
    "redeemed": ("coupons of earlier campaigns that they redeemed", "以往活动的核销情况"),
    "products": ("whether they buy what the coupons are good for", "是否购买券适用的商品"),
    "shopping": ("how often, how much, when and how broadly they shop", "购物频率、金额、时段与品类广度"),
    "promotions": ("how much they buy on promotion", "促销购买占比"),
    "targeting": ("campaigns sent to them so far", "以往收到的活动"),
    "household": ("what is known of the household", "家庭信息"),
}


def drivers(themes: Sequence[str], added: NDArray[np.float64]) -> list[Driver]:
    """The themes with what each adds to the log-odds, strongest first."""
    found = [
        Driver(key=key, name=WORDS[key][0], name_zh=WORDS[key][1], log_odds=float(value))
        for key, value in zip(themes, added, strict=True)
    ]
    return sorted(found, key=lambda driver: -abs(driver.log_odds))
