"""Conversations, the messages in them, what people thought of the answers, and requests for a person."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from pydantic import Field
from sqlalchemy import case, delete, func, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from shopwright.knowledge.database import transaction
from shopwright.knowledge.stored_text import clean_json, clean_text, title_of
from shopwright.knowledge.tables import Conversation, Feedback, Message, Ticket, now
from shopwright.knowledge.types import Frozen


class ConversationInfo(Frozen):
    """A line in the list of conversations."""

    id: str
    title: str
    language: str
    updated_at: datetime


class StoredMessage(Frozen):
    """A message as it was stored; an assistant's carries its whole answer."""

    id: int
    role: str = Field(description="user | assistant")
    text: str
    answer: dict[str, Any] | None
    created_at: datetime
    rating: int | None = Field(default=None, description="What the reader said of it: 1, -1, or None.")
    reason: str = Field(default="", description="Why, in the reader's words.")


class FeedbackInfo(Frozen):
    """A thumb up (1) or down (-1), with the answer it is about."""

    id: int
    message_id: int
    actor: str
    rating: int
    reason: str
    text: str = Field(description="The answer's text.")
    created_at: datetime


class TicketInfo(Frozen):
    """A shopper's request for a person."""

    id: int
    conversation_id: str | None = Field(description="None once the conversation was deleted.")
    customer_id: int | None
    reason: str
    transcript: list[dict[str, Any]]
    status: str = Field(description="open | closed")
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None


class Conversations:
    """Reads and writes conversations; each method is one transaction.

    A conversation belongs to a role and an actor. Methods that take them raise LookupError, with the
    same words, for a conversation that does not exist and for one of somebody else.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def start(self, role: str, actor: str, title: str = "", language: str = "") -> str:
        """Begin a conversation and return its id."""
        conversation = Conversation(
            id=uuid4().hex, role=role, actor=actor, title=title_of(title), language=language
        )
        with transaction(self.engine) as session:
            session.add(conversation)
        return conversation.id

    def append_user(self, conversation_id: str, text: str) -> int:
        """Store what the person wrote; the first message gives an untitled conversation its title."""
        with transaction(self.engine) as session:
            conversation = _existing(session, conversation_id)
            conversation.title = conversation.title or title_of(text)
            return _append(session, conversation, Message(conversation_id="", role="user", text=text))

    def append_assistant(self, conversation_id: str, text: str, answer: dict[str, Any]) -> int:
        """Store an answer: its text, and the whole of it as JSON."""
        message = Message(conversation_id="", role="assistant", text=text, answer=clean_json(answer))
        with transaction(self.engine) as session:
            conversation = _existing(session, conversation_id)
            conversation.language = str(answer.get("language") or conversation.language)
            return _append(session, conversation, message)

    def messages(self, conversation_id: str, *, role: str, actor: str) -> "_Messages":
        """All messages of one's own conversation, oldest first, with the ratings one gave."""
        with Session(self.engine) as session:
            _owned(session, conversation_id, role, actor)
            rows = session.exec(
                select(Message, Feedback.rating, Feedback.reason)
                .join(
                    Feedback,
                    (col(Feedback.message_id) == Message.id) & (Feedback.actor == actor),
                    isouter=True,
                )
                .where(Message.conversation_id == conversation_id)
                .order_by(col(Message.id))
            )
            return [_stored(message, rating, reason) for message, rating, reason in rows]

    def owned(self, conversation_id: str, role: str, actor: str) -> bool:
        """Whether the conversation exists and belongs to this role and actor."""
        with Session(self.engine) as session:
            found = session.get(Conversation, clean_text(conversation_id))
            return found is not None and (found.role, found.actor) == (role, actor)

    def rename(self, conversation_id: str, title: str, *, role: str, actor: str) -> None:
        """Give one's own conversation another title; an empty one is refused with ValueError."""
        if not title_of(title):
            raise ValueError("A conversation needs a title with at least one character.")
        with transaction(self.engine) as session:
            _owned(session, conversation_id, role, actor).title = title_of(title)

    def delete(self, conversation_id: str, *, role: str, actor: str) -> None:
        """Remove one's own conversation with its messages and ratings; tickets keep their transcript."""
        with transaction(self.engine) as session:
            conversation = _owned(session, conversation_id, role, actor)
            ids = session.exec(select(Message.id).where(Message.conversation_id == conversation_id)).all()
            _remove_messages(session, [i for i in ids if i is not None])
            session.execute(
                update(Ticket)
                .where(col(Ticket.conversation_id) == conversation_id)
                .values(conversation_id=None)
            )
            session.delete(conversation)

    def drop_last_turn(self, conversation_id: str, role: str, actor: str) -> str:
        """Remove the last user message and what followed, and return its text: what 'retry' asks again."""
        with transaction(self.engine) as session:
            _owned(session, conversation_id, role, actor)
            mine = select(Message).where(Message.conversation_id == conversation_id)
            last = session.exec(mine.where(Message.role == "user").order_by(col(Message.id).desc())).first()
            if last is None or last.id is None:
                raise LookupError("There is nothing to ask again: the conversation has no message yet.")
            following = session.exec(mine.where(col(Message.id) >= last.id)).all()
            text = last.text
            _remove_messages(session, [m.id for m in following if m.id is not None])
            return text

    def rate(self, message_id: int, actor: str, rating: int, reason: str = "", *, role: str = "") -> None:
        """Store the actor's thumb for an answer in a conversation of theirs; a second one replaces it.

        Raises ValueError for another rating than 1 or -1, LookupError for a message that does not
        exist, is not an answer, or stands in someone else's conversation.
        """
        if rating not in (1, -1):
            raise ValueError("A rating is 1 (helpful) or -1 (not helpful).")
        with transaction(self.engine) as session:
            if not _rateable(session, message_id, actor, role):
                raise LookupError("No such answer in your conversations.")
            _upsert_feedback(session, message_id, actor, rating, clean_text(reason))

    def feedback(self, rating: int | None = None, limit: int = 100) -> "_Feedback":
        """The newest ratings of all people, with the answers they are about."""
        query = select(Feedback, Message.text).join(Message, col(Message.id) == Feedback.message_id)
        if rating is not None:
            query = query.where(Feedback.rating == rating)
        with Session(self.engine) as session:
            rows = session.exec(query.order_by(col(Feedback.id).desc()).limit(limit))
            return [FeedbackInfo(**row.model_dump(), text=text) for row, text in rows]

    def open_ticket(
        self, conversation_id: str, customer_id: int | None, reason: str, transcript: Iterable[dict[str, Any]]
    ) -> int:
        """Ask for a person: store the reason and the transcript as it stands; return the ticket's number."""
        ticket = Ticket(
            conversation_id=conversation_id,
            customer_id=customer_id,
            reason=clean_text(reason),
            transcript=clean_json(list(transcript)),
        )
        with transaction(self.engine) as session:
            _existing(session, conversation_id)
            session.add(ticket)
            session.flush()
            return _number(ticket.id)

    def tickets(self, status: str = "open", limit: int = 200) -> "_Tickets":
        """Tickets with this status, oldest first: who waits longest stands on top."""
        query = select(Ticket).where(Ticket.status == status).order_by(col(Ticket.id)).limit(limit)
        with Session(self.engine) as session:
            return [TicketInfo(**ticket.model_dump()) for ticket in session.exec(query)]

    def close_ticket(self, ticket_id: int, by: str) -> None:
        """Mark a ticket as dealt with; closing it twice keeps who closed it first. LookupError if unknown."""
        with transaction(self.engine) as session:
            ticket = session.get(Ticket, ticket_id)
            if ticket is None:
                raise LookupError(f"There is no ticket {ticket_id}.")
            if ticket.status != "closed":
                ticket.status, ticket.closed_at, ticket.closed_by = "closed", now(), by

    def count(self) -> int:
        """How many conversations are stored."""
        with Session(self.engine) as session:
            return session.exec(select(func.count()).select_from(Conversation)).one()

    # Last, because below it the name `list` means this method to a type checker.
    def list(self, role: str, actor: str, limit: int = 50) -> "_Infos":
        """One's own conversations, the last used first."""
        query = (
            select(Conversation)
            .where(Conversation.role == role, Conversation.actor == actor)
            .order_by(col(Conversation.updated_at).desc())
            .limit(limit)
        )
        with Session(self.engine) as session:
            return [
                ConversationInfo(id=c.id, title=c.title, language=c.language, updated_at=c.updated_at)
                for c in session.exec(query)
            ]


# Outside the class, where `list` is still the type.
_Infos = list[ConversationInfo]
_Messages = list[StoredMessage]
_Feedback = list[FeedbackInfo]
_Tickets = list[TicketInfo]


def _existing(session: Session, conversation_id: str) -> Conversation:
    found = session.get(Conversation, clean_text(conversation_id))
    if found is None:
        raise LookupError("There is no such conversation.")
    return found


def _owned(session: Session, conversation_id: str, role: str, actor: str) -> Conversation:
    found = _existing(session, conversation_id)
    if (found.role, found.actor) != (role, actor):
        raise LookupError("There is no such conversation.")
    return found


def _append(session: Session, conversation: Conversation, message: Message) -> int:
    message.conversation_id = conversation.id
    message.text = clean_text(message.text)
    conversation.updated_at = now()
    session.add(message)
    session.flush()
    return _number(message.id)


def _number(key: int | None) -> int:
    if key is None:
        raise RuntimeError("The database gave no id to a new row.")
    return key


def _stored(message: Message, rating: int | None, reason: str | None) -> StoredMessage:
    return StoredMessage(
        id=_number(message.id),
        role=message.role,
        text=message.text,
        answer=message.answer,
        created_at=message.created_at,
        rating=rating,
        reason=reason or "",
    )


def _remove_messages(session: Session, ids: list[int]) -> None:
    session.execute(delete(Feedback).where(col(Feedback.message_id).in_(ids)))
    session.execute(delete(Message).where(col(Message.id).in_(ids)))


def _rateable(session: Session, message_id: int, actor: str, role: str) -> bool:
    query = (
        select(Conversation.role)
        .join(Message, col(Message.conversation_id) == Conversation.id)
        .where(Message.id == message_id, Message.role == "assistant", Conversation.actor == actor)
    )
    owner = session.exec(query).first()
    return owner is not None and role in ("", owner)


def _upsert_feedback(session: Session, message_id: int, actor: str, rating: int, reason: str) -> None:
    """Store a rating. The bare rating may arrive after the same rating with a reason, and keeps that."""
    values = {"rating": rating, "reason": reason, "created_at": now()}
    kept = case((col(Feedback.rating) == rating, Feedback.reason), else_="")
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(Feedback).values(message_id=message_id, actor=actor, **values)
    changed = values if reason else {**values, "reason": kept}
    session.execute(statement.on_conflict_do_update(index_elements=["message_id", "actor"], set_=changed))
