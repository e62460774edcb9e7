"""Which of the two languages a person writes in."""

import re

from shopwright.tools.base import Language

HAN = re.compile(r"[\u3400-\u9fff]")
LATIN_WORD = re.compile(r"[A-Za-z]{2,}")


def detect(text: str, default: Language = "en") -> Language:
    """Chinese when Han characters carry the text, English when Latin words do, else `default`.

    A Chinese sentence often holds a Latin brand name, so one Han character weighs half a word.
    """
    han, latin = len(HAN.findall(text)), len(LATIN_WORD.findall(text))
    if not han and not latin:
        return default
    return "zh" if han >= 2 * latin or (han and han >= latin) else "en"
