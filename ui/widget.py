"""The shopper's chat: one small Gradio page, shown in a frame on the shop's pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import gradio as gr

from shopwright.tools.base import Language
from shopwright.ui.actions import parse_action
from shopwright.ui.console import Updates, chatbot, composer, turn_updates
from shopwright.ui.desk import Desk, Shown
from shopwright.ui.language import WIDGET_EXAMPLES, say
from shopwright.ui.people import People, Person
from shopwright.ui.views import text as plain

RESUME = timedelta(hours=1)


class Widget:
    """Builds the page and answers its events for the visitor that the signed cookie names."""

    def __init__(self, language: Language, people: People, desk: Desk) -> None:
        self.language = language
        self.people = people
        self.desk = desk
        self.blocks = gr.Blocks(title=say(language, "widget_name"), fill_height=True, fill_width=True)
        with self.blocks:
            self._lay_out()
            self._wire()

    def _lay_out(self) -> None:
        with gr.Column(elem_id="sw-main", min_width=0):
            self.chat = chatbot(self.language, hello_html(self.language))
            self.box = composer(self.language, say(self.language, "widget_placeholder"))
            gr.Markdown(say(self.language, "widget_note"), elem_id="sw-disclaimer")
        self.conversation = gr.Textbox(visible="hidden", elem_id="sw-conversation", label="conversation")
        self.action = gr.Textbox(visible="hidden", elem_id="sw-action", label="action")
        self.act_button = gr.Button(visible="hidden", elem_id="sw-do-act")
        self.retry_button = gr.Button(visible="hidden", elem_id="sw-do-retry")

    def _wire(self) -> None:
        outputs = [self.chat, self.box, self.conversation]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        turn: dict[str, Any] = {**quiet, "concurrency_limit": 8, "concurrency_id": f"turn-{self.language}"}
        self.box.submit(self._ask, [self.box, self.conversation], outputs, **turn)
        self.retry_button.click(self._retry, [self.conversation], outputs, **turn)
        self.box.stop(self._stop, None, None, queue=False, **quiet)
        # "multiple": a rating and its reason are two acts, and the second must not be dropped
        act: dict[str, Any] = {**quiet, "concurrency_limit": 16, "trigger_mode": "multiple"}
        self.act_button.click(self._act, [self.action, self.conversation], outputs, **act)
        self.blocks.load(self._open_page, None, outputs, concurrency_limit=16, **quiet)
        self.blocks.unload(self._left)

    def _person(self, request: gr.Request) -> Person:
        person = self.people.shopper(request.cookies)
        if person is None:
            raise gr.Error(say(self.language, "signed_out"), print_exception=False)
        return person

    def _open_page(self, request: gr.Request) -> Updates:
        """Take up the visitor's last conversation when it is fresh, as on the next page of the shop."""
        person = self._person(request)
        recent = self.desk.conversations.list(person.role, person.actor, limit=1)
        moment = datetime.now(UTC).replace(tzinfo=None)
        opened = recent[0].id if recent and moment - recent[0].updated_at < RESUME else ""
        return {self.chat: self.desk.show(person, opened, self.language), self.conversation: opened}

    def _ask(self, words: str, conversation: str, request: gr.Request) -> Iterator[Updates]:
        person = self._person(request)
        yield from self._turn(
            self.desk.ask(person, request.session_hash or "", words, conversation, self.language), words
        )

    def _retry(self, conversation: str, request: gr.Request) -> Iterator[Updates]:
        person = self._person(request)
        yield from self._turn(
            self.desk.again(person, request.session_hash or "", conversation, self.language), ""
        )

    def _turn(self, shown: Iterator[Shown], words: str) -> Iterator[Updates]:
        for i, now in enumerate(shown):
            yield turn_updates(now, self.chat, self.box, self.conversation, words, first=i == 0)

    def _stop(self, request: gr.Request) -> None:
        self.desk.stop(self._person(request), request.session_hash or "")

    def _left(self, request: gr.Request) -> None:
        person = self.people.shopper(request.cookies)
        if person:
            self.desk.stop(person, request.session_hash or "")

    def _act(self, payload: str, conversation: str, request: gr.Request) -> Any:
        person = self._person(request)
        action = parse_action(payload)
        if action is None or action.do not in ("rate", "new"):
            raise gr.Error(say(self.language, "unknown_action"), print_exception=False)
        if action.do == "new":
            return {self.chat: [], self.conversation: ""}
        try:
            self.desk.conversations.rate(
                action.message, person.actor, action.rating, action.reason, role=person.role
            )
            if not action.reason:
                return gr.skip()
            return {self.chat: self.desk.show(person, conversation, self.language)}
        except (LookupError, ValueError):
            raise gr.Error(say(self.language, "no_conversation"), print_exception=False) from None


def hello_html(language: Language) -> str:
    """The empty chat: a greeting and suggestions."""
    examples = "".join(
        f'<button type="button" class="sw-act sw-ask"><span class="sw-words">{plain(words)}</span></button>'
        for words in WIDGET_EXAMPLES[language]
    )
    return (
        f'<div class="sw-hello"><h1>{say(language, "widget_hello")}</h1><p>{say(language, "widget_lead")}</p>'
        f'<div class="sw-examples">{examples}</div></div>'
    )
