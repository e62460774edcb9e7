"""Gradio's page, dressed: our header before it, our scripts in it, a nonce on each script."""

import json
import re

from shopwright.tools.base import Language, Role
from shopwright.ui.language import HTML_LANGUAGE, say
from shopwright.ui.pages import render
from shopwright.ui.people import Person

_SCRIPT_TEXTS = (
    "helpful", "not_helpful", "why", "why_hint", "save", "cancel", "copied", "delete_sure", "warming",
    "ready", "engine_failed", "send", "stop", "reasons_up", "reasons_down",
)  # fmt: skip


def dress(html: str, role: Role, language: Language, person: Person, nonce: str, version: str) -> str:
    """Put our head and header into Gradio's page, and let only scripts with `nonce` run inline."""
    side = "console" if role == "marketer" else "widget"
    title = say(language, "console_title" if role == "marketer" else "widget_name")
    texts = json.dumps({key: say(language, key) for key in _SCRIPT_TEXTS}, ensure_ascii=False)
    texts = texts.replace("<", "\\u003c")
    head = render("head.html", language, side=side, title=title, version=version)
    head += f'<script type="application/json" id="sw-texts">{texts}</script>'
    body = render(f"{side}_header.html", language, person=person)
    html = re.sub(r"<meta\s+(?:property|name)=\"(?:og|twitter):.*?/>\s*", "", html, flags=re.DOTALL)
    html = html.replace('lang="en"', f'lang="{HTML_LANGUAGE[language]}" class="sw-{side}"', 1)
    html = html.replace("<head>", "<head>" + head, 1)
    html = html.replace("<gradio-app", body + "<gradio-app", 1)
    return re.sub(r"<script(?=[\s>])", f'<script nonce="{nonce}"', html)
