"""The marketer's console: one Gradio page in one interface language."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from shopwright.knowledge.conversations import Conversations
from shopwright.tools.base import Language
from shopwright.ui.actions import Action, parse_action
from shopwright.ui.desk import Desk, Shown
from shopwright.ui.language import CONSOLE_EXAMPLES, say
from shopwright.ui.people import People, Person
from shopwright.ui.sidebar import sidebar_html, tickets_html
from shopwright.ui.views import text as plain

Updates = dict[Any, Any]


class Console:
    """Builds the page and answers its events. Every event asks the session anew who is there."""

    def __init__(self, language: Language, people: People, desk: Desk) -> None:
        self.language = language
        self.people = people
        self.desk = desk
        self.blocks = gr.Blocks(title=say(language, "console_title"), fill_height=True, fill_width=True)
        with self.blocks:
            self._lay_out()
            self._wire()

    @property
    def store(self) -> Conversations:
        """The stored conversations."""
        return self.desk.conversations

    def _lay_out(self) -> None:
        language = self.language
        with gr.Row(elem_id="sw-shell"):
            with gr.Column(elem_id="sw-side", min_width=0, scale=0):
                self.sidebar = gr.Markdown(elem_id="sw-sidebar", sanitize_html=True)
            with gr.Column(elem_id="sw-main", min_width=0):
                with gr.Column(elem_id="sw-chat-view", min_width=0) as self.chat_view:
                    self.chat = chatbot(language, hello_html(language))
                    self.box = composer(language, say(language, "ask_placeholder"))
                    gr.Markdown(say(language, "disclaimer"), elem_id="sw-disclaimer")
                with gr.Column(elem_id="sw-tickets-view", min_width=0, visible=False) as self.ticket_view:
                    self.tickets = gr.Markdown(elem_id="sw-tickets", sanitize_html=True)
        self.conversation = gr.Textbox(visible="hidden", elem_id="sw-conversation", label="conversation")
        self.action = gr.Textbox(visible="hidden", elem_id="sw-action", label="action")
        self.act_button = gr.Button(visible="hidden", elem_id="sw-do-act")
        self.retry_button = gr.Button(visible="hidden", elem_id="sw-do-retry")

    def _wire(self) -> None:
        outputs = [self.chat, self.box, self.sidebar, self.conversation]
        everything = [*outputs, self.chat_view, self.ticket_view, self.tickets]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        turn: dict[str, Any] = {**quiet, "concurrency_limit": 8, "concurrency_id": f"turn-{self.language}"}
        self.box.submit(self._ask, [self.box, self.conversation], outputs, **turn)
        self.retry_button.click(self._retry, [self.conversation], outputs, **turn)
        self.box.stop(self._stop, None, None, queue=False, **quiet)
        # "multiple": a rating and its reason are two acts, and the second must not be dropped
        act: dict[str, Any] = {**quiet, "concurrency_limit": 16, "trigger_mode": "multiple"}
        self.act_button.click(self._act, [self.action, self.conversation], everything, **act)
        self.blocks.load(self._open_page, None, everything, concurrency_limit=16, **quiet)
        self.blocks.unload(self._left)

    def _person(self, request: gr.Request) -> Person:
        person = self.people.marketer(request.cookies)
        if person is None:
            raise gr.Error(say(self.language, "signed_out"), print_exception=False)
        return person

    def _open_page(self, request: gr.Request) -> Updates:
        person = self._person(request)
        wanted = request.query_params.get("c", "")
        opened = wanted if self.store.owned(wanted, person.role, person.actor) else ""
        return self._shown(person, opened)

    def _ask(self, words: str, conversation: str, request: gr.Request) -> Iterator[Updates]:
        person = self._person(request)
        page = request.session_hash or ""
        yield from self._turn(person, self.desk.ask(person, page, words, conversation, self.language), words)

    def _retry(self, conversation: str, request: gr.Request) -> Iterator[Updates]:
        person = self._person(request)
        page = request.session_hash or ""
        yield from self._turn(person, self.desk.again(person, page, conversation, self.language), "")

    def _turn(self, person: Person, shown: Iterator[Shown], words: str) -> Iterator[Updates]:
        for i, now in enumerate(shown):
            updates = turn_updates(now, self.chat, self.box, self.conversation, words, first=i == 0)
            if i == 0 or now.over:
                updates[self.sidebar] = self._sidebar(person, now.conversation)
            yield updates

    def _stop(self, request: gr.Request) -> None:
        self.desk.stop(self._person(request), request.session_hash or "")

    def _left(self, request: gr.Request) -> None:
        person = self.people.marketer(request.cookies)
        if person:
            self.desk.stop(person, request.session_hash or "")

    def _act(self, payload: str, conversation: str, request: gr.Request) -> Any:
        person = self._person(request)
        action = parse_action(payload)
        if action is None:
            raise gr.Error(say(self.language, "unknown_action"), print_exception=False)
        try:
            return self._do(person, action, conversation)
        except LookupError:
            missing = "unknown_ticket" if action.do == "close_ticket" else "no_conversation"
            raise gr.Error(say(self.language, missing), print_exception=False) from None
        except ValueError:
            raise gr.Error(say(self.language, "title_needed"), print_exception=False) from None

    def _do(self, person: Person, action: Action, conversation: str) -> Any:
        mine: dict[str, Any] = {"role": person.role, "actor": person.actor}
        if action.do == "rate":
            self.store.rate(action.message, person.actor, action.rating, action.reason, role=person.role)
            if not action.reason:
                return gr.skip()
            return {self.chat: self.desk.show(person, conversation, self.language)}
        if action.do in ("tickets", "close_ticket"):
            if action.do == "close_ticket":
                self.store.close_ticket(action.ticket, person.actor)
            return self._ticket_page(person, conversation)
        if action.do == "rename":
            self.store.rename(action.conversation, action.title, **mine)
            return {self.sidebar: self._sidebar(person, conversation)}
        if action.do == "delete":
            self.store.delete(action.conversation, **mine)
            if action.conversation != conversation:
                return {self.sidebar: self._sidebar(person, conversation)}
        return self._shown(person, action.conversation if action.do == "open" else "")

    def _shown(self, person: Person, conversation: str) -> Updates:
        messages = self.desk.show(person, conversation, self.language)
        return {
            self.chat: messages,
            self.conversation: conversation,
            self.sidebar: self._sidebar(person, conversation),
            self.chat_view: gr.update(visible=True),
            self.ticket_view: gr.update(visible=False),
        }

    def _ticket_page(self, person: Person, conversation: str) -> Updates:
        return {
            self.tickets: tickets_html(self.store.tickets("open"), self.language),
            self.sidebar: self._sidebar(person, conversation, view="tickets"),
            self.chat_view: gr.update(visible=False),
            self.ticket_view: gr.update(visible=True),
        }

    def _sidebar(self, person: Person, opened: str, view: str = "chat") -> str:
        conversations = self.store.list(person.role, person.actor)
        return sidebar_html(conversations, len(self.store.tickets("open")), opened, view, self.language)


def chatbot(language: Language, placeholder: str) -> gr.Chatbot:
    """The chat both sides use: Markdown, sanitised, nothing of Gradio's own buttons."""
    return gr.Chatbot(
        elem_id="sw-chat",
        show_label=False,
        container=False,
        height="100%",
        buttons=[],
        layout="bubble",
        feedback_options=None,
        sanitize_html=True,
        allow_tags=False,
        latex_delimiters=[],
        placeholder=placeholder,
        autoscroll=True,
        label=say(language, "assistant"),
    )


def composer(language: Language, placeholder: str) -> gr.Textbox:
    """Where one writes; the button sends, or stops while an answer is being written."""
    return gr.Textbox(
        elem_id="sw-box",
        show_label=False,
        label=say(language, "send"),
        container=False,
        placeholder=placeholder,
        lines=1,
        max_lines=7,
        autofocus=True,
        submit_btn=True,
        stop_btn=False,
    )


def turn_updates(
    now: Shown, chat: gr.Chatbot, box: gr.Textbox, conversation: gr.Textbox, words: str, *, first: bool
) -> Updates:
    """What a moment of a turn changes on the page.

    The box is emptied once, at the start: who types the next question meanwhile keeps it. Words that
    were refused stay in it.
    """
    if now.notice:
        gr.Warning(plain(now.notice), duration=8, title="")
        return {box: gr.update(value=words, submit_btn=True, stop_btn=False)}
    updates: Updates = {chat: now.messages, conversation: now.conversation}
    if first:
        updates[box] = gr.update(value="", submit_btn=False, stop_btn=True)
    elif now.over:
        updates[box] = gr.update(submit_btn=True, stop_btn=False)
    return updates


def hello_html(language: Language) -> str:
    """The empty chat: a greeting and questions to begin with."""
    examples = "".join(
        f'<button type="button" class="sw-act sw-ask"><small>{plain(kind)}</small>'
        f'<span class="sw-words">{plain(words)}</span></button>'
        for kind, words in CONSOLE_EXAMPLES[language]
    )
    return (
        f'<div class="sw-hello"><h1>{say(language, "console_hello")}</h1>'
        f"<p>{say(language, 'console_lead')}</p>"
        f'<div class="sw-examples">{examples}</div></div>'
    )
