"""The console's side bar and its list of tickets, as HTML."""

from collections.abc import Sequence
from datetime import UTC, datetime

from shopwright.knowledge.conversations import ConversationInfo, TicketInfo
from shopwright.tools.base import Language
from shopwright.ui.language import say
from shopwright.ui.views import text as plain


def sidebar_html(
    conversations: Sequence[ConversationInfo], tickets: int, opened: str, view: str, language: Language
) -> str:
    """New chat, tickets, and one's conversations. `view` is chat or tickets; `opened` is marked."""
    badge = f"<em>{tickets}</em>" if tickets else ""
    chosen = " sw-on" if view == "tickets" else ""
    top = (
        f'<button type="button" class="sw-act sw-new">{say(language, "new_chat")}</button>'
        f'<button type="button" class="sw-act sw-segments">{say(language, "segments")}</button>'
        f'<button type="button" class="sw-act sw-tickets{chosen}">{say(language, "tickets")}{badge}</button>'
    )
    today = datetime.now(UTC).astimezone().date()
    groups: dict[str, list[str]] = {}
    for info in conversations:
        day = local(info.updated_at).date()
        group = say(language, "today" if day == today else "earlier")
        marked = info.id == opened and view == "chat"
        groups.setdefault(group, []).append(_line(info, language, marked=marked))
    listed = "".join(f"<h3>{name}</h3><ul>{''.join(lines)}</ul>" for name, lines in groups.items())
    listed = listed or f'<p class="sw-none">{say(language, "no_conversations")}</p>'
    is_id = opened if opened.isalnum() else ""
    return f'<nav class="sw-nav sw-open-{is_id}"><div class="sw-nav-top">{top}</div>{listed}</nav>'


def tickets_html(tickets: Sequence[TicketInfo], language: Language) -> str:
    """Open tickets, each opening to its transcript."""
    body = "".join(_ticket(ticket, language) for ticket in tickets)
    body = body or f'<p class="sw-none">{say(language, "no_tickets")}</p>'
    return (
        f'<section class="sw-ticket-list"><h2>{say(language, "tickets")}</h2>'
        f"<p>{say(language, 'tickets_lead')}</p>{body}</section>"
    )


def local(moment: datetime) -> datetime:
    """A stored moment (naive, UTC) in the server's time zone."""
    return moment.replace(tzinfo=UTC).astimezone()


def _line(info: ConversationInfo, language: Language, *, marked: bool) -> str:
    title = plain(info.title or say(language, "untitled"))
    tools = "".join(
        f'<button type="button" class="sw-act sw-{action}" title="{say(language, action)}">'
        f"<span>{say(language, action)}</span></button>"
        for action in ("rename", "delete")
    )
    return (
        f'<li class="sw-c-{info.id}{" sw-on" if marked else ""}">'
        f'<button type="button" class="sw-act sw-open" title="{title}">{title}</button>{tools}</li>'
    )


def _ticket(ticket: TicketInfo, language: Language) -> str:
    since = say(language, "waiting_since", time=f"{local(ticket.created_at):%Y-%m-%d %H:%M}")
    who = say(language, "visitor")
    if ticket.customer_id is not None:
        who = say(language, "customer", id=ticket.customer_id)
    lines = "".join(_said(message, language) for message in ticket.transcript)
    return (
        f'<details class="sw-ticket sw-t-{ticket.id}"><summary><b>{say(language, "ticket", id=ticket.id)}</b>'
        f"<span>{plain(ticket.reason)}</span><small>{who} · {since}</small></summary>"
        f'<h4>{say(language, "transcript")}</h4><ol class="sw-transcript">{lines}</ol>'
        f'<button type="button" class="sw-act sw-close-ticket">{say(language, "close_ticket")}</button>'
        "</details>"
    )


def _said(message: dict[str, object], language: Language) -> str:
    mine = message.get("role") == "user"
    words = message.get("text") or message.get("content") or ""
    who = say(language, "shopper" if mine else "assistant")
    return f'<li class="{"sw-them" if mine else "sw-us"}"><small>{who}</small>{plain(words)}</li>'
