"""Search over policy and help passages: a question in one language finds a passage in the other too."""

import logging
import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING

from sqlmodel import select

from shopwright.knowledge.assortment import text_key
from shopwright.knowledge.documents import passage_texts
from shopwright.knowledge.embedding import MAX_CHARACTERS, shared_embedder
from shopwright.knowledge.embedding_e5_file import WeightsError
from shopwright.knowledge.passage_meaning import FEW, Meaning, MeaningCache
from shopwright.knowledge.tables import Document
from shopwright.knowledge.types import Passage
from shopwright.knowledge.vectors import VectorIndex, open_index
from shopwright.knowledge.words import Lexicon, has_chinese, spoken, words

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

# Chosen on questions that the passages answer and on ones that they do not (evals/cases/passages_dev.jsonl).
RELEVANT = -0.08  # 19 in 20 of the former are above, 6 in 7 of the latter below
CERTAIN = 0.05  # half of the former are above, of the latter none
NEARNESS = 0.10  # what search's own similarity adds to the order, and
WORDS = 0.15  # the share of the question's words
SCALE = 0.06  # from 0.5 at RELEVANT to about 0.9 at CERTAIN
BESIDE = 0.4  # how much a second wording that is nearer counts
# The same without multilingual-e5-small: similarity, and a share of the question's words.
PLAIN_WORDS = 0.10
PLAIN_RELEVANT = 0.44
PLAIN_CERTAIN = 0.75
PLAIN_SCALE = 0.08
NEAR = 200
KEY_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")
MAX_READ = 5000  # characters of a question that are looked at at all

WITHOUT = "Help passages are searched without multilingual-e5-small: %s"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _State:
    stamp: int
    documents: list[Document]
    slugs: dict[str, set[str]]  # by the key of each text
    lexicon: Lexicon
    meaning: Meaning | None  # None without multilingual-e5-small, or while its vectors are being made


class DocumentSearch:
    """Help passages by question, in the same or the other language.

    Read with multilingual-e5-small where its file is there, else with search's embedding and by words.
    """

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._loading = Lock()
        self._state: _State | None = None
        self._meanings = MeaningCache(shop.settings)

    def search(
        self, query: str, k: int = 3, language: str | None = None, *, beside: str = ""
    ) -> list[Passage]:
        """The k passages that answer the question best, best first; none when none has to do with it.

        Each passage comes once, in `language` ('en' or 'zh') where it exists in it; None: the question's.
        Its score is 0.5..1. `beside` is a second wording of the question; it only brings passages nearer.
        """
        question = spoken_lines(query[:MAX_READ])
        if not question or k < 1:
            return []
        state = self._loaded()
        preferred = language or ("zh" if has_chinese(question) else "en")
        sure = self._sureness(state, question)
        second = spoken_lines(beside[:MAX_READ])
        if second and second != question:
            nearer = self._sureness(state, second)
            sure = {slug: one + BESIDE * max(0.0, nearer[slug] - one) for slug, one in sure.items()}
        ranked = sorted(sure, key=lambda slug: (-sure[slug], slug))
        best = [slug for slug in ranked if sure[slug] >= 0][:k]
        return [_passage(self._version(state, slug, preferred), _share(sure[slug])) for slug in best]

    def certain(self, text: str, language: str | None = None) -> bool:
        """Whether a passage surely has to do with the text: not one in twenty of these is mistaken.

        It says nothing about the language, which may be given as to `search`.
        """
        question = spoken_lines(text[:MAX_READ])
        if not question:
            return False
        state = self._loaded()
        plain = state.meaning is None
        bar = (PLAIN_CERTAIN - PLAIN_RELEVANT) / PLAIN_SCALE if plain else (CERTAIN - RELEVANT) / SCALE
        return max(self._sureness(state, question).values(), default=-math.inf) >= bar

    def key_sentence(self, passage: Passage, question: str) -> str:
        """The passage's sentence that is nearest to the question, as it stands."""
        parts = [part.strip() for part in KEY_END.split(passage.text) if part.strip()]
        asked = spoken_lines(question[:MAX_READ])
        if len(parts) < 2 or not asked:
            return passage.text
        vectors = shared_embedder().embed([asked[:MAX_CHARACTERS], *parts])
        near = vectors[1:] @ vectors[0]
        meaning = self._loaded().meaning
        if meaning is not None:
            near = near + meaning.nearness(asked, parts)
        return parts[int(near.argmax())]

    def prepare(self) -> None:
        """Begin to get everything into memory that the first question needs; what is missing is embedded."""
        self._shop.meanwhile.begin("search of help passages", self._prepare)

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

    def _sureness(self, state: _State, question: str) -> Mapping[str, float]:
        """By slug how sure it is that the passage is meant: below 0 it is not; in steps of the scale."""
        asked = question[:MAX_CHARACTERS]
        near, shared = self._near(state, asked), _shared(state, asked)
        if state.meaning is None:
            total = {slug: near[slug] + PLAIN_WORDS * shared[slug] for slug in shared}
            return {slug: (score - PLAIN_RELEVANT) / PLAIN_SCALE for slug, score in total.items()}
        meant = dict(zip(state.meaning.slugs, state.meaning.scores(question).tolist(), strict=True))
        total = {slug: meant[slug] + NEARNESS * near[slug] + WORDS * shared[slug] for slug in meant}
        # The order is by all three; whether anything is meant at all shows best by meaning alone.
        shift = max(total.values()) - max(meant.values()) + RELEVANT
        return {slug: (score - shift) / SCALE for slug, score in total.items()}

    def _near(self, state: _State, asked: str) -> Mapping[str, float]:
        """By slug the similarity of the passage's nearest text, by search's embedding."""
        near: defaultdict[str, float] = defaultdict(float)
        vector = shared_embedder().embed([asked])[0]
        for key, similarity in self._index.nearest("passages", vector, NEAR).items():
            for slug in state.slugs.get(key, ()):
                near[slug] = max(near[slug], similarity)
        return near

    def _loaded(self) -> _State:
        stamp = self._index.stamp()
        with self._loading:
            if self._state is None or self._state.stamp != stamp:
                self._state = self._load(stamp)
            return self._state

    def _load(self, stamp: int) -> _State:
        documents = self._documents()
        slugs: defaultdict[str, set[str]] = defaultdict(set)
        for document in documents:
            for text in passage_texts(document):
                slugs[text_key(text)].add(document.slug)
        lexicon = Lexicon([words(" . ".join([*passage_texts(document)])) for document in documents])
        return _State(stamp, documents, dict(slugs), lexicon, self._meaning(stamp, documents))

    def _meaning(self, stamp: int, documents: list[Document]) -> Meaning | None:
        """The passages' meaning; None when it cannot be had, or takes long: then it is made meanwhile."""
        if not documents or not self._meanings.possible:
            return None
        try:
            if self._meanings.missing(documents) <= FEW:
                return self._meanings.make(documents)
        except WeightsError as error:
            log.warning(WITHOUT, error)
            return None
        self._shop.meanwhile.begin(
            "reading help passages by meaning", lambda over: self._add_meaning(stamp, documents, over)
        )
        return None

    def _prepare(self, over: Event) -> None:
        self._meanings.keep(self._documents(), over)
        if not over.is_set():
            self.search("returns", 1)

    def _add_meaning(self, stamp: int, documents: list[Document], over: Event) -> None:
        self._meanings.keep(documents, over)
        if over.is_set():
            return
        meaning = self._meanings.make(documents)
        with self._loading:
            if self._state is not None and self._state.stamp == stamp:
                self._state = replace(self._state, meaning=meaning)

    def _documents(self) -> list[Document]:
        with self._shop.session() as session:
            return list(session.exec(select(Document).order_by(Document.slug, Document.language)))

    @staticmethod
    def _version(state: _State, slug: str, language: str) -> Document:
        versions = [document for document in state.documents if document.slug == slug]
        return next((document for document in versions if document.language == language), versions[0])


def _shared(state: _State, asked: str) -> Mapping[str, float]:
    """By slug the share of the question's words that the passage holds, in the better language."""
    shared: defaultdict[str, float] = defaultdict(float)
    for document, part in zip(state.documents, state.lexicon.cover(asked), strict=True):
        shared[document.slug] = max(shared[document.slug], float(part))
    return shared


def spoken_lines(text: str) -> str:
    """The text as `spoken` leaves it, its lines apart."""
    lines = (spoken(line) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _share(sureness: float) -> float:
    """A sureness as a number of 0.5 and more, below 1."""
    return 1 / (1 + math.exp(-sureness))


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
