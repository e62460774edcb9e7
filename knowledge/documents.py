"""The shop's policy and help passages: read from `data/help`, kept in SQL, each in English and Chinese."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy.engine import Engine
from sqlmodel import select

from shopwright.knowledge.database import transaction
from shopwright.knowledge.tables import Document, IndexOutbox, now

HELP = Path(__file__).parent / "data" / "help"
_FILE = re.compile(r"(?P<slug>[a-z0-9-]+)\.(?P<language>en|zh)\.md")
_FRONT = re.compile(r"---\n(?P<front>.*?)\n---\n(?P<text>.*)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


@dataclass(frozen=True)
class HelpFile:
    """One passage in one language; `asked` are the words in which people ask for it."""

    slug: str
    language: str
    topic: str
    title: str
    text: str
    asked: tuple[str, ...]


def read_help(folder: Path = HELP) -> list[HelpFile]:
    """All passages in the folder, by slug and language.

    Raises ValueError for a file whose name or front matter is not as it should be.
    """
    return [_read(path) for path in sorted(folder.glob("*.md"))]


def load_documents(engine: Engine) -> int:
    """Bring the demo shop's passages into the database; returns how many there are.

    Passages that are new or changed are written and put into the index's outbox, all in one transaction.
    """
    files = read_help()
    with transaction(engine) as session:
        known = {(row.slug, row.language): row for row in session.exec(select(Document))}
        for file in files:
            row = known.get((file.slug, file.language))
            if row and (row.topic, row.title, row.text) == (file.topic, file.title, file.text):
                continue
            row = row or Document(slug=file.slug, language=file.language, title="", text="")
            row.topic, row.title, row.text, row.updated_at = file.topic, file.title, file.text, now()
            session.add(row)
            session.flush()
            session.add(IndexOutbox(kind="document", ref=str(row.id)))
    return len(files)


def passage_texts(document: Document) -> list[str]:
    """The texts by which a passage is found: its title, its sentences, the questions people ask."""
    sentences = [part.strip() for part in _SENTENCE.split(document.text) if part.strip()]
    asked = _asked().get((document.slug, document.language, document.text), ())
    return list(dict.fromkeys([document.title, *asked, *sentences]))


@cache
def _asked() -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Questions of the passages that ship with Shopwright; a shop's own text under the same slug has none."""
    return {(file.slug, file.language, file.text): file.asked for file in read_help()}


def _read(path: Path) -> HelpFile:
    name, content = _FILE.fullmatch(path.name), _FRONT.fullmatch(path.read_text(encoding="utf-8"))
    if name is None or content is None:
        raise ValueError(f"{path} is no help passage: name it slug.en.md or slug.zh.md, with front matter.")
    front = dict(line.split(": ", 1) for line in content["front"].splitlines())
    missing = {"title", "topic"} - set(front)
    if missing:
        raise ValueError(f"{path}: the front matter lacks {', '.join(sorted(missing))}.")
    asked = tuple(part.strip() for part in front.get("asked", "").split(";") if part.strip())
    text = content["text"].strip()
    return HelpFile(name["slug"], name["language"], front["topic"], front["title"], text, asked)
