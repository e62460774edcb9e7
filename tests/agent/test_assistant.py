"""The loop: a call, its result, words bound to evidence; stops, failures, roles and memory."""

import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import EngineError
from shopwright.agent.turn import Answer, Event, Request, Step, TextDelta, TextReset
from shopwright.knowledge.database import migrate
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.index import build_index
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop
from shopwright.knowledge.tables import AuditEvent, Order, Product, Ticket

_spec = importlib.util.spec_from_file_location("scripted_engine", Path(__file__).parent / "scripted.py")
assert _spec is not None
assert _spec.loader is not None
scripted = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scripted)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    load_documents(shop.engine)
    return shop


@pytest.fixture
def assistant(shop: Shop) -> Callable[..., Assistant]:
    return lambda *lines: Assistant(shop, scripted.ScriptedEngine(list(lines)))


def turn(assistant: Assistant, text: str, **more: Any) -> list[Event]:
    return list(assistant.stream(Request(**{"role": "shopper", "actor": "visitor-1", "text": text, **more})))


def answer_of(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Answer)
    return events[-1]


def test_a_step_comes_twice_and_the_answer_last(assistant: Callable[..., Assistant]) -> None:
    events = turn(
        assistant(("call", "hand_to_person", {"reason": "wants a person"})), "I want a person please"
    )
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.status for step in steps] == ["running", "done"]
    assert steps[0].id == steps[1].id
    answer = answer_of(events)
    assert "ticket 1" in answer.text
    assert [(e.claim, e.tool) for e in answer.evidence] == [("1", "hand_to_person")]
    assert answer.usage.completion_tokens == 5
    assert answer.usage.cached_tokens == 4


SMS = ("call", "write_copy", {"product": "milk"})


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """The shop with one product, searchable."""
    with Session(shop.engine) as session:
        session.add(
            Product(
                id=11,
                name="Whole Milk, 1 gal",
                department="GROCERY",
                category="FLUID MILK PRODUCTS",
                product_type="FLUID MILK WHITE ONLY",
                price=2.99,
            )
        )
        session.commit()
    build_index(shop, lambda step, done, total: None)
    return shop


def test_text_is_what_the_deltas_and_resets_leave(assistant: Callable[..., Assistant], stocked: Shop) -> None:
    engine = assistant(SMS, ("say", "Milk for $9.99 only!"), ("say", "Fresh milk for $2.99 today."))
    events = turn(engine, "Write an SMS for milk", role="marketer")
    shown = ""
    for event in events:
        if isinstance(event, TextReset):
            shown = ""
        elif isinstance(event, TextDelta):
            shown += event.text
    answer = answer_of(events)
    assert shown == answer.text
    assert "9.99" not in answer.text
    assert "Fresh milk for $2.99 today." in answer.text
    assert {e.claim for e in answer.evidence} >= {"2.99"}


def test_words_that_stay_unbound_give_way_to_the_facts(
    assistant: Callable[..., Assistant], stocked: Shop
) -> None:
    engine = assistant(SMS, ("say", "Only $9.99!"), ("say", "Just $8.88!"))
    answer = answer_of(turn(engine, "Write an SMS for milk", role="marketer"))
    assert "9.99" not in answer.text
    assert "8.88" not in answer.text
    assert "$2.99" in answer.text


def test_an_unbound_sentence_is_left_out_of_good_copy(
    assistant: Callable[..., Assistant], stocked: Shop
) -> None:
    said = "Milk is here. It costs $2.99 a gallon. Free shipping for all! Come and get it."
    answer = answer_of(turn(assistant(SMS, ("say", said)), "Write an email about milk", role="marketer"))
    assert "Free shipping" not in answer.text
    assert "Come and get it." in answer.text


def test_rules_are_quoted_with_their_page(assistant: Callable[..., Assistant], stocked: Shop) -> None:
    answer = answer_of(
        turn(
            assistant(("call", "search_knowledge", {"query": "opening hours"})),
            "What are your opening hours?",
        )
    )
    result = answer.steps[0].result
    assert result is not None
    passage = result["passages"][0]
    assert passage["title"] in answer.text
    assert " ".join(passage["text"].split()) in answer.text.replace("**", "")


def test_no_tool_is_a_plain_reply(assistant: Callable[..., Assistant]) -> None:
    answer = answer_of(turn(assistant(("say", "Hello! What can I do for you?")), "hi"))
    assert answer.steps == []
    assert answer.text.strip() == "Hello! What can I do for you?"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "type a question"), ("   \x00\u200b ", "type a question"), ("x" * 20_000, "20,000 characters")],
)
def test_requests_that_cannot_be_taken(assistant: Callable[..., Assistant], text: str, words: str) -> None:
    answer = answer_of(turn(assistant(), text))
    assert words in answer.text
    assert answer.steps == []


def test_a_long_chinese_request_is_refused_in_chinese(assistant: Callable[..., Assistant]) -> None:
    assert "请缩短" in answer_of(turn(assistant(), "商品" * 4000)).text


def test_a_shopper_is_offered_the_shoppers_tools_only(assistant: Callable[..., Assistant]) -> None:
    engine = assistant(("say", "no"))
    turn(engine, "find_segment at_risk")
    assert set(engine.engine.offered[0]) == {
        "find_products",
        "hand_to_person",
        "order_status",
        "search_knowledge",
    }  # type: ignore[attr-defined]


def test_a_call_to_a_tool_of_another_role_runs_nothing(assistant: Callable[..., Assistant]) -> None:
    answer = answer_of(turn(assistant(("call", "find_segment", {"segment": "loyal"})), "who is loyal?"))
    assert [step for step in answer.steps if step.status == "done"] == []


def test_an_order_of_someone_else_is_not_found(assistant: Callable[..., Assistant], shop: Shop) -> None:
    from datetime import datetime

    from shopwright.knowledge.tables import Customer

    with Session(shop.engine) as session:
        session.add_all([Customer(id=1), Customer(id=2)])
        session.flush()
        session.add(Order(id=70001, customer_id=2, ordered_at=datetime(2024, 5, 1), total=9.5))
        session.commit()
    call = ("call", "order_status", {})
    mine = answer_of(turn(assistant(call, call), "What is in order 70001?", customer_id=1))
    assert "9.5" not in mine.text
    assert "no order 70001" in mine.text
    theirs = answer_of(turn(assistant(call), "What is in order 70001?", customer_id=2))
    assert "9.50" in theirs.text
    anonymous = answer_of(turn(assistant(call), "What is in order 70001?"))
    assert "sign in" in anonymous.text


def test_a_ticket_keeps_the_transcript_and_is_audited(
    assistant: Callable[..., Assistant], shop: Shop
) -> None:
    first = answer_of(turn(assistant(("say", "Hello!")), "hi there"))
    turn(
        assistant(("call", "hand_to_person", {"reason": "help"})),
        "a person please",
        conversation=first.conversation,
    )
    with Session(shop.engine) as session:
        ticket = session.exec(select(Ticket)).one()
        assert [part["text"].strip() for part in ticket.transcript] == [
            "hi there",
            "Hello!",
            "a person please",
        ]
        assert (
            session.exec(select(AuditEvent).where(AuditEvent.action == "ticket.open")).one().actor
            == "visitor-1"
        )


def test_a_conversation_of_someone_else_cannot_be_continued(assistant: Callable[..., Assistant]) -> None:
    first = answer_of(turn(assistant(("say", "Hello!")), "hi"))
    with pytest.raises(LookupError):
        turn(assistant(("say", "x")), "hi", actor="visitor-2", conversation=first.conversation)


def test_stop_ends_the_turn_and_keeps_what_was_written(
    assistant: Callable[..., Assistant], shop: Shop
) -> None:
    stop = threading.Event()
    engine = assistant(("say", "one two three four five six"))
    events: list[Event] = []
    for event in engine.stream(Request(role="shopper", actor="v", text="hello"), stop=stop):
        events.append(event)
        stop.set()
    answer = answer_of(events)
    assert answer.stopped
    assert 0 < len(answer.text.split()) < 6
    assert (
        engine.conversations.messages(answer.conversation, role="shopper", actor="v")[-1].text == answer.text
    )


def test_closing_the_stream_stores_the_turn(assistant: Callable[..., Assistant]) -> None:
    engine = assistant(("say", "one two three four"))
    stream = engine.stream(Request(role="shopper", actor="v", text="hello"))
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    conversation = engine.conversations.list("shopper", "v")[0].id
    stored = engine.conversations.messages(conversation, role="shopper", actor="v")
    assert [message.role for message in stored] == ["user", "assistant"]
    assert stored[-1].answer is not None
    assert stored[-1].answer["stopped"]


def test_an_engine_failure_is_a_sentence_and_the_next_turn_works(assistant: Callable[..., Assistant]) -> None:
    engine = assistant(EngineError("The model server cannot be reached."), ("say", "Hello again"))
    first = answer_of(turn(engine, "hi"))
    assert "cannot be reached" in first.text
    assert answer_of(turn(engine, "hi", conversation=first.conversation)).text.strip() == "Hello again"


def test_an_unforeseen_failure_is_logged_with_an_id(
    assistant: Callable[..., Assistant], caplog: pytest.LogCaptureFixture
) -> None:
    answer = answer_of(turn(assistant(KeyError("boom")), "hi"))
    assert answer.error_id
    assert answer.error_id in answer.text
    assert answer.error_id in caplog.text
    assert "boom" not in answer.text


def test_a_failed_call_is_told_to_the_model_once_and_then_to_the_person(
    assistant: Callable[..., Assistant],
) -> None:
    call = ("call", "write_copy", {"product": None})
    engine = assistant(call, call)
    answer = answer_of(turn(engine, "Write an SMS", role="marketer", actor="m"))
    assert len(engine.engine.seen) == 2  # type: ignore[attr-defined]
    assert "Which product" in answer.text
    assert [step.status for step in answer.steps] == ["failed"]


def test_a_long_request_and_a_long_past_stay_within_the_context(assistant: Callable[..., Assistant]) -> None:
    engine = assistant(*[("say", "好的。" * 200)] * 9)
    conversation = ""
    for _ in range(8):
        answer = answer_of(turn(engine, "请问商品" * 900, conversation=conversation))
        conversation = answer.conversation
    read = engine.engine.seen[-1]  # type: ignore[attr-defined]
    fixed = engine.engine.seen[0]  # type: ignore[attr-defined]
    grown = sum(len(str(m.content)) for m in read) - sum(len(str(m.content)) for m in fixed)
    assert grown <= 1000
    assert len(str(read[-1].content)) <= 610
