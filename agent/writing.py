"""What the writer's words must pass before a person sees them."""

import re
from collections.abc import Sequence

from shopwright.agent.copy_facts import Copy
from shopwright.agent.copy_finish import allowed
from shopwright.agent.copy_rules import copy_from
from shopwright.agent.grounding import Binder, ended
from shopwright.tools.base import Language, ToolResult

REPLY_TOKENS = 90
REPLY_SENTENCES = 2
SENTENCE = re.compile(r"[。！？]|[.!?](?=\s|$)")


def brief_of(result: ToolResult, asked: Sequence[str], currency: str, language: Language) -> Copy | None:
    """What copy may rest on, its text left empty; None for a result that asks for other words."""
    if not result.is_copy:
        return None
    return copy_from("", result.data, currency=currency, request="\n".join(asked), language=language)


class Written:
    """The writer's words so far: what was kept, what was left out and why.

    Of copy, `brief` holds what it may rest on; its own text does not matter.
    """

    def __init__(self, result: ToolResult, binder: Binder, brief: Copy | None = None) -> None:
        self._binder = binder
        self._brief = brief
        self._result = result
        self._kept = ""
        self._left_out = 0
        self.before = ""
        self.full = False
        self.complaint = ""
        self.numbers = binder.numbers if result.reply_figures else binder.numbers_in_names
        longest = result.max_characters
        self.max_tokens = (60 + longest) if longest else REPLY_TOKENS

    def take(self, sentence: str) -> str:
        """The sentence as it may be shown, empty if it may not."""
        self.before = self._kept
        problem = self._binder.problem(sentence)
        if not self._result.is_copy and not problem and not ended(sentence):
            problem = "broke off in the middle"
        if not problem and self._brief is not None and (wrong := allowed(self._brief, sentence)):
            problem = f"went wrong: {wrong}"
        longest = self._result.max_characters
        if not problem and longest and len((self._kept + sentence).strip()) > longest:
            self.full, problem = True, f"was longer than {longest} characters"
        if problem:
            self.complaint = self.complaint or problem
            self._left_out += bool(sentence.strip())
            return ""
        shown = sentence if self._kept else sentence.lstrip()
        self._kept += shown
        if not self._result.is_copy and len(SENTENCE.findall(self._kept)) >= REPLY_SENTENCES:
            self.full = True
        return shown

    @property
    def enough(self) -> bool:
        """Whether what was kept can stand: something, and for copy the greater part."""
        lines = len([part for part in SENTENCE.split(self._kept) if part.strip()])
        return bool(self._kept.strip()) and not (self._result.is_copy and self._left_out > lines)
