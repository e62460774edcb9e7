"""What an answer says is bound to evidence, or it is caught."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.agent.grounding import Binder, Source, ended, numbers_in, sentences

FACTS = Binder(
    [
        Source("s1", "find_segment", "size: 1,234 customers, 12.6% of 9,800"),
        Source("s1", "find_segment", "名称：核心客户，消费$48,120"),
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        "There are 1,234 customers.",
        "There are 1234 of them (12.6%).",
        "占12.6%",
        "消费$48,120",
        "No figure at all",
        "**核心客户**很重要",
    ],
)
def test_what_the_facts_hold_passes(text: str) -> None:
    assert FACTS.problem(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "About 13% of them",
        "1,235 customers",
        "三成的客户",
        "百分之二十的客户",
        "twenty percent of customers",
        "it costs $12.6",
        "12.6元一份",
        "1,234% more",
        "**Gold members** love it",
        "《不存在的文件》说",
    ],
)
def test_what_they_do_not_hold_is_told(text: str) -> None:
    assert "not in the facts" in FACTS.problem(text)


@pytest.mark.parametrize("text", ["Free shipping today!", "包邮", "有机牛奶", "全场8折"])
def test_copy_claims_nothing_of_its_own(text: str) -> None:
    copy = Binder(
        [Source("s1", "write_copy", "product: milk 1 L"), Source("s1", "write_copy", "price: $1.99")],
        copy=True,
    )
    assert copy.problem(text)


def test_copy_may_state_the_offer_in_its_facts() -> None:
    copy = Binder(
        [Source("s1", "write_copy", "offer: 20% off"), Source("s1", "write_copy", "优惠：8折")], copy=True
    )
    assert copy.problem("Save 20% now, a discount for you") == ""
    assert copy.problem("现在8折优惠") == ""


def test_evidence_names_the_line() -> None:
    found = FACTS.evidence("There are 1,234 customers, 12.6%.")
    assert [(one.claim, one.step) for one in found] == [("1,234", "s1"), ("12.6", "s1")]
    assert "size" in found[0].source


@given(st.text(max_size=200), st.lists(st.integers(min_value=1, max_value=20), max_size=10))
def test_sentences_lose_nothing(text: str, cuts: list[int]) -> None:
    pieces, start = [], 0
    for cut in cuts:
        pieces.append(text[start : start + cut])
        start += cut
    pieces.append(text[start:])
    assert "".join(sentences(pieces)) == text


@given(st.floats(min_value=0, max_value=1e9, allow_nan=False))
def test_a_figure_as_printed_is_found_again(value: float) -> None:
    printed = f"{value:,.2f}"
    assert Binder([Source("s", "t", f"value: {printed}")]).problem(f"It is {printed} now") == ""
    assert numbers_in(printed) == [printed]


def test_a_sentence_that_broke_off_is_known() -> None:
    assert ended("All is well.")
    assert ended("好的。")
    assert not ended("All is")
