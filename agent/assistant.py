"""The one loop: plan a call, run it, write the answer, bind it to evidence.

A turn in one breath: the planner chooses a tool or none; the tool's result opens the answer with
figures worded by code; the writer adds its sentences from the facts; each clause is bound to the
evidence before a person sees it.
"""

import contextlib
import logging
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage

from shopwright.agent.copy_facts import Copy
from shopwright.agent.copy_finish import PLAIN_COPY, finished
from shopwright.agent.draft import Draft
from shopwright.agent.engines.base import ContextOverflowError, Engine, EngineError, Prefix
from shopwright.agent.grounding import Binder, Source, sentences
from shopwright.agent.history import LEAST_ROOM, Past, Turn, planner_history, recall, trimmed
from shopwright.agent.language import detect
from shopwright.agent.likely_tools import LikelyTools
from shopwright.agent.planning import Plan, openai_schema, plan_for, settle
from shopwright.agent.prompts import (
    call_messages,
    planner_prefix,
    shorten,
    writer_messages,
    writer_prefix,
)
from shopwright.agent.refusing import cleaned, refuse, too_short_for_tools
from shopwright.agent.replies import honest
from shopwright.agent.turn import Answer, Event, Request, Step, TextDelta, TextReset, Timings, Traces
from shopwright.agent.writing import Written, brief_of
from shopwright.knowledge.conversations import Conversations
from shopwright.knowledge.index import IndexBusyError, apply_outbox
from shopwright.knowledge.shop import Shop
from shopwright.tools.base import Language, Role, ShopTool, ToolContext, ToolError, ToolResult, tools_for
from shopwright.tools.wording import say

log = logging.getLogger(__name__)

ROOM_FOR_THE_REST = 3000  # tokens of the fixed part of a prompt, the request and the answer
SHOWN_CHARACTERS = 600  # of a request, to the model; quantities and ids are read from all of it
TONGUES: tuple[Language, ...] = ("en", "zh")


class Assistant:
    """Answers requests over one shop with one engine. Safe to use from several threads."""

    def __init__(self, shop: Shop, engine: Engine, tracer: Traces | None = None) -> None:
        self.shop = shop
        self.engine = engine
        self.tracer = tracer
        self.conversations = Conversations(shop.engine)
        self.likely = LikelyTools(shop.settings)
        self._tools: dict[Role, list[ShopTool]] = {role: tools_for(role) for role in ("marketer", "shopper")}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._talks = [(role, tongue) for role in self._tools for tongue in TONGUES]
        self._warm: set[tuple[Role, Language]] = set()
        self._warming = threading.Lock()

    def tools(self, role: Role) -> list[ShopTool]:
        """The tools that a role's assistant is built with."""
        return self._tools[role]

    def warm(self, *, on_progress: Any = None) -> None:
        """Load the model, prefill the prompts' fixed parts, and open the search indexes.

        What changed in the shop while no process served it goes into the index first, unless another
        process owns the index.
        """
        with contextlib.suppress(IndexBusyError):
            apply_outbox(self.shop)
        with self._warming:
            self.likely.prepare()
            self.engine.warm(self._prefixes(), on_progress)
            self._warm.update(self._talks)
        self.shop.products.search("bread", 1)
        self.shop.documents.search("returns", 1)

    def _prefixes(self) -> list[Prefix]:
        return [
            (planner_prefix(role, language, self._tools[role], self._schemas_of(role)), self._offered(role))
            for role, language in self._talks
        ] + [(writer_prefix(language), ()) for language in TONGUES]

    def prepare(self, role: Role, language: Language) -> None:
        """Without `warm`, the first turn of a role in a language gets its own prefix ready, and keeps it."""
        with self._warming:
            if (role, language) not in self._warm:
                self.shop.documents.prepare()
                try:
                    prefixes = self._prefixes()
                    self.engine.warm(prefixes, only=self._talks.index((role, language)))
                    self.engine.warm(prefixes, only=len(self._talks) + TONGUES.index(language))
                except ContextOverflowError as error:
                    raise too_short_for_tools(error) from error
                self._warm.add((role, language))

    def close(self) -> None:
        """Free the model and the shop; traces that still wait are sent."""
        self.engine.close()
        self.shop.close()
        if self.tracer is not None:
            self.tracer.close()

    # A turn

    def stream(self, request: Request, *, stop: threading.Event | None = None) -> Iterator[Event]:
        """Answer one request: Steps and text as they come, then one Answer.

        Setting `stop`, or closing the iterator, ends the turn; what was written so far is kept.
        """
        started = time.perf_counter()
        first = 0.0
        text = cleaned(request.text)
        language = request.language or detect(text)
        refusal = refuse(text, language)
        if refusal:
            yield TextDelta(text=refusal)
            yield self._traced(
                request,
                Answer(
                    text=refusal,
                    language=language,
                    conversation=request.conversation,
                    started_at=round(time.time(), 3),
                    engine=self.engine.name,
                ),
            )
            return
        history = self._history(request)
        draft = Draft(self._open(request, text, language), language)
        self.conversations.append_user(draft.conversation, text)
        turn = _Turn(self, request, text, history, draft, stop or threading.Event())
        stored = False
        try:
            for event in turn.run():
                first = first or time.perf_counter() - started
                yield event
            timings = Timings(
                first_event_seconds=round(first, 3), total_seconds=round(time.perf_counter() - started, 3)
            )
            answer = turn.answer(timings)
            stored = True
            yield self._store(request, answer)
        finally:
            if not stored:
                draft.stopped = True
                timings = Timings(total_seconds=round(time.perf_counter() - started, 3))
                self._store(request, turn.answer(timings))

    def _store(self, request: Request, answer: Answer) -> Answer:
        message_id = self.conversations.append_assistant(
            answer.conversation, answer.text, answer.model_dump(mode="json")
        )
        return self._traced(request, answer.model_copy(update={"message_id": message_id}))

    def _traced(self, request: Request, answer: Answer) -> Answer:
        if self.tracer is not None:
            self.tracer.export(request, answer)
        return answer

    def _open(self, request: Request, text: str, language: Language) -> str:
        if request.conversation:
            return request.conversation
        return self.conversations.start(request.role, request.actor, text[:60], language)

    def _history(self, request: Request) -> list[Turn]:
        """Earlier turns. Raises LookupError for a conversation that is not the actor's own."""
        if not request.conversation:
            return []
        return recall(
            self.conversations.messages(request.conversation, role=request.role, actor=request.actor)
        )

    # What a turn needs of the tools

    def schema(self, tool: ShopTool) -> dict[str, Any]:
        """A tool's schema, its enums filled from the shop; made once."""
        if tool.name not in self._schemas:
            self._schemas[tool.name] = tool.schema(self.shop)
        return self._schemas[tool.name]

    def _schemas_of(self, role: Role) -> dict[str, dict[str, Any]]:
        return {tool.name: self.schema(tool) for tool in self._tools[role]}

    def _offered(self, role: Role) -> list[dict[str, Any]]:
        return [openai_schema(tool, self.schema(tool)) for tool in self._tools[role]]

    def _prompts(
        self,
        request: Request,
        text: str,
        history: Sequence[Turn],
        draft: Draft,
        tail: Sequence[BaseMessage],
    ) -> Iterator[list[BaseMessage]]:
        """The planner's prompt; asked for again, because it did not fit, one with fewer earlier turns."""
        schemas = self._schemas_of(request.role)
        prefix = planner_prefix(request.role, draft.language, self._tools[request.role], schemas)
        room = max(LEAST_ROOM, self.shop.settings.model_context - ROOM_FOR_THE_REST)
        before = planner_history(history[:-1], schemas, room).left_out
        tried = -1
        for share in (room, room // 2, room // 4, 0):
            past = planner_history(history, schemas, share) if share else Past([], len(history))
            if past.left_out == tried:
                continue
            tried = past.left_out
            if past.left_out > before:
                draft.notify(trimmed(past.left_out))
            yield [*prefix, *past.messages, HumanMessage(shorten(text, SHOWN_CHARACTERS)), *tail]

    def plan(
        self,
        request: Request,
        text: str,
        history: Sequence[Turn],
        draft: Draft,
        stop: threading.Event,
        tail: Sequence[BaseMessage] = (),
        before: Plan | None = None,
    ) -> "Iterator[AIMessageChunk | Plan]":
        """The planner's chunks: a tool call (a Plan, last), or a reply; after a refusal, the same tool again."""
        role, tools = request.role, {tool.name: tool for tool in self._tools[request.role]}
        saved = self.shop.segments.saved.names() if role == "marketer" else ()
        narrowed = {name: plan_for(self.schema(tool), text, history, saved) for name, tool in tools.items()}
        sure = partial(self.shop.documents.certain, text, draft.language)
        due = [before.tool.name] if before else self.likely.due(role, text, list(tools), history, sure)
        whole: AIMessageChunk | None = None
        for messages in self._prompts(request, text, history, draft, tail):
            stream = self.engine.stream(
                messages,
                tools=self._offered(role),
                narrowed=narrowed,
                numbers=Binder.of(None, None, text).numbers,
                among=due,
                stop_event=stop,
                max_tokens=120,
            )
            try:
                with draft.calling("planner", messages):
                    for chunk in stream:
                        draft.count(chunk)
                        whole = chunk if whole is None else whole + chunk
                        yield chunk
                break
            except ContextOverflowError:
                if whole is not None:
                    raise
        else:
            raise EngineError(
                "Your message is longer than the model can read at once. Please shorten it.",
                zh="您的消息超出了模型一次能读取的长度，请缩短后再发。",
            )
        if whole is not None and whole.tool_calls:
            call = whole.tool_calls[0]
            if call["name"] in tools:
                chosen = narrowed[call["name"]]
                yield Plan(
                    tool=tools[call["name"]],
                    arguments=settle(call["args"], chosen, text, history),
                )


@dataclass
class _Turn:
    """One turn: what it is about and what has been made of it so far."""

    assistant: Assistant
    request: Request
    text: str
    history: list[Turn]
    draft: Draft
    stop: threading.Event

    def run(self) -> Iterator[Event]:
        """The turn's events but the Answer. A failure ends it with an honest sentence, logged with an id."""
        language = self.draft.language
        try:
            self.assistant.prepare(self.request.role, language)
            yield from self._plan_and_answer()
        except EngineError as error:
            self.draft.error_id = uuid.uuid4().hex[:8]
            log.warning("turn failed, id %s: %s", self.draft.error_id, error)
            yield from self._fail(say(language, str(error), error.zh or f"模型没有给出回答：{error}"))
        except Exception:
            self.draft.error_id = uuid.uuid4().hex[:8]
            log.exception("turn failed, id %s", self.draft.error_id)
            yield from self._fail(
                say(
                    language,
                    f"Something went wrong on our side; nothing was changed. It is logged as {self.draft.error_id}. Please try again.",
                    f"系统出了点问题，没有做任何改动，记录编号{self.draft.error_id}。请再试一次。",
                )
            )
        self.draft.stopped = self.draft.stopped or self.stop.is_set()

    def _fail(self, sentence: str) -> Iterator[Event]:
        yield self.draft.add(("\n\n" if self.draft.text else "") + sentence)

    def _plan_and_answer(self) -> Iterator[Event]:
        tail: list[BaseMessage] = []
        before: Plan | None = None
        for _attempt in range(2):
            plan: Plan | None = None
            reply = ""
            named = ""
            for item in self.assistant.plan(
                self.request, self.text, self.history, self.draft, self.stop, tail, before
            ):
                if isinstance(item, Plan):
                    plan = item
                elif item.tool_call_chunks and item.tool_call_chunks[0].get("name") and before is None:
                    named = str(item.tool_call_chunks[0]["name"])
                    yield Step(id=self._step_id(), tool=named, status="running")
                elif item.text and before is None:
                    reply += item.text
                    yield self.draft.add(item.text)
            if plan is None or (
                before and (plan.tool.name, plan.arguments) == (before.tool.name, before.arguments)
            ):
                break
            if self.stop.is_set():
                return  # its arguments may be half written
            step, result = self._run(plan)
            if result is not None:
                self.draft.steps = [*self.draft.steps, step]
                yield step
                yield from self._write(step, result)
                return
            self.draft.steps = [*self.draft.steps, step]
            yield step
            before = plan
            tail = call_messages(self.text, plan.tool.name, plan.arguments, step.text)[1:]
        if before is not None:
            yield self.draft.add(self.draft.steps[-1].text)
        elif (true := honest(self.text, self.draft.text, self.request.role, self.draft.language)) != (
            self.draft.text
        ):
            yield from self._take_back("", true)
        elif not self.draft.text and not self.stop.is_set():
            yield self.draft.add(
                say(
                    self.draft.language,
                    "I am not sure what you mean. Could you say it differently?",
                    "我没太明白，您能换个说法吗？",
                )
            )

    def _step_id(self) -> str:
        return f"s{len(self.draft.steps) + 1}"

    def _context(self) -> ToolContext:
        transcript = [
            part
            for turn in self.history
            for part in ({"role": "user", "text": turn.text}, {"role": "assistant", "text": turn.answer})
        ]
        return ToolContext(
            shop=self.assistant.shop,
            role=self.request.role,
            actor=self.request.actor,
            language=self.draft.language,
            customer_id=self.request.customer_id,
            conversation_id=self.draft.conversation,
            transcript=(*transcript, {"role": "user", "text": self.text}),
        )

    def _run(self, plan: Plan) -> tuple[Step, ToolResult | None]:
        started = time.perf_counter()
        step = {
            "id": self._step_id(),
            "tool": plan.tool.name,
            "arguments": plan.arguments,
            "started_at": round(time.time(), 3),
        }
        try:
            result = plan.tool.run(self._context(), plan.arguments)
        except ToolError as error:
            return Step(**step, status="failed", text=str(error), seconds=time.perf_counter() - started), None
        done = Step(
            **step,
            status="done",
            result=result.data,
            text="\n".join(
                dict.fromkeys(part for part in (result.headline, result.text, result.appendix) if part)
            ),
            memory=result.memory,
            views=result.views,
            seconds=round(time.perf_counter() - started, 3),
        )
        self.draft.result = result
        return done, result

    def _write(self, step: Step, result: ToolResult) -> Iterator[Event]:
        """Headline, the writer's words, appendix."""
        if result.headline:
            yield self.draft.add(result.headline)
        if result.reply and not self.stop.is_set():
            yield from self._compose(step, result)
        if result.appendix:
            yield self.draft.add(("\n\n" if self.draft.text else "") + result.appendix)

    def _compose(self, step: Step, result: ToolResult) -> Iterator[Event]:
        """The writer's words, sentence by sentence.

        A sentence that cannot be bound is left out: the headline says what matters already. Copy of which
        too little is left is written once more, knowing what was wrong; where that fails too, the facts stand.
        """
        opened = self.draft.text
        complaint = ""
        for attempt in range(2 if result.is_copy else 1):
            if attempt:
                yield from self._take_back(opened)
            brief = self._brief(result)
            written = Written(result, Binder.of(step, result, self.text), brief)
            asked = result.headline if attempt else self.text  # words that mislead it once would do so again
            messages = writer_messages(
                shorten(asked, SHOWN_CHARACTERS), result, self.draft.language, complaint
            )
            with contextlib.suppress(ContextOverflowError):  # the facts stand without words around them
                for sentence in sentences(self._words(messages, written)):
                    piece = written.take(sentence)
                    if piece:
                        yield self.draft.add(("\n\n" if opened and not written.before else "") + piece)
                    if written.full:
                        break
            if self.stop.is_set() or (written.enough and brief is None):
                return
            if written.enough and brief is not None:
                copy = finished(replace(brief, text=self.draft.text.removeprefix(opened).strip()))
                if copy:
                    yield from self._take_back(opened, ("\n\n" if opened else "") + copy)
                    return
            complaint = written.complaint or "was empty"
            log.info("draft %d of %s could not be bound: %s", attempt + 1, step.tool, complaint)
        yield from self._take_back(opened)
        if result.fallback:
            yield self.draft.add(("\n\n" if opened else "") + self._plain(result))

    def _plain(self, result: ToolResult) -> str:
        brief = self._brief(result)
        if brief is None:
            return result.fallback
        self.draft.notify(PLAIN_COPY)
        return finished(replace(brief, text=result.fallback))

    def _brief(self, result: ToolResult) -> Copy | None:
        asked = [*(turn.text for turn in self.history), self.text]
        return brief_of(result, asked, self.assistant.shop.settings.currency, self.draft.language)

    def _take_back(self, text: str, instead: str = "") -> Iterator[Event]:
        """Withdraw what follows `text`, and put something in its place."""
        if self.draft.text != text + instead:
            self.draft.text = text + instead
            yield TextReset()
            if self.draft.text:
                yield TextDelta(text=self.draft.text)

    def _words(self, messages: Sequence[BaseMessage], written: "Written") -> Iterator[str]:
        stream = self.assistant.engine.stream(
            messages, numbers=written.numbers, stop_event=self.stop, max_tokens=written.max_tokens
        )
        with self.draft.calling("writer", messages):
            for chunk in stream:
                self.draft.count(chunk)
                if chunk.text:
                    yield chunk.text

    def answer(self, timings: Timings) -> Answer:
        """The turn as it stands."""
        draft = self.draft
        binder = Binder.of(draft.steps[-1] if draft.steps else None, draft.result, self.text)
        if draft.steps and draft.result is None:
            binder = Binder(
                [Source(s.id, s.tool, s.text) for s in draft.steps] + [Source("", "request", self.text)]
            )
        return Answer(
            text=draft.text,
            language=draft.language,
            conversation=draft.conversation,
            steps=draft.steps,
            evidence=binder.evidence(draft.text),
            usage=draft.usage,
            calls=draft.calls,
            started_at=round(draft.started_at, 3),
            timings=timings,
            engine=self.assistant.engine.name,
            stopped=draft.stopped,
            error_id=draft.error_id,
            notices=draft.notices,
        )
