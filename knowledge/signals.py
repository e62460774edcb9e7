"""What people made of the answers, as far as the shop stores it: the raw material of new evaluation cases.

Stored are thumbs with reasons, tickets, answers that were stopped or failed, questions asked twice, segments
saved from a chat and changed afterwards, and coupon redemptions of a campaign that began after a forecast.
Not stored, and so no signal: pressing "ask again" (the dropped turn is deleted), copy that was edited outside
the chat, and approvals (a segment that was saved is the nearest to one).

Reads only; the newest first, and never more than `limit` of a kind.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import Text, cast, func, select
from sqlalchemy.engine import Engine
from sqlmodel import SQLModel

from shopwright.knowledge import tables
from shopwright.knowledge.campaign_outcome import brought
from shopwright.knowledge.types import Frozen

assert tables.Feedback.metadata is SQLModel.metadata  # noqa: S101 - importing the tables fills the metadata
TABLES = SQLModel.metadata.tables
FEEDBACK, MESSAGE, TICKET = (TABLES[name].c for name in ("feedback", "message", "ticket"))
EVENT, TALK = TABLES["audit_event"].c, TABLES["conversation"].c
LIMIT = 2000
LONGEST_TALK = 20  # requests before the answer that are read
_BATCH = 500
_START = datetime(1970, 1, 1)

Kind = Literal["up", "down", "handoff", "stopped", "failed", "repeated", "kept", "edited", "outcome"]


class PastStep(Frozen):
    """A tool call of an answer."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    status: str = "done"
    result: dict[str, Any] = Field(default_factory=dict)


class PastTurn(Frozen):
    """A request and the calls that answered it; None: the answer is not known."""

    ask: str
    steps: list[PastStep] | None = None


class Signal(Frozen):
    """One thing that happened to an answer, with the requests up to it, the last of which it is about."""

    kind: Kind
    at: datetime
    role: str
    actor: str
    customer_id: int | None = Field(default=None, description="The signed-in shopper.")
    turns: list[PastTurn]
    reason: str = Field(default="", description="In the person's words.")
    details: dict[str, Any] = Field(default_factory=dict)


class Signals:
    """Reads what happened to the shop's answers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def all(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Every signal since then, kind by kind."""
        for read in (self.thumbs, self.handoffs, self.troubles, self.repeats, self.saved, self.outcomes):
            yield from read(since, limit)

    def thumbs(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Ratings with their reasons."""
        query = (
            select(FEEDBACK.rating, FEEDBACK.reason, FEEDBACK.created_at, MESSAGE.id, MESSAGE.conversation_id)
            .join(TABLES["message"], MESSAGE.id == FEEDBACK.message_id)
            .where(FEEDBACK.created_at >= (since or _START))
            .order_by(FEEDBACK.id.desc())
            .limit(limit)
        )
        for rating, reason, at, message, talk in self._rows(query):
            yield from self._signal("up" if rating > 0 else "down", at, talk, message, reason)

    def handoffs(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Tickets, with the conversation as it stood; they outlive it."""
        query = (
            select(TICKET.created_at, TICKET.customer_id, TICKET.reason, TICKET.transcript)
            .where(TICKET.created_at >= (since or _START))
            .order_by(TICKET.id.desc())
            .limit(limit)
        )
        for at, customer, reason, transcript in self._rows(query):
            asked = [str(part.get("text", "")) for part in transcript if part.get("role") == "user"]
            turns = [PastTurn(ask=text) for text in asked if text.strip()][-LONGEST_TALK:]
            if turns:
                yield Signal(
                    kind="handoff",
                    at=at,
                    role="shopper",
                    actor="",
                    customer_id=customer,
                    turns=turns,
                    reason=reason,
                )

    def troubles(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Answers that a person stopped, and answers that failed."""
        stopped, failed = MESSAGE.answer["stopped"].as_boolean(), MESSAGE.answer["error_id"].as_string()
        for kind, condition in (("stopped", stopped.is_(True)), ("failed", func.coalesce(failed, "") != "")):
            query = self._answers(since, limit).where(condition)
            for at, message, talk, _ in self._rows(query):
                yield from self._signal(kind, at, talk, message)

    def repeats(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Requests that were sent again, word for word, right after their answer."""
        text = func.lower(func.trim(MESSAGE.text))
        before = func.lag(text).over(partition_by=MESSAGE.conversation_id, order_by=MESSAGE.id)
        inner = (
            select(
                MESSAGE.id,
                MESSAGE.conversation_id,
                MESSAGE.created_at,
                text.label("text"),
                before.label("before"),
            )
            .where(MESSAGE.role == "user", MESSAGE.created_at >= (since or _START))
            .subquery()
        )
        query = (
            select(inner.c.created_at, inner.c.id, inner.c.conversation_id)
            .where(inner.c.text == inner.c.before)
            .order_by(inner.c.id.desc())
            .limit(limit)
        )
        for at, message, talk in self._rows(query):
            yield from self._signal("repeated", at, talk, message - 1)

    def saved(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Segments saved from a chat: kept as they were found, or edited afterwards."""
        query = (
            select(EVENT.id, EVENT.at, EVENT.actor, EVENT.subject)
            .where(EVENT.action == "segment.save", EVENT.at >= (since or _START))
            .order_by(EVENT.id.desc())
            .limit(limit)
        )
        for event, at, actor, name in self._rows(query):
            found = self._saving(actor, at, name)
            if found is not None:
                talk, message = found
                changed = self._edit(event, name)
                kind: Kind = "kept" if changed is None else "edited"
                details = {} if changed is None else {"filter": changed}
                yield from self._signal(kind, at, talk, message, details=details)

    def outcomes(self, since: datetime | None = None, limit: int = LIMIT) -> Iterator[Signal]:
        """Forecasts of a type of campaign of which one began afterwards and is over, with what it brought."""
        query = self._answers(since, limit).where(cast(MESSAGE.answer, Text).contains('"forecast_campaign"'))
        for at, message, talk, answer in self._rows(query):
            step = _steps(answer)[-1:]
            kind = str(step[0].result.get("campaign_type") or "") if step else ""
            actual = brought(self.engine, kind, at) if kind and "rate" in step[0].result else None
            if actual is not None:
                details = {**actual, "forecast": step[0].result["rate"]}
                yield from self._signal("outcome", at, talk, message, details=details)

    # Parts

    def _rows(self, query: Any) -> Iterator[Any]:
        """The rows of a query, a batch at a time."""
        with self.engine.connect().execution_options(yield_per=_BATCH) as connection:
            yield from connection.execute(query)

    def _answers(self, since: datetime | None, limit: int) -> Any:
        return (
            select(MESSAGE.created_at, MESSAGE.id, MESSAGE.conversation_id, MESSAGE.answer)
            .where(MESSAGE.role == "assistant", MESSAGE.created_at >= (since or _START))
            .order_by(MESSAGE.id.desc())
            .limit(limit)
        )

    def _signal(
        self,
        kind: Any,
        at: datetime,
        talk: str,
        message: int,
        reason: str = "",
        details: dict[str, Any] | None = None,
    ) -> Iterator[Signal]:
        """The signal with its conversation; nothing where no request stands before it."""
        owner = next(self._rows(select(TALK.role, TALK.actor).where(TALK.id == talk)), None)
        turns = self._turns(talk, message)
        if owner is None or not turns:
            return
        role, actor = owner
        yield Signal(
            kind=kind,
            at=at,
            role=role,
            actor=actor,
            customer_id=customer_of(actor) if role == "shopper" else None,
            turns=turns,
            reason=reason,
            details=details or {},
        )

    def _turns(self, talk: str, message: int) -> list[PastTurn]:
        """The last requests of a conversation up to a message, oldest first, with their calls."""
        query = (
            select(MESSAGE.role, MESSAGE.text, MESSAGE.answer)
            .where(MESSAGE.conversation_id == talk, MESSAGE.id <= message)
            .order_by(MESSAGE.id.desc())
            .limit(2 * LONGEST_TALK)
        )
        turns: list[PastTurn] = []
        for role, text, answer in reversed(list(self._rows(query))):
            if role == "user":
                turns.append(PastTurn(ask=text))
            elif turns:
                turns[-1] = PastTurn(ask=turns[-1].ask, steps=_steps(answer))
        return [turn for turn in turns if turn.ask.strip()]

    def _saving(self, actor: str, at: datetime, name: str) -> tuple[str, int] | None:
        """The answer that saved the segment: the actor's next one, whose call bears its name."""
        query = (
            select(MESSAGE.conversation_id, MESSAGE.id, MESSAGE.answer)
            .join(TABLES["conversation"], TALK.id == MESSAGE.conversation_id)
            .where(
                MESSAGE.role == "assistant",
                TALK.actor == actor,
                MESSAGE.created_at >= at,
                MESSAGE.created_at <= at + timedelta(hours=1),
            )
            .order_by(MESSAGE.id)
            .limit(1)
        )
        for talk, message, answer in self._rows(query):
            steps = _steps(answer)
            if steps and steps[-1].tool == "save_segment" and steps[-1].result.get("name") == name:
                return talk, message
        return None

    def _edit(self, event: int, name: str) -> dict[str, Any] | None:
        """The filter that the segment was given after it was saved; None when it was left as it was."""
        query = (
            select(EVENT.details)
            .where(EVENT.action == "segment.update", EVENT.subject == name, EVENT.id > event)
            .order_by(EVENT.id.desc())
            .limit(1)
        )
        return next((dict(row[0]) for row in self._rows(query)), None)


def customer_of(actor: str) -> int | None:
    """The customer that a shopper was signed in as; None for a visitor. Their actor ends with `:id`."""
    _, colon, number = actor.rpartition(":")
    return int(number) if colon and number.isdecimal() else None


def _steps(answer: dict[str, Any] | None) -> list[PastStep]:
    """The calls of an answer that came to an end."""
    return [
        PastStep(
            tool=str(step.get("tool", "")),
            arguments=step.get("arguments") or {},
            status=str(step.get("status", "done")),
            result=step.get("result") or {},
        )
        for step in (answer or {}).get("steps") or []
        if step.get("status") in ("done", "failed")
    ]
