"""`shopwright chat`: the assistant in a terminal, once, or over a file of requests."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal

from shopwright.ui.cli_lines import Line, read_lines
from shopwright.ui.cli_output import (
    RefusedError,
    emit,
    emit_json,
    is_known,
    note,
    pick,
    require_shop,
    sentence,
)
from shopwright.ui.cli_transcript import Transcript

if TYPE_CHECKING:
    from shopwright.agent.assistant import Assistant
    from shopwright.agent.turn import Answer, Request
    from shopwright.knowledge.settings import Settings

ROLES, LANGUAGES = ("marketer", "shopper"), ("en", "zh")


@dataclass(frozen=True)
class Asker:
    """Who asks: what a session would say in the web app."""

    role: Literal["marketer", "shopper"] = "marketer"
    customer: int | None = None
    language: Literal["en", "zh"] | None = None

    @classmethod
    def checked(cls, role: object, customer: object = None, language: object = None) -> "Asker":
        """An asker of unchecked values; ValueError says which is wrong and what would be right."""
        if role not in ROLES:
            raise ValueError(f"role must be marketer or shopper, not {role!r}.")
        if language is not None and language not in LANGUAGES:
            raise ValueError(f"language must be en or zh, not {language!r}.")
        if customer is not None and (not isinstance(customer, int) or isinstance(customer, bool)):
            raise ValueError(f"customer_id must be a whole number, not {customer!r}.")
        if customer is not None and role != "shopper":
            raise ValueError("A customer id goes with the role shopper only.")
        return cls(role=role, customer=customer, language=language)  # type: ignore[arg-type]

    def request(self, text: str, conversation: str = "") -> "Request":
        """A message of this person."""
        from shopwright.agent.turn import Request

        actor = "@terminal" if self.customer is None else f"@terminal:{self.customer}"
        return Request(
            role=self.role,
            actor=actor,
            text=text.encode("utf-8", "replace").decode("utf-8"),  # JSON may hold half of a surrogate pair
            conversation=conversation,
            customer_id=self.customer,
            language=self.language,
        )


@contextmanager
def opened(settings: "Settings") -> Iterator["Assistant"]:
    """The assistant over this machine's shop, closed afterwards."""
    require_shop(settings)
    note(pick("Loading the model…", "正在加载模型……"))
    from shopwright.agent.local import open_assistant

    assistant = open_assistant(settings)
    try:
        yield assistant
    finally:
        assistant.close()


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second raises KeyboardInterrupt."""
    stop = threading.Event()

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def ask_once(settings: "Settings", text: str, asker: Asker, *, as_json: bool) -> int:
    """Ask one question; return the exit code."""
    with opened(settings) as assistant, stoppable() as stop:
        transcript = None if as_json else Transcript(streaming=sys.stdout.isatty())
        answer = _answer(assistant, asker.request(text), stop, transcript)
        if as_json:
            emit_json(answer.model_dump(mode="json"))
        return int(bool(answer.error_id))


def answer_file(settings: "Settings", file: str, asker: Asker) -> int:
    """Answer every request of a JSON lines file, each a conversation of its own; return the exit code."""
    failed = 0
    with opened(settings) as assistant, stoppable() as stop:
        for line in read_lines(file):
            if stop.is_set():
                return 130
            result = _answer_line(assistant, line, asker, stop)
            failed += "error" in result
            emit_json(result)
    if failed:
        note(pick(f"{failed} of the lines failed; see their error.", f"有 {failed} 行失败,见其 error 字段。"))
    return int(bool(failed))


def _answer_line(assistant: "Assistant", line: Line, asker: Asker, stop: threading.Event) -> dict[str, Any]:
    if line.error:
        return {"id": line.id, "error": line.error}
    try:
        request = _line_asker(line, asker).request(line.text("text"))
        answer = _answer(assistant, request, stop, None)
    except Exception as error:  # noqa: BLE001 - one request's failure is its own line; the run goes on
        where = "" if str(error).startswith("Line ") else f"Line {line.number}: "
        return {"id": line.id, "error": where + sentence(error)}
    if answer.error_id:
        return {"id": line.id, "error": f"Line {line.number}: {answer.text} ({answer.error_id})"}
    return as_line(line.id, answer)


def _line_asker(line: Line, asker: Asker) -> Asker:
    fields = line.fields
    role = fields.get("role", asker.role)
    customer = fields.get("customer_id", asker.customer if role == "shopper" else None)
    return Asker.checked(role, customer, fields.get("language", asker.language))


def as_line(request_id: Any, answer: "Answer") -> dict[str, Any]:
    """An answer in the documented form of `chat --file`; `notices` only where there are any."""
    steps = [
        {
            "tool": step.tool,
            "arguments": step.arguments,
            "result": step.result if step.status == "done" else step.text,
            "failed": step.status == "failed",
            "seconds": round(step.seconds, 3),
        }
        for step in answer.steps
    ]
    whole = answer.model_dump(mode="json", include={"evidence", "usage", "timings"})
    notices = {"notices": answer.notices} if answer.notices else {}
    return {"id": request_id, "text": answer.text, "steps": steps, **whole, **notices}


def _answer(
    assistant: "Assistant", request: "Request", stop: threading.Event, transcript: Transcript | None
) -> "Answer":
    from shopwright.agent.turn import Answer

    answer: Answer | None = None
    for event in assistant.stream(request, stop=stop):
        if transcript is not None:
            transcript.show(event)
        if isinstance(event, Answer):
            answer = event
    if answer is None:
        raise RuntimeError("The assistant ended without an answer.")
    return answer


def converse(settings: "Settings", asker: Asker) -> int:
    """A conversation in the terminal until Ctrl-D or /quit; return the exit code."""
    if not sys.stdin.isatty():
        raise RefusedError(
            "An interactive chat needs a terminal. Use --once TEXT, or --file - to read requests from stdin.",
            "交互式聊天需要终端。请使用 --once TEXT,或用 --file - 从标准输入读取请求。",
            code=2,
        )
    with opened(settings) as assistant:
        note(
            pick(
                "Ask in English or Chinese. Ctrl-C stops an answer, /new starts afresh, Ctrl-D leaves.",
                "请用中文或英文提问。Ctrl-C 停止回答,/new 开始新对话,Ctrl-D 退出。",
            )
        )
        conversation = ""
        while (text := _typed()) is not None:
            if text == "/quit":
                break
            if text == "/new":
                conversation = ""
            elif text:
                conversation = _take_turn(assistant, asker.request(text, conversation)) or conversation
    return 0


def _take_turn(assistant: "Assistant", request: "Request") -> str:
    with stoppable() as stop:
        try:
            return _answer(assistant, request, stop, Transcript(streaming=True, views=True)).conversation
        except Exception as error:
            if not is_known(error):
                raise
            note(sentence(error))
            return ""


def _typed() -> str | None:
    try:
        return input("\n> ").strip()
    except (EOFError, KeyboardInterrupt):
        emit("")
        return None
