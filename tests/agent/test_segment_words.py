"""Which customers words mean: periods, purchases, value, churn, saved segments, and words nothing read."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopwright.agent.history import Turn
from shopwright.agent.mentions import read, read_group
from shopwright.agent.planning import openai_schema, plan_for
from shopwright.agent.segment_words import read_conditions
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import ShopTool
from shopwright.tools.describe_persona import describe_persona
from shopwright.tools.find_segment import find_segment
from shopwright.tools.save_segment import save_segment
from shopwright.tools.write_copy import write_copy

EIGHT_WEEKS = [
    {"bought": True, "what": ["coffee"], "period": {"days": 56, "before": True}},
    {"bought": False, "what": ["coffee"], "period": {"days": 56}},
]
SINCE_AUTUMN = [
    {"bought": True, "period": {"name": "autumn", "before": True}},
    {"bought": False, "period": {"name": "autumn", "since": True}},
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customers who used to buy coffee but not in the last 8 weeks", {"purchases": EIGHT_WEEKS}),
        ("以前买咖啡但最近8周没买的客户", {"purchases": [{**rule, "what": ["咖啡"]} for rule in EIGHT_WEEKS]}),
        ("loyal cat owners over 45 who stopped buying in autumn", {"purchases": SINCE_AUTUMN, "frequency": "high"}),
        ("秋天不再购买的养猫客户", {"purchases": SINCE_AUTUMN}),
        ("最近60天没买过东西的高价值客户", {"value": "high"}),
        ("high-value customers likely to churn", {"value": "high", "stage": "at_risk"}),
        ("可能会流失的高价值客户", {"value": "high", "stage": "at_risk"}),
        (
            "new customers this month who bought diapers but not wipes",
            {
                "joined": {"named": "this_month"},
                "purchases": [{"bought": True, "what": ["diapers"]}, {"bought": False, "what": ["wipes"]}],
            },
        ),
        (
            "买过尿布但没买过湿巾的客户",
            {"purchases": [{"bought": True, "what": ["尿布"]}, {"bought": False, "what": ["湿巾"]}]},
        ),
        ("上个月的新客户", {"joined": {"named": "last_month"}}),
        (
            "families that spent more than 500 in the last 90 days",
            {"purchases": [{"bought": True, "period": {"days": 90}, "spend_min": 500.0}]},
        ),
        ("最近90天消费超过500元的客户", {"purchases": [{"bought": True, "period": {"days": 90}, "spend_min": 500.0}]}),
        ("最近30天下单3次以上的客户", {"purchases": [{"bought": True, "period": {"days": 30}, "orders_min": 3}]}),
        (
            "who bought coffee or tea since september but never milk",
            {
                "purchases": [
                    {"bought": True, "what": ["coffee", "tea"], "period": {"name": "september", "since": True}},
                    {"bought": False, "what": ["milk"]},
                ]
            },
        ),
        ("2017年9月以来没买过狗粮的客户",
         {"purchases": [{"bought": False, "what": ["狗粮"], "period": {"name": "september", "year": 2017, "since": True}}]}),
        ("loyal customers likely to churn", {"frequency": "high", "stage": "at_risk"}),
        ("忠诚但可能会流失的客户", {"frequency": "high", "stage": "at_risk"}),
        ("customers with churn probability over 70%", {"churn_min": 0.7}),
        ("流失概率低于20%的客户", {"churn_max": 0.2}),
        ("predicted to spend more than 300 in the next 90 days", {"predicted_min": 300.0}),
        ("预计未来90天消费超过300元的客户", {"predicted_min": 300.0}),
        ("active customers who opted in to marketing", {"stage": "active", "consent": True}),
        ("未同意营销的活跃客户", {"stage": "active", "consent": False}),
        ("customers for more than 2 years", {"tenure_min_days": 730}),
        ("customers in cluster 3", {"cluster": 3}),
        ("对红酒感兴趣的客户", {"tags": ["红酒"]}),
        ("Which customers under 30 haven't bought in half a year?", {}),
        ("最近半年没来买东西的租房客户", {}),
        ("Show me everyone with children who hasn't shopped for six weeks", {}),
        ("买狗粮的客户是些什么人？", {}),
        ("What could customer 57 still like that they haven't bought before?", {}),
        ("3月的活动", {}),
    ],
)  # fmt: skip
def test_conditions_are_read(text: str, expected: dict[str, Any]) -> None:
    assert read_conditions(text.lower())[1] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How many unicorns do we have?", ["unicorns"]),
        ("火星上的客户", ["火星"]),
        ("customers over 200 years old", ["over 200 years old"]),
        ("200岁以上的客户", ["200岁以上"]),
        ("Who are our best customers?", None),
        ("Tell me about our customer base", None),
        ("有多少客户可能会流失？", None),
        ("Which of our customers own their home and earn over 100k?", None),
        ("用过优惠券的年轻客户有哪些特点？", None),
        ("Roughly how many retirees placed orders within the past month, on a typical day?", None),
        ("Could you kindly tally the renters for tomorrow's board meeting?", None),
        ("Honestly, what yearly income do our regulars usually report?", None),
        ("vegan customers", ["vegan"]),
        ("any left-handed shoppers?", ["left-handed"]),
        ("customers who live in Boston", ["boston"]),
        ("customers with tattoos", ["tattoos"]),
        ("麻烦大致估一下，退休的会员到底有几户，占总数几成", None),
        ("打算搞个活动，结果会如何", None),
        ("该优先联系哪一拨人", None),
        ("左撇子的老顾客", ["左撇子"]),
        ("素食客户有哪些", ["素食"]),
        ("住在上海的客户有多少", ["上海"]),
        ("會彈鋼琴的租客", ["弹钢琴"]),
    ],
)
def test_words_that_no_rule_reads_are_kept(text: str, words: list[str] | None) -> None:
    assert read(text).get("unused") == (None if words is None else [words])


@settings(deadline=None)  # the first request loads the dictionary of Chinese words
@given(st.text(max_size=300))
def test_nothing_a_person_types_breaks_it(text: str) -> None:
    read_group(text, ("Cat lovers", "猫奴"))


@settings(deadline=None)  # the first request loads the dictionary of Chinese words
@given(st.integers(1, 400), st.sampled_from(["days", "weeks"]))
def test_days_in_words_are_those_days(number: int, unit: str) -> None:
    found = read_conditions(f"customers who bought no milk but bought tea in the last {number} {unit}")[1]
    assert found["purchases"][-1]["period"] == {"days": number * (7 if unit == "weeks" else 1)}


SAVED = ("Cat lovers", "猫奴")


def test_groups_are_read_whole() -> None:
    assert read_group("married cat owners over 45", SAVED) == {
        "age_min": 45, "married": True, "bought": "cat food",
    }  # fmt: skip
    assert read_group("customers who buy baby food") == {"bought": "baby food"}
    assert read_group("send it to 'cat lovers'", SAVED)["conditions"] == {"saved": "Cat lovers"}
    assert read_group('the segment "Nobody"', SAVED) == {"conditions": {"saved": "Nobody"}}
    assert read_group("unicorns") == {"unused": ["unicorns"]}


def test_how_long_is_nothing_to_buy() -> None:
    assert "buying" not in read("everyone with children who hasn't shopped for six weeks")
    assert "buying" in read("everyone who shops for baby food")


def test_names_and_sides_are_read() -> None:
    assert read("save this as Cat lovers")["segment_name"] == ["Cat lovers"]
    assert read("把这个人群保存为猫奴")["segment_name"] == ["猫奴"]
    found = read("compare champions with loyal customers")
    assert (found["first_group"], found["second_group"]) == (
        [{"segment": "champions"}],
        [{"segment": "loyal"}],
    )
    homes = ([{"homeowner": True}], [{"homeowner": False}])
    for text in (
        "Do home owners spend more than renters?", "How far apart are home owners and renters in spend per head?",
        "who orders more often: home owners or renters?", "有房的和租房的，哪边花得多？", "有房客户比租房客户买得多吗",
        "把有房的跟租房的放一起比一比", "對比一下有房的家庭和租房的家庭，各有多少戶",
    ):  # fmt: skip
        found = read(text)
        assert (found["first_group"], found["second_group"]) == homes
    drowsy = ([{"segment": "about_to_sleep"}], [{"segment": "hibernating"}])
    for text in (
        "compare about to sleep customers to hibernating ones",
        "把即将沉睡的和已经沉睡的客户作个对比",
    ):
        found = read(text)
        assert (found["first_group"], found["second_group"]) == drowsy
    found = read("对比猫奴和忠诚客户", SAVED)
    assert found["first_group"] == [{"conditions": {"saved": "猫奴"}}]


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    shop = Shop(Settings(data_dir=tmp_path_factory.mktemp("shop"), database_url="sqlite://"))
    tools: tuple[ShopTool, ...] = (find_segment, save_segment, describe_persona, write_copy)
    return {tool.name: tool.schema(shop) for tool in tools}


FOUND = Turn(
    "cat owners over 45 who rent",
    tool="find_segment",
    arguments={"age_min": 45, "bought": "cat food", "homeowner": False, "unused": ["x"]},
)


def test_the_group_just_found_is_saved_portrayed_and_written_to(schemas: dict[str, dict[str, Any]]) -> None:
    group = {"age_min": 45, "bought": "cat food", "homeowner": False}
    saving = plan_for(schemas["save_segment"], "save this as Old cats", [FOUND])
    assert saving.fixed == {"name": "Old cats", "group": group}
    assert plan_for(schemas["describe_persona"], "what are they like?", [FOUND]).fixed == {"group": group}
    conditions = plan_for(schemas["write_copy"], "write them an SMS", [FOUND]).fixed["conditions"]
    assert conditions == {
        "age_min": 45, "homeowner": False, "purchases": [{"bought": True, "what": ["cat food"]}],
    }  # fmt: skip


def test_which_of_them_narrows_the_group(schemas: dict[str, dict[str, Any]]) -> None:
    fixed = plan_for(schemas["find_segment"], "which of them are married home owners?", [FOUND]).fixed
    assert fixed == {"age_min": 45, "bought": "cat food", "homeowner": True, "married": True}


def test_what_code_alone_fills_is_not_shown_to_the_model(schemas: dict[str, dict[str, Any]]) -> None:
    shown = openai_schema(find_segment, schemas["find_segment"])["function"]["parameters"]["properties"]
    assert "segment" in shown
    assert not {"conditions", "unused"} & set(shown)
    assert plan_for(schemas["find_segment"], "high-value customers", []).fixed["conditions"] == {
        "value": "high"
    }
