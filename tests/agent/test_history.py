"""Long conversations: whole turns are left out, what tools found stays, and the person is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ScriptedEngine

from shopwright.agent.assistant import Assistant
from shopwright.agent.engines.base import ContextOverflowError
from shopwright.agent.history import Turn, planner_history
from shopwright.agent.turn import Answer, Request
from shopwright.knowledge.database import migrate
from shopwright.knowledge.documents import load_documents
from shopwright.knowledge.settings import Settings
from shopwright.knowledge.shop import Shop

SCHEMAS: dict[str, Any] = {"find_segment": {"properties": {}}}


def found(number: int) -> Turn:
    return Turn(
        f"Question {number} about pet owners",
        "answer",
        "find_segment",
        {},
        f"Group {number}: {number} people",
    )


def words(turns: list[Turn], room: int) -> str:
    return "\n".join(str(message.content) for message in planner_history(turns, SCHEMAS, room).messages)


def test_everything_is_kept_while_there_is_room() -> None:
    past = planner_history([found(n) for n in range(3)], SCHEMAS, 4000)
    assert past.left_out == 0
    assert len(past.messages) == 9


def test_the_oldest_turns_go_whole_and_their_evidence_stays() -> None:
    turns = [found(n) for n in range(12)]
    past = planner_history(turns, SCHEMAS, 400)
    told = words(turns, 400)
    assert 0 < past.left_out < 12
    assert "Question 0 " not in told
    assert f"Group {past.left_out - 1}: " in told
    assert "Question 11 " in told


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_what_is_kept_stays_the_same_between_two_trims(lengths: list[int]) -> None:
    """A prompt that only grows at its end keeps its KV cache."""
    turns = [Turn("q" * n, "a" * n) for n in lengths]
    before = planner_history(turns[:-1], SCHEMAS, 600)
    after = planner_history(turns, SCHEMAS, 600)
    assert after.left_out >= before.left_out
    if after.left_out == before.left_out:
        assert after.messages[: len(before.messages)] == before.messages
    assert after.messages, "the last turn is always there"


@pytest.fixture
def assistant(tmp_path: Path) -> Callable[..., Assistant]:
    shop = Shop(Settings(data_dir=tmp_path))
    migrate(shop.engine)
    load_documents(shop.engine)
    return lambda *lines: Assistant(shop, ScriptedEngine(list(lines)))


def ask(assistant: Assistant, text: str, conversation: str = "") -> Answer:
    request = Request(role="marketer", actor="mei", text=text, conversation=conversation)
    answer = list(assistant.stream(request))[-1]
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("question", "words"), [("Tell me more about bread", "left out"), ("再说说面包吧", "不再读取")]
)
def test_a_conversation_that_outgrows_the_model_says_so_once_a_trim(
    assistant: Callable[..., Assistant], question: str, words: str
) -> None:
    turns = 24
    talker = assistant(*[("say", "word " * 60)] * turns)
    conversation, notices, seen = "", [], []
    for number in range(turns):
        answer = ask(talker, f"{question} {number} " + "…" * 150, conversation)
        conversation = answer.conversation
        notices.append(answer.notices)
        seen.append(len(talker.engine.seen[-1]))
    told = [number for number, notice in enumerate(notices) if notice]
    assert told, "it was told"
    assert len(told) < turns / 3, "but not at every turn"
    assert all(words in notices[number][0] for number in told)
    assert max(seen) < seen[0] + 2 * turns, "the prompt did not grow for ever"
    kept = talker.conversations.messages(conversation, role="marketer", actor="mei")
    assert len(kept) == 2 * turns, "nothing is lost to the person"


def test_a_prompt_that_does_not_fit_is_tried_with_fewer_turns(assistant: Callable[..., Assistant]) -> None:
    talker = assistant(*[("say", "fine")] * 4, ContextOverflowError("too long"), ("say", "short again"))
    conversation = ""
    for number in range(4):
        conversation = ask(talker, f"Question {number}", conversation).conversation
    answer = ask(talker, "One more", conversation)
    assert answer.text.strip() == "short again"
    assert len(talker.engine.seen[-1]) < len(talker.engine.seen[-2])
    assert "left out" in answer.notices[0]


def test_a_message_that_never_fits_is_a_clear_sentence(assistant: Callable[..., Assistant]) -> None:
    talker = assistant(ContextOverflowError("too long"), ("say", "fine"))
    answer = ask(talker, "One very long message")
    assert "shorten" in answer.text
    assert ask(talker, "Hello", answer.conversation).text.strip() == "fine"
