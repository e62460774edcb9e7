"""Which drawing stands for a product: chosen by words of its department, category and name.

The drawings are files `storefront/static/art/<name>.svg`; a style sheet class puts one in place.
"""

import re

_ART: tuple[tuple[str, str], ...] = (
    (
        "coffee",
        r"coffee|\btea\b|cocoa|espresso|creamer|咖啡|茶",
    ),
    (
        "ice",
        r"frozen|frzn|ice cream|popsicle|sherbet|novelt|pizza|冷冻|冰淇淋|雪糕|披萨",
    ),
    (
        "paper",
        r"newspaper|magazine|greeting card|\bcards?\b|\bbooks?\b|stationery|报纸|杂志|贺卡|图书",
    ),
    (
        "pet",
        r"\bpet\b|\bcat\b|\bdog food|litter|宠物|猫|狗",
    ),
    (
        "milk",
        r"milk|yogurt|cream|dairy|butter|牛奶|奶|黄油",
    ),
    (
        "egg",
        r"\beggs?\b|鸡蛋|蛋",
    ),
    (
        "bowl",
        r"\bsoup\b|pasta\b|noodle|\brice\b|cereal|oatmeal|\bbeans?\b|sauce|汤|面条|大米|麦片|酱",
    ),
    (
        "fish",
        r"seafood|\bfish\b|salmon|shrimp|tuna|crab|海鲜|鱼|虾|水产",
    ),
    (
        "meat",
        r"meat|beef|pork|chicken|turkey|sausage|bacon|\bham\b|steak|poultry|salami|frank|肉"
        r"|香肠|培根|鸡|火腿",
    ),
    (
        "bread",
        r"bread|bakery|\bbuns?\b|\brolls?\b|cake|pastry|cookie|donut|muffin|bagel|cracker"
        r"|tortilla|\bpies?\b|面包|糕|饼|烘焙",
    ),
    (
        "cheese",
        r"cheese|\bdeli|奶酪|芝士|熟食",
    ),
    (
        "flower",
        r"floral|flower|\brose|bouquet|\bplants?\b|garden|花|植物|园艺",
    ),
    (
        "baby",
        r"\bbaby|infant|diaper|\btoys?\b|mini cars|婴|尿布|玩具",
    ),
    (
        "leaf",
        r"nutrition|organic|natural|salad|lettuce|vegetable|greens|onion|broccoli|potato|tomato"
        r"|\bpeppers?\b|cucumber|sauerkraut|celery|mushroom|herb|carrot|有机|营养|蔬菜|沙拉|番茄|土豆"
        r"|洋葱|椒",
    ),
    (
        "fruit",
        r"produce|fruit|apple|banana|berr|grape|orange|citrus|melon|peach|avocado|raisin|水果|苹果"
        r"|香蕉|莓|生鲜",
    ),
    (
        "candy",
        r"candy|chocolate|snack|\bchips?\b|popcorn|\bnuts?\b|pretzel|\bgum\b|糖|巧克力|零食|薯片|坚果",
    ),
    (
        "drink",
        r"soft ?drink|sft drnk|soda|\bwater|juice|beverage|\bdrinks?\b|\bbeer|wine|spirit|liquor|cola"
        r"|饮料|水|果汁|啤酒|酒",
    ),
    (
        "care",
        r"cosmetic|shampoo|hair|soap|skin|make ?up|oral|tooth|deodorant|shav|lotion|\bfem|化妆|护肤"
        r"|洗发|美妆|牙",
    ),
    (
        "clean",
        r"detergent|clean|laundry|paper|towel|tissue|trash|candle|batter(y|ies)|household|bulb|清洁|纸"
        r"|洗衣|日用",
    ),
    (
        "pill",
        r"drug|vitamin|medic|cold remed|analges|pain|first aid|glasses|health|药|维生素|保健",
    ),
)
_PATTERNS = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _ART)
ART_NAMES = (*(name for name, _ in _ART), "basket")


def art_name(*words: str) -> str:
    """The drawing for a product: of the first words that say something; a basket when none does."""
    return next((name for part in words for name, pattern in _PATTERNS if pattern.search(part)), "basket")


def shelf_art(*words: str) -> str:
    """The drawing as HTML."""
    return f'<span class="sw-art sw-art-{art_name(*words)}"></span>'
