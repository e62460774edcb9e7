"""Whether a text is of a kind that the classifier was trained on: how far its meaning lies from theirs.

The squared Mahalanobis distance to the nearest subject's mean, under one shared covariance (Lee et al., A
Simple Unified Framework for Detecting Out-of-Distribution Samples, NeurIPS 2018). What lies farther than
most training texts do counts as strange, and is judged by models that were chosen for strange texts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
DIMENSIONS = 384  # of the embedding, from its end: the model's last layer tells subjects apart best
_SHRINK = 0.1
_USUAL = 92  # percentile of training texts' distances that counts as usual
_SHARPNESS = 12.0
_FEWEST = 5  # texts a dimension; with fewer, distances say nothing and every text counts as familiar


@dataclass(frozen=True)
class Familiarity:
    """Means of the subjects (k, d), a matrix (d, d) that makes their spread round, and the usual distance."""

    means: Floats
    whiten: Floats
    usual: float

    def __call__(self, meaning: Floats) -> Floats:
        """0 (strange) to 1 (familiar) for each row of embeddings, shape (n,)."""
        if not len(self.means):
            return np.ones(len(meaning), dtype=np.float32)
        distance = _distances(meaning, self.means, self.whiten)
        excess = np.clip(_SHARPNESS * (distance / self.usual - 1), -30, 30)
        return np.asarray(1 / (1 + np.exp(excess)), dtype=np.float32)


def fit_familiarity(meaning: Floats, subjects: NDArray[Any]) -> Familiarity:
    """Fit on the embeddings of training texts and the subject of each."""
    x = meaning[:, -DIMENSIONS:]
    width = x.shape[1]
    if len(x) < _FEWEST * width:
        return Familiarity(np.zeros((0, width), np.float32), np.zeros((0, 0), np.float32), 1.0)
    names, which = np.unique(subjects, return_inverse=True)
    means = np.stack([x[which == at].mean(axis=0) for at in range(len(names))]).astype(np.float32)
    covariance = np.cov((x - means[which]).T)
    shrunk = (1 - _SHRINK) * covariance + _SHRINK * np.trace(covariance) / width * np.eye(width)
    whiten = np.linalg.inv(np.linalg.cholesky(shrunk)).T.astype(np.float32)
    return Familiarity(means, whiten, float(np.percentile(_distances(meaning, means, whiten), _USUAL)))


def _distances(meaning: Floats, means: Floats, whiten: Floats) -> Floats:
    round_, centres = meaning[:, -DIMENSIONS:] @ whiten, means @ whiten
    distances = [((round_ - centre) ** 2).sum(axis=1) for centre in centres]
    return np.asarray(np.min(distances, axis=0), dtype=np.float32)
