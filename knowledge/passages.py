"""Search over policy and help passages: a question in one language finds a passage in the other too."""

import re
from collections import defaultdict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from sqlmodel import select

from shopwright.knowledge.assortment import text_key
from shopwright.knowledge.documents import passage_texts
from shopwright.knowledge.embedding import MAX_CHARACTERS, shared_embedder
from shopwright.knowledge.tables import Document
from shopwright.knowledge.types import Passage
from shopwright.knowledge.vectors import VectorIndex, open_index
from shopwright.knowledge.words import Lexicon, has_chinese, spoken, words

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

# Chosen on questions that the passages answer and on ones that they do not (evals/cases/passages_dev.jsonl).
WORDS = 0.10
RELEVANT = 0.44
NEAR = 200
SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")
MAX_READ = 5000  # characters of a question that are looked at at all


@dataclass(frozen=True)
class _State:
    stamp: int
    documents: list[Document]
    slugs: dict[str, set[str]]  # by the key of each text
    lexicon: Lexicon


CERTAIN = 0.75  # a score from which a passage surely has to do with a question


class DocumentSearch:
    """Help passages by question."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._loading = Lock()
        self._state: _State | None = None

    def search(self, query: str, k: int = 3, language: str | None = None) -> list[Passage]:
        """The k passages that answer the question best, best first; none when none has to do with it.

        Each passage comes once, in `language` ('en' or 'zh') where it exists in it; None: the question's.
        """
        question = spoken(query[:MAX_READ])[:MAX_CHARACTERS]
        if not question or k < 1:
            return []
        state = self._loaded()
        preferred = language or ("zh" if has_chinese(question) else "en")
        scores: defaultdict[str, float] = defaultdict(float)
        vector = shared_embedder().embed([question])[0]
        for key, similarity in self._index.nearest("passages", vector, NEAR).items():
            for slug in state.slugs.get(key, ()):
                scores[slug] = max(scores[slug], similarity)
        shared: defaultdict[str, float] = defaultdict(float)
        for document, part in zip(state.documents, state.lexicon.cover(question), strict=True):
            shared[document.slug] = max(shared[document.slug], float(part))
        total = {slug: scores[slug] + WORDS * shared[slug] for slug in shared}
        ranked = sorted(total, key=lambda slug: (-total[slug], slug))
        best = [slug for slug in ranked if total[slug] >= RELEVANT][:k]
        return [_passage(self._version(state, slug, preferred), total[slug]) for slug in best]

    def certain(self, text: str, language: str | None = None) -> bool:
        """Whether a passage surely has to do with the text, so that nobody should answer it from memory."""
        if not self._loaded().documents:
            return False
        found = self.search(text, 1, language)
        return bool(found) and found[0].score >= CERTAIN

    def key_sentence(self, passage: Passage, question: str) -> str:
        """The passage's sentence that is nearest to the question, as it stands."""
        parts = [part for part in SENTENCE_END.split(passage.text) if part.strip()]
        asked = spoken(question[:MAX_READ])[:MAX_CHARACTERS]
        if len(parts) < 2 or not asked:
            return passage.text
        vectors = shared_embedder().embed([asked, *parts])
        return parts[int((vectors[1:] @ vectors[0]).argmax())].strip()

    def get(self, slug: str, language: str) -> Passage | None:
        """The passage under this slug, in the language where it exists in it; None for an unknown slug."""
        state = self._loaded()
        if not any(document.slug == slug for document in state.documents):
            return None
        return _passage(self._version(state, slug, language), 0.0)

    def labelled_texts(self) -> list[tuple[str, str]]:
        """Slug and text of every passage: what a baseline may index."""
        return [(document.slug, " ".join(passage_texts(document))) for document in self._loaded().documents]

    @property
    def _index(self) -> VectorIndex:
        return open_index(self._shop.settings.index_dir)

    def _loaded(self) -> _State:
        stamp = self._index.stamp()
        with self._loading:
            if self._state is None or self._state.stamp != stamp:
                self._state = self._load(stamp)
            return self._state

    def _load(self, stamp: int) -> _State:
        with self._shop.session() as session:
            documents = list(session.exec(select(Document).order_by(Document.slug, Document.language)))
        slugs: defaultdict[str, set[str]] = defaultdict(set)
        for document in documents:
            for text in passage_texts(document):
                slugs[text_key(text)].add(document.slug)
        lexicon = Lexicon([words(" . ".join([*passage_texts(document)])) for document in documents])
        return _State(stamp, documents, dict(slugs), lexicon)

    @staticmethod
    def _version(state: _State, slug: str, language: str) -> Document:
        versions = [document for document in state.documents if document.slug == slug]
        return next((document for document in versions if document.language == language), versions[0])


def _passage(document: Document, score: float) -> Passage:
    assert document.id is not None  # noqa: S101 - a row read from the database has its id
    return Passage(
        document_id=document.id,
        slug=document.slug,
        language=document.language,
        topic=document.topic,
        title=document.title,
        text=document.text,
        score=round(score, 4),
    )
