"""Requests that are not taken: empty ones and ones that are too long."""

import re

from shopwright.agent.engines.base import ContextOverflowError, EngineError
from shopwright.tools.base import Language
from shopwright.tools.wording import say

LONGEST_REQUEST = 4000
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def cleaned(text: str) -> str:
    """The request without control characters and outer spaces."""
    return CONTROL.sub("", text).strip()


def refuse(text: str, language: Language) -> str:
    """Why a request cannot be taken; empty when it can."""
    if not text:
        return say(language, "Please type a question.", "请输入您的问题。")
    if len(text) > LONGEST_REQUEST:
        return say(
            language,
            f"Your message has {len(text):,} characters; at most {LONGEST_REQUEST:,} fit. Please shorten it.",
            f"您的消息有{len(text):,}个字符，最多{LONGEST_REQUEST:,}个。请缩短后再发。",
        )
    return ""


def too_short_for_tools(error: ContextOverflowError) -> EngineError:
    """What to say when the model's context does not even hold the tools."""
    return EngineError(
        f"The model cannot read what the tools need: {error} Raise SHOPWRIGHT_MODEL_CONTEXT, "
        "or choose a model with a longer context.",
        zh="模型一次能读取的长度不够容纳工具说明：请把SHOPWRIGHT_MODEL_CONTEXT设大，或换用上下文更长的模型。",
    )
