"""Conversations on a real database: whose they are, what is stored, what deleting leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine

from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.stored_text import clean_json, clean_text, title_of


@pytest.fixture
def chats(database: Engine) -> Conversations:
    return Conversations(database)


def turn(chats: Conversations, conversation: str, question: str = "Who lapsed?") -> int:
    chats.append_user(conversation, question)
    return chats.append_assistant(
        conversation, "208 customers.", {"text": "208 customers.", "language": "en"}
    )


def test_a_conversation_comes_back_as_it_was_said(chats: Conversations) -> None:
    talk = chats.start("marketer", "ann")
    answer = turn(chats, talk, "哪些客户流失了？😀")
    stored = chats.messages(talk, role="marketer", actor="ann")
    assert [(m.role, m.text) for m in stored] == [
        ("user", "哪些客户流失了？😀"),
        ("assistant", "208 customers."),
    ]
    assert stored[1].id == answer
    assert stored[1].answer == {"text": "208 customers.", "language": "en"}
    [info] = chats.list("marketer", "ann")
    assert (info.id, info.title, info.language) == (talk, "哪些客户流失了？😀", "en")


def test_the_last_used_conversation_stands_first(chats: Conversations) -> None:
    first, second = chats.start("marketer", "ann"), chats.start("marketer", "ann")
    assert [c.id for c in chats.list("marketer", "ann")] == [second, first]
    chats.append_user(first, "again")
    assert [c.id for c in chats.list("marketer", "ann")] == [first, second]
    assert [c.id for c in chats.list("marketer", "ann", limit=1)] == [first]


@pytest.mark.parametrize(("role", "actor"), [("marketer", "bob"), ("shopper", "ann")])
def test_nobody_else_reads_or_changes_it(chats: Conversations, role: str, actor: str) -> None:
    talk = chats.start("marketer", "ann", "mine")
    answer = turn(chats, talk)
    assert not chats.owned(talk, role, actor)
    assert chats.list(role, actor) == []
    with pytest.raises(LookupError) as stranger:
        chats.messages(talk, role=role, actor=actor)
    with pytest.raises(LookupError) as unknown:
        chats.messages("0" * 32, role=role, actor=actor)
    assert str(stranger.value) == str(unknown.value)
    with pytest.raises(LookupError):
        chats.rename(talk, "theirs", role=role, actor=actor)
    with pytest.raises(LookupError):
        chats.delete(talk, role=role, actor=actor)
    with pytest.raises(LookupError):
        chats.drop_last_turn(talk, role, actor)
    with pytest.raises(LookupError):
        chats.rate(answer, actor, 1, role=role)
    assert chats.list("marketer", "ann")[0].title == "mine"
    assert len(chats.messages(talk, role="marketer", actor="ann")) == 2


def test_retry_takes_back_the_last_turn_only(chats: Conversations) -> None:
    talk = chats.start("marketer", "ann")
    turn(chats, talk, "first")
    chats.rate(turn(chats, talk, "second"), "ann", -1)
    assert chats.drop_last_turn(talk, "marketer", "ann") == "second"
    assert [m.text for m in chats.messages(talk, role="marketer", actor="ann")] == ["first", "208 customers."]
    assert chats.feedback() == []
    assert chats.drop_last_turn(talk, "marketer", "ann") == "first"
    with pytest.raises(LookupError, match="nothing to ask again"):
        chats.drop_last_turn(talk, "marketer", "ann")


def test_a_second_thumb_replaces_the_first(chats: Conversations) -> None:
    talk = chats.start("marketer", "ann")
    answer = turn(chats, talk)
    chats.rate(answer, "ann", 1)
    chats.rate(answer, "ann", -1, "wrong\x00 segment")
    [given_] = chats.feedback()
    assert (given_.rating, given_.reason, given_.text) == (-1, "wrong segment", "208 customers.")
    assert chats.messages(talk, role="marketer", actor="ann")[1].rating == -1
    assert chats.feedback(rating=1) == []


def test_a_bare_rating_that_comes_late_keeps_the_reason(chats: Conversations) -> None:
    conversation = chats.start("marketer", "ann")
    chats.append_user(conversation, "hi")
    message = chats.append_assistant(conversation, "hello", {})
    chats.rate(message, "ann", 1, "to the point")
    chats.rate(message, "ann", 1)
    assert [row.reason for row in chats.feedback()] == ["to the point"]
    chats.rate(message, "ann", -1)
    assert [(row.rating, row.reason) for row in chats.feedback()] == [(-1, "")]


def test_only_answers_can_be_rated_and_only_up_or_down(chats: Conversations) -> None:
    question = chats.append_user(chats.start("marketer", "ann"), "hello")
    with pytest.raises(LookupError, match="No such answer"):
        chats.rate(question, "ann", 1)
    with pytest.raises(ValueError, match="A rating is 1"):
        chats.rate(question, "ann", 5)


def test_deleting_removes_messages_and_ratings_but_not_a_tickets_transcript(chats: Conversations) -> None:
    talk = chats.start("shopper", "visitor-1")
    chats.rate(turn(chats, talk), "visitor-1", 1)
    number = chats.open_ticket(talk, 7, "A person\x00 please", [{"role": "user", "text": "help\x00"}])
    chats.delete(talk, role="shopper", actor="visitor-1")
    assert not chats.owned(talk, "shopper", "visitor-1")
    assert chats.feedback() == []
    assert chats.count() == 0
    [ticket] = chats.tickets()
    assert (ticket.id, ticket.conversation_id, ticket.customer_id) == (number, None, 7)
    assert ticket.reason == "A person please"
    assert ticket.transcript == [{"role": "user", "text": "help"}]


def test_a_closed_ticket_leaves_the_list_and_remembers_who(chats: Conversations) -> None:
    talk = chats.start("shopper", "visitor-1")
    number = chats.open_ticket(talk, None, "reason", [])
    chats.close_ticket(number, "ann")
    chats.close_ticket(number, "bob")
    assert chats.tickets() == []
    [closed] = chats.tickets("closed")
    assert closed.closed_by == "ann"
    assert closed.closed_at is not None
    with pytest.raises(LookupError, match="no ticket 99"):
        chats.close_ticket(99, "ann")


def test_words_for_an_unknown_conversation_are_refused(chats: Conversations) -> None:
    for write in (lambda: chats.append_user("nope", "x"), lambda: chats.append_assistant("nope", "x", {})):
        with pytest.raises(LookupError):
            write()
    with pytest.raises(LookupError):
        chats.open_ticket("nope", None, "x", [])
    with pytest.raises(ValueError, match="at least one character"):
        chats.rename(chats.start("marketer", "ann"), " \x00 ", role="marketer", actor="ann")


def test_a_title_is_one_short_line() -> None:
    assert title_of("  a\n b\x00\tc ") == "a b c"
    assert len(title_of("长" * 500)) == 60


@given(st.text(alphabet=st.characters(), max_size=200))
def test_clean_text_can_be_stored_anywhere(text: str) -> None:
    cleaned = clean_text(text)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned
    assert clean_json({text: [text, 1, None]}) == {cleaned: [cleaned, 1, None]}


@pytest.mark.parametrize("text", ["", "x" * 20_000, "👩‍👩‍👧 مرحبا", "a\tb\nc", "\ud83d half", "\x00"])
def test_any_text_can_be_a_message(chats: Conversations, text: str) -> None:
    talk = chats.start("marketer", "ann")
    chats.append_user(talk, text)
    chats.append_assistant(talk, text, {"text": text})
    [question, answer] = chats.messages(talk, role="marketer", actor="ann")
    assert question.text == clean_text(text)
    assert answer.answer == {"text": clean_text(text)}
