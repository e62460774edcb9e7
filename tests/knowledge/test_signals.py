"""Signals are read from a real database: which answer they are about, since when, and no more than asked for."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import Session

from shopwright.knowledge.audit import record
from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.mentioned_people import ids_among, names_among, orders_among, usernames
from shopwright.knowledge.signals import LONGEST_TALK, Signal, Signals, customer_of
from shopwright.knowledge.tables import (
    Campaign,
    CampaignTarget,
    Customer,
    Order,
    Product,
    Redemption,
    User,
    now,
)


@pytest.fixture
def chats(database: Engine) -> Conversations:
    return Conversations(database)


def step(
    tool: str, status: str = "done", result: dict[str, Any] | None = None, **arguments: Any
) -> dict[str, Any]:
    return {"id": "s1", "tool": tool, "status": status, "arguments": arguments, "result": result}


def turn(chats: Conversations, talk: str, ask: str, *steps: dict[str, Any], **answer: Any) -> int:
    chats.append_user(talk, ask)
    return chats.append_assistant(
        talk, "An answer.", {"text": "An answer.", "language": "en", "steps": list(steps), **answer}
    )


def only(signals: list[Signal]) -> Signal:
    [signal] = signals
    return signal


def test_a_thumb_brings_the_requests_up_to_its_answer(database: Engine, chats: Conversations) -> None:
    talk = chats.start("marketer", "ann")
    turn(chats, talk, "Who lapsed?", step("find_segment", segment="at_risk"))
    rated = turn(
        chats,
        talk,
        "推荐什么？",
        step("recommend_products", "failed"),
        step("recommend_products", segment="at_risk"),
    )
    turn(chats, talk, "And later?")
    turn(chats, chats.start("marketer", "bob"), "Another talk")
    chats.rate(rated, "ann", -1, "wrong products")
    signal = only(list(Signals(database).all()))
    assert (signal.kind, signal.role, signal.actor, signal.reason) == (
        "down",
        "marketer",
        "ann",
        "wrong products",
    )
    assert [one.ask for one in signal.turns] == ["Who lapsed?", "推荐什么？"]
    assert [(one.tool, one.status) for one in signal.turns[1].steps or []] == [
        ("recommend_products", "failed"), ("recommend_products", "done"),
    ]  # fmt: skip
    assert signal.turns[0].steps[0].arguments == {"segment": "at_risk"}  # type: ignore[index]
    chats.rate(rated, "ann", 1)
    assert only(list(Signals(database).thumbs())).kind == "up"


def test_a_ticket_outlives_its_conversation(database: Engine, chats: Conversations) -> None:
    talk = chats.start("shopper", "visitor01:17")
    turn(chats, talk, "Where is my order?")
    said = [
        {"role": "user", "text": "Where is my order?"},
        {"role": "assistant", "text": "?"},
        {"role": "user", "text": "A human!"},
    ]
    chats.open_ticket(talk, 17, "wants a person", said)
    chats.delete(talk, role="shopper", actor="visitor01:17")
    signal = only(list(Signals(database).all()))
    assert (signal.kind, signal.role, signal.customer_id, signal.actor) == ("handoff", "shopper", 17, "")
    assert [one.ask for one in signal.turns] == ["Where is my order?", "A human!"]
    assert signal.turns[0].steps is None


def test_stopped_and_failed_answers_are_signals(database: Engine, chats: Conversations) -> None:
    talk = chats.start("shopper", "visitor01:17")
    turn(chats, talk, "One", stopped=False, error_id="")
    turn(chats, talk, "Two", stopped=True, error_id="")
    turn(chats, talk, "Three", stopped=False, error_id="ab12")
    found = list(Signals(database).troubles())
    assert [(one.kind, one.turns[-1].ask, one.customer_id) for one in found] == [
        ("stopped", "Two", 17),
        ("failed", "Three", 17),
    ]


def test_a_request_sent_again_is_a_signal_about_its_first_answer(
    database: Engine, chats: Conversations
) -> None:
    talk, other = chats.start("marketer", "ann"), chats.start("marketer", "ann")
    turn(chats, talk, "Who lapsed?", step("find_products"))
    turn(chats, other, "Who lapsed?")
    turn(chats, talk, " who lapsed? ", step("find_segment"))
    turn(chats, talk, "Thanks")
    turn(chats, other, "How many?")
    signal = only(list(Signals(database).all()))
    assert signal.kind == "repeated"
    assert [one.ask for one in signal.turns] == ["Who lapsed?"]
    assert signal.turns[0].steps[0].tool == "find_products"  # type: ignore[index]


def save(database: Engine, chats: Conversations, talk: str, actor: str, name: str) -> int:
    record(database, actor, "marketer", "segment.save", name, {"has_children": True})
    return turn(chats, talk, f"Save as {name}", step("save_segment", result={"name": name}, name=name))


def test_saved_segments_are_kept_or_edited(database: Engine, chats: Conversations) -> None:
    talk = chats.start("marketer", "ann")
    turn(chats, talk, "Families?", step("find_segment", has_children=True))
    save(database, chats, talk, "ann", "Families")
    save(database, chats, talk, "ann", "Parents")
    record(database, "ann", "marketer", "segment.update", "Parents", {"has_children": True, "age_min": 30})
    record(database, "ann", "marketer", "segment.save", "By hand", {})
    found = {one.turns[-1].ask: one for one in Signals(database).saved()}
    assert {ask: one.kind for ask, one in found.items()} == {
        "Save as Families": "kept",
        "Save as Parents": "edited",
    }
    assert found["Save as Parents"].details == {"filter": {"has_children": True, "age_min": 30}}
    assert [one.ask for one in found["Save as Families"].turns] == ["Families?", "Save as Families"]


def campaign(database: Engine, key: int, kind: str, start: date, days: int = 5, holdout: int = 0) -> None:
    with Session(database) as session, session.begin():
        session.add(
            Campaign(id=key, campaign_type=kind, start_date=start, end_date=start + timedelta(days=days))
        )
        session.flush()
        for customer in (1, 2, 3, 4):
            session.add(CampaignTarget(campaign_id=key, customer_id=customer, holdout=customer <= holdout))
        for customer in (3, 3, 4):
            session.add(Redemption(customer_id=customer, campaign_id=key, coupon_id=1, redeemed_on=start))


def people(database: Engine, last: datetime) -> None:
    with Session(database) as session, session.begin():
        for customer in (1, 2, 3, 4):
            session.add(Customer(id=customer, name=f"Ana  López {customer}"))
        session.flush()
        session.add(Order(id=40012345678, customer_id=3, ordered_at=last, total=5.0))


FORECAST = {"campaign_type": "B", "rate": {"low": 0.1, "mid": 0.2, "high": 0.6}}


def test_a_forecast_is_compared_with_the_campaign_that_began_afterwards(
    database: Engine, chats: Conversations
) -> None:
    today = now().date()
    people(database, now() + timedelta(days=30))
    campaign(database, 1, "B", today - timedelta(days=3))  # before the forecast
    campaign(database, 2, "A", today + timedelta(days=2))  # of another type
    campaign(database, 3, "B", today + timedelta(days=4), holdout=1)
    campaign(database, 4, "C", today + timedelta(days=28))  # not over
    talk = chats.start("marketer", "ann")
    for kind in "BCD":
        turn(
            chats,
            talk,
            f"Forecast {kind}",
            step("forecast_campaign", result={**FORECAST, "campaign_type": kind}),
        )
    turn(chats, talk, "Forecast B", step("forecast_campaign", "failed"))
    signal = only(list(Signals(database).outcomes()))
    assert signal.details == {"days": 4, "sent": 3, "used": 2, "forecast": FORECAST["rate"]}


def test_a_shop_without_anything_has_no_signals(database: Engine) -> None:
    assert list(Signals(database).all()) == []
    assert names_among(database, {"ana"}) == set()


def test_only_what_is_new_and_no_more_than_asked_for(database: Engine, chats: Conversations) -> None:
    talk = chats.start("marketer", "ann")
    rated = [turn(chats, talk, f"Question {number}") for number in range(30)]
    for message in rated:
        chats.rate(message, "ann", 1)
    assert list(Signals(database).all(since=now() + timedelta(hours=1))) == []
    newest = list(Signals(database).thumbs(since=now() - timedelta(hours=1), limit=2))
    assert [one.turns[-1].ask for one in newest] == ["Question 29", "Question 28"]
    assert len(newest[0].turns) == LONGEST_TALK


def test_people_and_ids_are_found_among_words_and_numbers(database: Engine) -> None:
    people(database, now())
    with Session(database) as session, session.begin():
        session.add(User(username="jsmith", password_hash="x"))
        session.add(Product(id=7, name="Tea", department="GROCERY"))
    assert names_among(database, {"ana lópez 3", "somebody"}) == {"ana lópez 3"}
    assert usernames(database) == ["jsmith"]
    assert orders_among(database, [40012345678, 5, 2**70, -1]) == {40012345678: 3}
    assert ids_among(database, "customer", range(2000)) == {1, 2, 3, 4}
    assert ids_among(database, "product", [7, 8]) == {7}


@pytest.mark.parametrize(
    ("actor", "customer"),
    [
        ("visitor01:17", 17),
        ("@terminal:5", 5),
        ("@terminal", None),
        ("ann", None),
        ("visitor:", None),
        ("a:b", None),
    ],
)
def test_a_shopper_is_known_by_the_actor(actor: str, customer: int | None) -> None:
    assert customer_of(actor) == customer
