"""A turn as the chat shows it: from the assistant's events while it runs, from its stored answer after.

Each piece is one message of Gradio's Chatbot. A piece's HTML is a function of its data alone, so what
did not change is left untouched in the browser: opened steps stay open, drawn plots stay drawn.
Sanitising keeps classes but no data attributes: ids travel as class names (`sw-m-12`).
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from shopwright.agent.turn import Answer, Event, Evidence, Step, TextDelta, TextReset
from shopwright.knowledge.conversations import StoredMessage
from shopwright.tools.base import Language, Quotes, Role
from shopwright.ui.language import argument_name, say, tool_name
from shopwright.ui.views import text as plain
from shopwright.ui.views import view_html

Message = dict[str, Any]
_MARKDOWN_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(")


@dataclass
class TurnView:
    """One answer as it grows."""

    language: Language
    role: Role
    steps: dict[str, Step] = field(default_factory=dict)
    text: str = ""
    notice: str = ""
    wait: str = ""
    answer: Answer | None = None

    def take(self, event: Event) -> None:
        """Add an event of the assistant."""
        self.wait = ""
        if isinstance(event, Step):
            self.steps[event.id] = event
        elif isinstance(event, TextDelta):
            self.text += event.text
        elif isinstance(event, TextReset):
            self.text = ""
        else:
            self.answer, self.text = event, event.text
            self.steps = {step.id: step for step in event.steps} or self.steps

    def messages(self) -> list[Message]:
        """What to show of the answer now."""
        steps = list(self.steps.values())
        pieces = _step_pieces(steps, self.language, self.role, done=self.answer is not None)
        evidence = self.answer.evidence if self.answer else []
        if self.text.strip():
            pieces.append(answer_markdown(self.text, evidence))
        elif self.answer is None and not self.notice:
            waiting = self.wait or say(self.language, "thinking")
            pieces.append(f'<div class="sw-wait"><i></i><i></i><i></i><span>{plain(waiting)}</span></div>')
        if self.notice:
            pieces.append(f'<div class="sw-notice">{plain(self.notice)}</div>')
        if self.role == "shopper":
            pieces += [_sources(step, self.language) for step in steps if _has_sources(step)]
        return [{"role": "assistant", "content": piece} for piece in pieces]


def user_message(words: str) -> Message:
    """What the person wrote, as written."""
    return {"role": "user", "content": f'<div class="sw-said">{plain(words)}</div>'}


def stored_messages(stored: Sequence[StoredMessage], language: Language, role: Role) -> list[Message]:
    """A stored conversation."""
    shown: list[Message] = []
    for i, message in enumerate(stored):
        if message.role == "user":
            shown.append(user_message(message.text))
        else:
            shown += _stored_answer(message, language, role, last=i == len(stored) - 1)
    return shown


def _stored_answer(message: StoredMessage, language: Language, role: Role, *, last: bool) -> list[Message]:
    answer = _parsed(message)
    view = TurnView(language, role)
    view.take(answer)
    if answer.stopped:
        view.notice = say(language, "stopped")
    elif not answer.text.strip():
        view.notice = say(language, "failed", id=answer.error_id or message.id)
    foot = {"role": "assistant", "content": _foot(message, answer, language, role, last=last)}
    return [*view.messages(), foot]


def _parsed(message: StoredMessage) -> Answer:
    try:
        return Answer.model_validate(message.answer)
    except ValidationError:
        # Written by another version: the words are still worth showing.
        return Answer(text=message.text, language="en", conversation="")


def answer_markdown(words: str, evidence: Sequence[Evidence]) -> str:
    """The answer's Markdown; HTML, links and images made harmless, figures marked with their source."""
    by_claim = {item.claim: item for item in evidence if item.claim.strip()}
    if not by_claim:
        return _harmless(words)
    claims = sorted(map(re.escape, by_claim), key=len, reverse=True)
    pattern = re.compile(rf"(?<![A-Za-z0-9.,])({'|'.join(claims)})(?![A-Za-z0-9]|[.,]\d)")
    pieces, end = [], 0
    for match in pattern.finditer(words):
        source = plain(by_claim[match[1]].source)
        pieces += [_harmless(words[end : match.start()]), f'<mark title="{source}">{plain(match[1])}</mark>']
        end = match.end()
    return "".join([*pieces, _harmless(words[end:])])


def _harmless(words: str) -> str:
    # A lone > opens no tag, and begins a quotation in Markdown.
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    return _MARKDOWN_LINK.sub(r"\1\\[\2\\](", escaped)


def _step_pieces(steps: list[Step], language: Language, role: Role, *, done: bool) -> list[str]:
    if role == "shopper":
        return [piece for step in steps for piece in _shopper_step(step, language)]
    last = steps[-1].id if steps else ""
    return [step_html(step, language, opened=done and step.id == last) for step in steps]


def step_html(step: Step, language: Language, *, opened: bool = False) -> str:
    """A tool call as a line that opens to what was asked and what was found."""
    seconds = say(language, "seconds", seconds=f"{step.seconds:.1f}") if step.status != "running" else ""
    if step.status == "running":
        seconds = say(language, "step_running")
    elif step.status == "failed":
        seconds = f"{say(language, 'step_failed')} · {seconds}"
    views = "".join(view_html(view, language) for view in step.views)
    raw = ""
    if step.text:
        raw = (
            f'<details class="sw-raw"><summary>{say(language, "raw_result")}</summary>'
            f'<div class="sw-pre">{plain(step.text)}</div></details>'
        )
    open_now = " open" if opened and step.views else ""
    return (
        f'<details class="sw-step sw-{step.status}"{open_now}><summary><span class="sw-dot"></span>'
        f"<b>{plain(tool_name(language, step.tool))}</b>"
        f'<span class="sw-brief">{_brief(step.arguments, language)}</span>'
        f'<span class="sw-secs">{seconds}</span></summary>'
        f'<div class="sw-step-body">{_arguments(step.arguments, language)}{views}{_edit(step, language)}{raw}'
        "</div></details>"
    )


def _edit(step: Step, language: Language) -> str:
    """A way from a segment that was found to the page where its filter is edited and saved."""
    chosen = step.result.get("filter") if step.result else None
    if step.status != "done" or not isinstance(chosen, dict):
        return ""
    given = {key: value for key, value in chosen.items() if _given(value)}
    where = urlencode({"language": language, "filter": json.dumps(given, ensure_ascii=False)})
    return f'<a class="sw-edit" href="/console/segments?{plain(where)}">{say(language, "segment_edit")} →</a>'


def _shopper_step(step: Step, language: Language) -> list[str]:
    """Shoppers see what was found, not how: a line while it runs, then the finding."""
    name = plain(tool_name(language, step.tool))
    if step.status == "running":
        return [f'<div class="sw-wait"><i></i><i></i><i></i><span>{name}</span></div>']
    found = "".join(view_html(view, language) for view in step.views if not isinstance(view, Quotes))
    if step.result and isinstance(step.result.get("ticket_id"), int):
        made = say(language, "ticket", id=step.result["ticket_id"])
        found += f'<p class="sw-made"><b>{made}</b>{say(language, "ticket_made")}</p>'
    return [f'<div class="sw-found">{found}</div>'] if found else []


def _has_sources(step: Step) -> bool:
    return step.status == "done" and any(isinstance(view, Quotes) for view in step.views)


def _sources(step: Step, language: Language) -> str:
    views = "".join(view_html(view, language) for view in step.views if isinstance(view, Quotes))
    name = plain(tool_name(language, step.tool))
    return (
        f'<details class="sw-sources"><summary>{say(language, "sources")} · {name}</summary>{views}</details>'
    )


def _brief(arguments: dict[str, Any], language: Language) -> str:
    return plain(" · ".join(_worded(value, language) for value in arguments.values() if _given(value))[:90])


def _arguments(arguments: dict[str, Any], language: Language) -> str:
    given = {key: value for key, value in arguments.items() if _given(value)}
    if not given:
        return f'<p class="sw-args">{say(language, "no_arguments")}</p>'
    chips = "".join(
        f"<span><i>{plain(argument_name(language, key))}</i>{plain(_worded(value, language))}</span>"
        for key, value in given.items()
    )
    return f'<p class="sw-args">{chips}</p>'


def _given(value: object) -> bool:
    return value not in (None, "", [], {})


def _worded(value: object, language: Language) -> str:
    if isinstance(value, bool):
        return say(language, "yes" if value else "no")
    if isinstance(value, list):
        return ", ".join(_worded(item, language) for item in value)
    if isinstance(value, dict):
        given = {argument_name(language, key): one for key, one in value.items() if _given(one)}
        named = "; ".join(f"{name}: {_worded(one, language)}" for name, one in given.items())
        return str(value.get("label") or named)
    if isinstance(value, str):
        return value.replace("_", " ") if re.fullmatch(r"[a-z_]+", value) else value
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)


def _foot(message: StoredMessage, answer: Answer, language: Language, role: Role, *, last: bool) -> str:
    """Under an answer: its evidence, and what one can do with it."""
    buttons = [
        _button("up", say(language, "helpful"), on=message.rating == 1),
        _button("down", say(language, "not_helpful"), on=message.rating == -1),
        _button("copy", say(language, "copy")),
    ]
    if last:
        buttons.append(_button("retry", say(language, "retry")))
    asides = "".join(f'<p class="sw-aside">{plain(notice)}</p>' for notice in answer.notices)
    evidence = _evidence(answer.evidence, language) if role == "marketer" else ""
    return (
        f'<div class="sw-foot sw-m-{message.id}">{asides}{evidence}'
        f'<div class="sw-acts">{"".join(buttons)}{_meta(answer, language, role)}</div>'
        f"{_feedback(message, language)}</div>"
    )


def _meta(answer: Answer, language: Language, role: Role) -> str:
    """How long it took; a marketer who points at it reads what the model did meanwhile."""
    seconds, usage = answer.timings.total_seconds, answer.usage
    if not seconds:
        return ""
    title = ""
    if role == "marketer" and usage.prompt_tokens:
        spent = say(
            language,
            "usage",
            prompt=f"{usage.prompt_tokens:,}",
            cached=f"{usage.cached_tokens:,}",
            prefill=f"{usage.prefill_seconds:.1f}",
            written=f"{usage.completion_tokens:,}",
            decode=f"{usage.decode_seconds:.1f}",
        )
        title = f' title="{plain(spent)}"'
    return f'<span class="sw-meta"{title}>{say(language, "seconds", seconds=f"{seconds:.1f}")}</span>'


def _feedback(message: StoredMessage, language: Language) -> str:
    reason = message.reason
    if message.rating is None or not reason:
        return ""
    return f'<p class="sw-said-why">{say(language, "your_feedback")}: {plain(reason)}</p>'


def _evidence(evidence: Iterable[Evidence], language: Language) -> str:
    items = list({(item.claim, item.source): item for item in evidence}.values())
    if not items:
        return ""
    rows = "".join(
        f"<tr><td><mark>{plain(item.claim)}</mark></td><td>{plain(item.source)}"
        f"<small>{plain(tool_name(language, item.tool))}</small></td></tr>"
        for item in items
    )
    return (
        f'<details class="sw-evidence"><summary>{say(language, "evidence")}<b>{len(items)}</b></summary>'
        f"<p>{say(language, 'evidence_hint')}</p><table><tbody>{rows}</tbody></table></details>"
    )


def _button(action: str, label: str, *, on: bool = False) -> str:
    return (
        f'<button type="button" class="sw-act sw-{action}{" sw-on" if on else ""}" title="{plain(label)}">'
        f"<span>{plain(label)}</span></button>"
    )
