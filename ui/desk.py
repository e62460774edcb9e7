"""The desk where a chat is held: one turn at a time a page, for whoever the session says it is."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from shopwright.agent.turn import Answer, Request
from shopwright.knowledge.conversations import Conversations
from shopwright.tools.base import Language
from shopwright.ui.language import say
from shopwright.ui.people import Person
from shopwright.ui.transcript import Message, TurnView, stored_messages, user_message
from shopwright.ui.warmup import Answering, Warmup

log = logging.getLogger(__name__)

MAX_CHARACTERS = 4000
REDRAW_SECONDS = 0.1


@dataclass(frozen=True)
class Shown:
    """What the page shows now; `over` when the turn has ended."""

    messages: list[Message]
    conversation: str
    over: bool = False
    notice: str = ""


@dataclass
class Desk:
    """Runs turns and reads conversations; keeps which pages are answering, so that stop reaches them."""

    conversations: Conversations
    warmup: Warmup
    _running: dict[tuple[str, str], threading.Event] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def show(self, person: Person, conversation: str, language: Language) -> list[Message]:
        """A conversation of this person; nothing for an empty id. LookupError when it is not theirs."""
        if not conversation:
            return []
        stored = self.conversations.messages(conversation, role=person.role, actor=person.actor)
        return stored_messages(stored, language, person.role)

    def ask(
        self, person: Person, page: str, words: str, conversation: str, language: Language
    ) -> Iterator[Shown]:
        """Answer `words`; yield what to show until it is over. `page` tells one open page from another."""
        problem = _problem(words, language)
        history: list[Message] = []
        try:
            history = self.show(person, conversation, language)
        except LookupError:
            conversation, problem = "", problem or say(language, "no_conversation")
        stop = self._begin(person, page) if not problem else None
        if stop is None:
            notice = problem or say(language, "busy")
            yield Shown(history, conversation, over=True, notice=notice)
            return
        try:
            yield from self._turn(person, words.strip(), conversation, language, history, stop)
        finally:
            stop.set()
            self._end(person, page)

    def again(self, person: Person, page: str, conversation: str, language: Language) -> Iterator[Shown]:
        """Ask the last question of a conversation once more; its former answer is dropped."""
        try:
            words = self.conversations.drop_last_turn(conversation, person.role, person.actor)
        except LookupError:
            yield Shown([], conversation, over=True, notice=say(language, "nothing_to_retry"))
            return
        yield from self.ask(person, page, words, conversation, language)

    def stop(self, person: Person, page: str) -> None:
        """End what this page is answering."""
        with self._lock:
            running = self._running.get((person.actor, page))
        if running:
            running.set()

    def _begin(self, person: Person, page: str) -> threading.Event | None:
        with self._lock:
            if (person.actor, page) in self._running:
                return None
            return self._running.setdefault((person.actor, page), threading.Event())

    def _end(self, person: Person, page: str) -> None:
        with self._lock:
            self._running.pop((person.actor, page), None)

    def _turn(
        self,
        person: Person,
        words: str,
        conversation: str,
        language: Language,
        history: list[Message],
        stop: threading.Event,
    ) -> Iterator[Shown]:
        view = TurnView(language, person.role)
        before = [*history, user_message(words)]
        made_here = not conversation
        conversation = conversation or self.conversations.start(person.role, person.actor, words, language)
        yield Shown([*before, *view.messages()], conversation)
        for _ in self._until_ready(view, stop):
            yield Shown([*before, *view.messages()], conversation)
        assistant = self.warmup.wait(0)
        if assistant is None:
            view.notice = say(language, "stopped" if stop.is_set() else "engine_failed_long")
            yield Shown([*before, *view.messages()], conversation, over=True)
            return
        request = Request(
            role=person.role,
            actor=person.actor,
            text=words,
            conversation=conversation,
            customer_id=person.customer_id,
        )
        for _ in self._events(assistant, request, view, stop):
            yield Shown([*before, *view.messages()], conversation)
        settled = self._settled(person, view, before, conversation, language)
        if made_here and self._forget_if_empty(person, conversation):
            settled = Shown(settled.messages, "", over=True)
        yield settled

    def _forget_if_empty(self, person: Person, conversation: str) -> bool:
        """Delete a conversation in which nothing was stored; there is nothing to come back to."""
        mine = {"role": person.role, "actor": person.actor}
        try:
            if self.conversations.messages(conversation, **mine):
                return False
            self.conversations.delete(conversation, **mine)
        except LookupError:
            return True
        return True

    def _until_ready(self, view: TurnView, stop: threading.Event) -> Iterator[None]:
        if self.warmup.state == "warming":
            view.wait = say(view.language, "warming_long")
            yield
        while self.warmup.state == "warming" and not stop.is_set():
            self.warmup.wait(0.2)
        view.wait = ""

    def _events(
        self, assistant: Answering, request: Request, view: TurnView, stop: threading.Event
    ) -> Iterator[None]:
        """Feed the view; yield when it is worth drawing again."""
        drawn = 0.0
        try:
            for event in assistant.stream(request, stop=stop):
                view.take(event)
                moment = time.monotonic()
                if event.__class__.__name__ != "TextDelta" or moment - drawn >= REDRAW_SECONDS:
                    drawn = moment
                    yield
        except Exception:
            # The last line of defence: the person reads a sentence, the log keeps the reason under its id.
            number = uuid4().hex[:8]
            log.exception("Turn %s of %s failed", number, request.role)
            view.notice = say(view.language, "failed", id=number)

    def _settled(
        self, person: Person, view: TurnView, before: list[Message], conversation: str, language: Language
    ) -> Shown:
        """The end of a turn, as it was stored: with evidence, and buttons under the answer."""
        if isinstance(view.answer, Answer) and view.answer.message_id is not None and not view.notice:
            conversation = view.answer.conversation or conversation
            with suppress(LookupError):  # deleted meanwhile, in another tab
                return Shown(self.show(person, conversation, language), conversation, over=True)
        if view.answer is not None and view.answer.stopped:
            view.notice = say(language, "stopped")
        elif view.answer is not None and not view.text.strip() and not view.notice:
            view.notice = say(language, "failed", id=view.answer.error_id or "–")
        return Shown([*before, *view.messages()], conversation, over=True)


def _problem(words: str, language: Language) -> str:
    if not words.strip():
        return say(language, "empty_input")
    if len(words) > MAX_CHARACTERS:
        return say(language, "too_long", count=f"{len(words):,}", limit=f"{MAX_CHARACTERS:,}")
    return ""
