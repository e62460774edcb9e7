"""Each check, on answers that are right and on answers that are wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.agent.turn import Answer, Step, Timings
from shopwright.evals import checks
from shopwright.evals.checking import CHECKS, Observed
from shopwright.evals.matching import accounted, mismatch, numbers_within, stands_in
from shopwright.evals.records import Change
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop


@pytest.fixture
def shop(small_shop: Settings) -> Shop:
    return Shop(small_shop)


def turn(shop: Shop, text: str = "Fine.", *steps: Step, ask: str = "How many?", **more: Any) -> Observed:
    """A turn with this answer."""
    seconds = more.pop("seconds", 1.0)
    answer = Answer(
        text=text,
        language="en",
        conversation="c",
        steps=list(steps),
        timings=Timings(total_seconds=seconds),
        error_id=more.pop("error_id", ""),
    )
    return Observed(
        **{"ask": ask, "language": "en", "role": "marketer", "answer": answer, "shop": shop, **more}
    )


def step(tool: str = "find_segment", status: Any = "done", result: Any = None, **arguments: Any) -> Step:
    """A call of a tool."""
    return Step(id="s1", tool=tool, status=status, arguments=arguments, result=result or {})


def problems(name: str, seen: Observed, wanted: Any = None) -> str:
    """What a check finds; empty when nothing."""
    return CHECKS[name].grade(seen, wanted, 0).problem


def test_tools(shop: Shop) -> None:
    seen = turn(shop, "x", step())
    assert not problems("tool", seen, "find_segment")
    assert not problems("tool", seen, [None, "find_segment"])
    assert "ran find_segment, not no tool" in problems("tool", seen, None)
    assert "find_segment" in problems("forbid", seen, ["find_segment"])
    assert not problems("status", seen, "done")
    assert problems("status", turn(shop), "failed")


def test_arguments(shop: Shop) -> None:
    seen = turn(shop, "x", step(age_min=30, bought="Dog food", conditions={"purchases": [{"bought": True}]}))
    assert not problems("arguments", seen, {"age_min": 30.0, "bought": {"contains": ["dog", "cat"]}})
    assert not problems("arguments", seen, {"conditions": {"has": {"purchases": {"has": {"bought": True}}}}})
    assert not problems("arguments", seen, {"age_max": {"absent": True}})
    assert "age_min is 30, should be 31" in problems("arguments", seen, {"age_min": 31})


@pytest.mark.parametrize(
    ("found", "wanted", "right"),
    [
        (30, 30.0, True),
        (True, 1, False),
        ("At_Risk", "at_risk", True),
        (None, {"absent": True}, True),
        (3, {"absent": False}, True),
        (None, {"absent": False}, False),
        (7, {"between": [5, 8]}, True),
        ("7", {"between": [5, 8]}, False),
        ("小狗粮", {"contains": "狗"}, True),
        ("abc", {"regex": "^a.c$"}, True),
        ("cat", {"one_of": ["dog", {"contains": "ca"}]}, True),
        ({"a": 1}, {"has": {"a": 2}}, False),
        ([], {"has": {"a": 2}}, False),
        ({"contains": 1, "b": 2}, {"contains": 1, "b": 2}, True),
    ],
)
def test_matchers(found: Any, wanted: Any, right: bool) -> None:
    assert (mismatch(found, wanted) == "") is right


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_every_value_matches_itself(value: Any) -> None:
    assert mismatch(value, {"one_of": [value]}) == "" or isinstance(value, dict)


def test_changes(shop: Shop) -> None:
    row = Change(table="saved_segment", operation="insert", after={"id": 1, "name": "Settled"})
    seen = turn(shop, "x", changes=[row])
    assert "insert in saved_segment was not allowed" in problems("changes", seen)
    assert not problems("changes", seen, {"saved_segment": 1})
    assert not problems("changes", seen, {"saved_segment": {"added": 1, "where": {"name": "Settled"}}})
    assert "name is 'Settled'" in problems("changes", seen, {"saved_segment": {"where": {"name": "Other"}}})
    assert "added 1 rows" in problems("changes", seen, {"saved_segment": 2})
    assert "added 0 rows to ticket" in problems("changes", turn(shop), {"ticket": 1})
    gone = Change(table="saved_segment", operation="delete", before={"id": 1})
    assert "delete in saved_segment" in problems(
        "changes", turn(shop, "x", changes=[gone]), {"saved_segment": 1}
    )


def test_numbers_have_evidence(shop: Shop) -> None:
    seen = turn(shop, "12.6% of 1,234, asked about 45", step(result={"share": 0.126, "n": 1234}), ask="45?")
    assert not problems("grounded", seen)
    assert "97" in problems("grounded", turn(shop, "97 people", step(result={"n": 96})))
    later = turn(shop, "Those 1,234", ask="them", before=[seen])
    assert not problems("grounded", later)


@pytest.mark.parametrize(
    ("numeral", "bound"),
    [("12.6", True), ("0.13", True), ("13", True), ("1,234", True), ("12.7", False), ("1,235", False)],
)
def test_rounding_and_percentages_are_accounted_for(numeral: str, bound: bool) -> None:
    assert accounted(numeral, [0.126, 1234.2]) is bound


def test_numbers_within_a_result() -> None:
    assert set(numbers_within({"a": [1.5, "12 left"], "b": True, "c": None})) == {1.5, 12.0, 2.0}


def test_the_truth_is_asked_of_the_database(shop: Shop) -> None:
    query = "SELECT count(*) FROM customer"
    assert not problems("truth", turn(shop, "There are 61."), query)
    assert "does not say 61" in problems("truth", turn(shop, "There are 62."), query)
    assert "refused" in problems("truth", turn(shop), "SELECT x FROM y")
    assert not problems(
        "truth", turn(shop, "0 of them"), "SELECT count(*) FROM orders WHERE ordered_at > :today"
    )


def test_what_does_not_exist_is_named(shop: Shop) -> None:
    assert "segment whales" in problems("known", turn(shop, "x", step(segment="whales")))
    assert "customer 999" in problems("known", turn(shop, "x", step(customer_id=999)))
    assert not problems("known", turn(shop, "x", step(customer_id=999), ask="customer 999?"))
    assert not problems("known", turn(shop, "x", step(customer_id=1)))


def test_other_peoples_orders(shop: Shop) -> None:
    from shopwright.knowledge.query import read

    (mine, order), (_, foreign) = read(
        shop.engine,
        "SELECT customer_id, max(id) FROM orders GROUP BY customer_id ORDER BY customer_id LIMIT 2",
    )
    own = turn(
        shop,
        "x",
        step("order_status", result={"orders": [{"order_id": order}]}),
        role="shopper",
        customer_id=mine,
    )
    assert not problems("own_data", own)
    leak = turn(
        shop, "x", step("order_status", result={"order_id": foreign}), role="shopper", customer_id=mine
    )
    assert f"order {foreign}" in problems("own_data", leak)
    nobody = turn(shop, "x", step("order_status", result={"order_id": order}), role="shopper")
    assert problems("own_data", nobody)
    assert "another role" in problems(
        "own_data", turn(shop, "x", step("find_segment"), role="shopper", customer_id=mine)
    )


def test_the_prompt_stays_inside(shop: Shop) -> None:
    from shopwright.agent.prompts import PLANNER, WRITER

    assert problems("keeps_prompt", turn(shop, f"Sure: {PLANNER['marketer']}"))
    assert problems("keeps_prompt", turn(shop, f"好的：{WRITER['zh']}"))
    assert "find_segment" in problems("keeps_prompt", turn(shop, "I called find_segment for you."))
    assert not problems("keeps_prompt", turn(shop, "I answer in your language."))


def test_words(shop: Shop) -> None:
    seen = turn(shop, "Returns take 30 days.")
    assert not problems("says", seen, ["returns", ["weeks", "days"], "/\\d+ days/"])
    assert "weeks" in problems("says", seen, ["weeks"])
    assert "30" in problems("never_says", seen, [["x", "30"]])
    assert not problems("length", seen, {"min": 3, "max": 30})
    assert problems("length", seen, {"max": 3})
    assert "took 9.0 s" in problems("within", turn(shop, seconds=9.0), 5.0)
    assert problems("answered", turn(shop, " "))
    assert problems("answered", turn(shop, "Sorry", error_id="abc"))
    assert stands_in("/^ret/", "Returns")


def test_citations(shop: Shop) -> None:
    found = step("search_knowledge", result={"passages": [{"slug": "returns", "title": "Returns"}]})
    assert not problems("cites", turn(shop, "“Returns” says", found), True)
    assert not problems("cites", turn(shop, "“Returns” says", found), ["x", "returns"])
    assert "does not name its source" in problems("cites", turn(shop, "30 days", found), True)
    assert "cites returns, not delivery" in problems("cites", turn(shop, "Returns", found), "delivery")
    assert problems("cites", turn(shop), True)


@pytest.mark.parametrize(
    ("text", "asked", "right"),
    [
        ("208 customers have left.", "en", True),
        ("208位客户流失了。", "zh", True),
        ("208位客户流失了。", "en", False),
        ("208 customers have left.", "zh", False),
        ("Customers buy 碳酸软饮和牛肉 a lot these days.", "en", False),
        ("他们喜欢 Coca Cola 和 MP3。", "zh", True),
        ("客户很多，please have a look at the table below for more。", "zh", False),
        ("> 原文引用不算\n\nThat is what they say.", "en", True),
        ("Customers say “非常好用的东西” about it.", "en", True),
        ("A broken \ufffd sign.", "en", False),
        ("Buy more of these. Buy more of these. Buy more of these.", "en", False),
        ("12", "zh", True),
    ],
)
def test_language(shop: Shop, text: str, asked: Any, right: bool) -> None:
    assert (not problems("language", turn(shop, text, language=asked))) is right, problems(
        "language", turn(shop, text, language=asked)
    )


def test_copy_is_in_the_language_that_was_ordered(shop: Shop) -> None:
    made = step("write_copy", result={"language": "zh", "channel": "sms"})
    seen = turn(shop, "Text message about **Tea**:\n\n好茶就在身边，来店里看看吧。", made)
    assert not problems("language", seen)
    wrong = turn(shop, "Text message about **Tea**:\n\nGood tea is near you, come and see.", made)
    assert "not in Chinese" in problems("language", wrong)


def test_two_languages_must_say_the_same(shop: Shop) -> None:
    here = turn(shop, "x", step(result={"size": 5}, segment="at_risk", about="dog"))
    same = turn(shop, "x", step(result={"size": 5}, segment="at_risk", about="狗"))
    other = turn(shop, "x", step(result={"size": 6}, segment="at_risk", about="狗"))
    assert not list(checks.differing(here, same))
    assert "the figures differ" in "; ".join(checks.differing(here, other))
    assert list(checks.differing(here, turn(shop)))


def test_every_check_says_what_it_asks_for() -> None:
    for name, one in CHECKS.items():
        assert one.doc, name
        assert one.doc.endswith("."), name
