"""Which tools a request may be meant for, judged by example requests of each tool.

Where a small language model errs, the tool that it takes is often one that nobody would think of. A
classifier over sentence vectors errs more often, but elsewhere. So the model chooses among the tools that the
classifier holds for possible.

The examples stand in tool_requests.csv. They are embedded with multilingual-e5-small and the classifier,
a multinomial logistic regression, is fitted when first needed; both are kept in the cache folder.
"""

import csv
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from shopwright.agent.history import Turn
from shopwright.agent.plain_text import without_quoted_orders
from shopwright.agent.routing import REPLY, tools_due
from shopwright.knowledge.embedding_e5 import E5Embedder, centred, shared_e5
from shopwright.knowledge.embedding_e5_file import WeightsError
from shopwright.knowledge.fetch import Progress, embedding_file
from shopwright.knowledge.passage_meaning import pieces
from shopwright.knowledge.saved import SavedModelError, load, saving
from shopwright.knowledge.settings import Settings
from shopwright.tools.base import Role

FITTED = "classifiers.npz"
EXAMPLES = Path(__file__).parent / "tool_requests.csv"
POSSIBLE = 0.1  # how likely a tool is, beside the likeliest of those asked about, to be chosen among
AT_ONCE = 200  # examples embedded between two words of progress
PENALTY = 3.0  # the inverse of the weights' penalty; from 1 to 20 cross-validation hardly differs
WITHOUT = "Tools are chosen without multilingual-e5-small: %s"
Floats = NDArray[np.float32]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Classifier:
    tools: list[str]
    weights: Floats  # shape [tools, dimensions]
    bias: Floats  # shape [tools]

    def likelihoods(self, vectors: Floats) -> dict[str, float]:
        """By tool its probability, the mean over the vectors; shape [sentences, dimensions]."""
        scores = vectors @ self.weights.T + self.bias
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        means = (odds / odds.sum(axis=1, keepdims=True)).mean(axis=0)
        return dict(zip(self.tools, means.tolist(), strict=True))


class LikelyTools:
    """The classifier of each role. Without multilingual-e5-small every tool is possible."""

    def __init__(self, settings: Settings) -> None:
        self._weights = embedding_file(settings)
        self._path = settings.cache_dir / "tool-requests"
        self._making = Lock()
        self._made: tuple[Floats, dict[str, _Classifier]] | None = None
        self._given_up = False

    def prepare(self, progress: Progress | None = None) -> None:
        """Load the classifiers, or fit them: some seconds, once. `progress` hears of step, done and total."""
        with self._making:
            if self._made is not None or self._given_up:
                return
            if not self._weights.is_file():
                self._given_up = True
                return
            try:
                self._made = self._read() or self._fitted(progress)
            except WeightsError as error:
                self._given_up = True
                log.warning(WITHOUT, error)

    def due(
        self,
        role: Role,
        text: str,
        tools: Sequence[str],
        history: Sequence[Turn],
        passage: Callable[[], bool],
    ) -> list[str]:
        """The tools of which one must be called, "reply" among them: or none; empty: any of them, or none.

        Of what `tools_due` leaves it is what may be meant; after a turn, its tool again and a reply as well.
        """
        text = without_quoted_orders(text).strip() or text
        due = tools_due(role, text, tools, passage)
        if len(due) == 1:
            return due
        every = [*tools, REPLY]
        before = next((turn.tool for turn in reversed(history) if turn.tool), "")
        found = self.among(role, text, due or every, (before, REPLY) if before else ())
        return [] if set(found) == set(every) else found

    def among(self, role: Role, text: str, tools: Sequence[str], keep: Sequence[str] = ()) -> list[str]:
        """Those of `tools`, perhaps "reply" among them, that the text may be meant for; all if nobody knows.

        Tools without examples, and those to `keep`, stay.
        """
        self.prepare()
        if self._made is None or not text.strip() or not tools:
            return list(tools)
        centre, classifiers = self._made
        try:
            vectors = centred(shared_e5(self._weights).embed(pieces(text)), centre)
        except WeightsError as error:  # damaged since the classifiers were fitted
            self._made, self._given_up = None, True
            log.warning(WITHOUT, error)
            return list(tools)
        likely = classifiers[role].likelihoods(vectors)
        bar = POSSIBLE * max(likely.get(name, 0.0) for name in tools)
        return [name for name in tools if name in keep or likely.get(name, 1.0) >= bar] or list(tools)

    def _fitted(self, progress: Progress | None) -> tuple[Floats, dict[str, _Classifier]]:
        from sklearn.linear_model import LogisticRegression

        rows = examples()
        parts = []
        for start in range(0, len(rows), AT_ONCE):
            parts.append(
                shared_e5(self._weights).embed([row["text"] for row in rows[start : start + AT_ONCE]])
            )
            if progress is not None:
                progress("Reading example requests", min(start + AT_ONCE, len(rows)), len(rows))
        vectors = np.concatenate(parts)
        centre = vectors.mean(axis=0)
        vectors = centred(vectors, centre)
        found = {}
        for role in sorted({row["role"] for row in rows}):
            mine = [at for at, row in enumerate(rows) if row["role"] == role]
            model = LogisticRegression(C=PENALTY, max_iter=2000)
            model.fit(vectors[mine], [rows[at]["tool"] for at in mine])
            found[role] = _Classifier(
                [str(tool) for tool in model.classes_],
                model.coef_.astype(np.float32),
                model.intercept_.astype(np.float32),
            )
        self._keep(centre, found)
        return centre, found

    def _keep(self, centre: Floats, found: Mapping[str, _Classifier]) -> None:
        arrays: dict[str, NDArray[np.generic]] = {"centre": centre}
        for role, one in found.items():
            arrays |= {f"{role}.tools": np.array(one.tools), f"{role}.weights": one.weights}
            arrays[f"{role}.bias"] = one.bias
        try:
            with saving(self._path, fingerprint=_stamp(), config={}, libraries=("scikit-learn",)) as draft:
                np.savez(draft.path(FITTED), allow_pickle=False, **arrays)
        except OSError as error:
            log.warning("The classifier of requests could not be kept: %s", error)

    def _read(self) -> tuple[Floats, dict[str, _Classifier]] | None:
        """What was kept; None where there is nothing sound, or it belongs to other examples."""
        try:
            saved = load(self._path)
        except SavedModelError:
            return None
        if saved.manifest.fingerprint != _stamp():
            return None
        with np.load(saved.path(FITTED), allow_pickle=False) as kept:
            roles = [name.removesuffix(".bias") for name in kept if name.endswith(".bias")]
            return kept["centre"], {
                role: _Classifier(
                    [str(tool) for tool in kept[f"{role}.tools"]],
                    kept[f"{role}.weights"],
                    kept[f"{role}.bias"],
                )
                for role in roles
            }


def examples() -> list[dict[str, str]]:
    """The example requests: role, tool ("reply" for none), language and text."""
    with EXAMPLES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _stamp() -> str:
    """Changes with whatever the classifier was made from."""
    digest = hashlib.blake2b(EXAMPLES.read_bytes(), digest_size=16)
    digest.update(f"{PENALTY} {E5Embedder.name}".encode())
    return digest.hexdigest()
