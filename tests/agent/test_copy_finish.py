"""A draft of copy becomes copy: framed for its channel, without what may not be said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopwright.agent.copy_facts import Copy
from shopwright.agent.copy_finish import allowed, finished

FACTS: dict[str, Any] = {
    "product": {"name": "Green Tea, 20 bags, store brand", "name_zh": "绿茶，20包，自有品牌", "price": 2.5},
    "offer": "",
    "discount_percent": None,
    "longest": 400,
    "currency": "$",
    "request": "an email about green tea",
}


def copy(text: str, channel: str = "email", language: str = "en", **facts: Any) -> Copy:
    """A draft for the tea."""
    return Copy(text=text, channel=channel, language=language, facts={**FACTS, **facts})


def test_an_email_gets_a_subject_and_loses_the_signature_of_nobody() -> None:
    made = finished(
        copy(
            "We hope this email finds you well! Our green tea is back on the shelf.\n\nBest regards,\n[Name]"
        )
    )
    assert made.startswith("Subject: Green Tea\n\n")
    assert "regards" not in made
    assert "finds you well" not in made
    assert "Our green tea is back on the shelf." in made


def test_its_own_subject_stands_on_top() -> None:
    made = finished(copy('"Tea time.\nSubject: Your tea is here\nCome and taste our green tea today."'))
    assert made.splitlines()[0] == "Subject: Your tea is here"


@pytest.mark.parametrize(
    ("text", "channel", "language", "wanted"),
    [
        ('"Green tea, now in our shop. Come by! #tea', "sms", "en", "Green tea, now in our shop. Come by!"),
        ("【绿茶来了，快来店里看看吧！", "sms", "zh", "绿茶来了，快来店里看看吧！"),
        ("Green tea is here. Come and try it at our shop.", "push", "en", "Come and try it at our shop."),
        ("Sure, here is the text message:\nGreen tea awaits you.", "sms", "en", "Green tea awaits you."),
        ("Green tea for you. Green tea for you.", "sms", "en", "Green tea for you."),
        ("绿茶到店了，欢迎来尝一尝。今天就来吧，我们的", "wechat", "zh", "绿茶到店了，欢迎来尝一尝。"),
    ],
)
def test_the_frame_is_mended(text: str, channel: str, language: str, wanted: str) -> None:
    assert finished(copy(text, channel, language)) == wanted


def test_an_offer_that_was_left_out_is_said() -> None:
    made = finished(copy("Green tea is waiting for you.", "sms", offer="20% off", discount_percent=20))
    assert made == "Green tea is waiting for you. Now 20% off."
    zh = finished(copy("绿茶在等您。", "push", "zh", offer="8折", discount_percent=20))
    assert zh == "绿茶在等您，现在8折。"


@pytest.mark.parametrize(
    ("sentence", "language", "right"),
    [
        ("Green tea for $2.50.", "en", True),
        ("Green tea for $1.99.", "en", False),
        ("It boosts your immune system.", "en", False),
        ("Half price today!", "en", False),
        ("全网最低价，仅此一天。", "zh", False),
        ("一杯绿茶，一个安静的下午。", "zh", True),
    ],
)
def test_sentences_without_facts_may_not_stand(sentence: str, language: str, right: bool) -> None:
    assert (allowed(copy("", language=language), sentence) == "") is right


def test_what_was_asked_for_may_be_said() -> None:
    asked = copy("", request="say that the offer ends Sunday")
    assert allowed(asked, "The offer ends Sunday.") == ""


@given(st.text(max_size=300), st.sampled_from(["email", "sms", "push", "wechat", "xiaohongshu", "banner"]))
def test_any_draft_is_finished(text: str, channel: str) -> None:
    made = finished(copy(text, channel))
    assert len(made) <= 400 or len(made.split(". ")) < 4
    if made:
        assert made == made.strip()
