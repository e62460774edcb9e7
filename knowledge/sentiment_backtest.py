"""How well the sentiment classifier does on texts it has not seen, beside plain TF-IDF on the same splits.

Known trades: Chinese in runs of 50 neighbouring lines (single lines would leak: each stands about twice,
and parts of one review stand side by side), English by review; five folds. Unseen trades: one Chinese
subject, or one English product, left out whole, with our own examples of its trade. English is judged on
clear sentences (rated at least 0.5 either way); all sentences stand beside. Blends, calibration and the
cascade's threshold are learned inside each training part. The few fixed settings (penalties, how much English
and our own examples count) were chosen on these collections, unseen trades included, while their figures
were in sight: expect a little less on other data.

The Chinese collection gives every line of a review the review's label, and calls reviews bad that praise:
`checked` is accuracy on 211 lines that we read and labelled ourselves without seeing the label
(sentiment_checked.csv, references only; 29 more say both or neither). Settings were compared on them, too.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shopwright.knowledge.fetch import Progress
from shopwright.knowledge.review_aspect_backtest import AspectCheck
from shopwright.knowledge.review_data import PRODUCTS
from shopwright.knowledge.sentiment import collections
from shopwright.knowledge.sentiment_corpus import Corpus, Rows, read_corpus
from shopwright.knowledge.sentiment_embedding import best_embedding, cached
from shopwright.knowledge.sentiment_heads import LANGUAGES, Features, Heads, probability

if TYPE_CHECKING:
    from shopwright.knowledge.shop import Shop

CHECKED = Path(__file__).parent / "sentiment_checked.csv"
_FOLDS = 5
_CLEAR = 0.5
_BINS = 10
_WAYS = ("default", "uncut", "fast", "tfidf")
_SUBJECTS = {"zh": ("hotel", "laptop", "book"), "en": tuple(name for _, name in PRODUCTS)}


def backtest(shop: "Shop", progress: Progress) -> dict[str, Any]:
    """Accuracy and calibration by language, on known and on unseen trades; some minutes of work.

    Returns `zh_accuracy`, `en_accuracy`, `zh_unseen_domain_accuracy`, `en_unseen_domain_accuracy` (shares),
    `calibration_error` (expected calibration error over ten bins, Guo et al., ICML 2017; the worse
    language on known trades), `baselines` (TF-IDF and logistic regression, the same splits), `fast` (the
    classifier without embeddings), `checked`, `aspect_polarity`, and `details` by language and part.
    Raises FetchError.
    """
    examples, words = collections(shop.settings, progress)
    embedding = best_embedding(shop.settings, progress)
    embed = cached(embedding, shop.settings)
    corpus = read_corpus(examples, words, embed, progress)
    embed.save()
    figures = measure(corpus, AspectCheck(words, embed), progress)
    embed.save()
    return figures | {"embedding": embedding.name, "notice": embedding.notice}


def measure(corpus: Corpus, aspects: AspectCheck, progress: Progress) -> dict[str, Any]:
    """The figures of `backtest`."""
    known = _evaluate(corpus, _by_group(corpus), "known", progress, aspects)
    unseen = _evaluate(corpus, _by_subject(corpus), "unseen", progress)
    details = {"known": known["details"], "unseen": unseen["details"]}

    def headline(way: str) -> dict[str, Any]:
        return {f"{key}_accuracy": details["known"][key][way] for key in LANGUAGES} | {
            f"{key}_unseen_domain_accuracy": details["unseen"][key][way] for key in LANGUAGES
        }

    return headline("default") | {
        "calibration_error": max(details["known"][key]["calibration_error"] for key in LANGUAGES),
        "calibration_error_unseen": max(details["unseen"][key]["calibration_error"] for key in LANGUAGES),
        "baselines": {"tfidf": headline("tfidf")},
        "fast": headline("fast"),
        "without_cascade": headline("uncut"),
        "checked": _checked(corpus, unseen["odds"]["zh"]),
        "aspect_polarity": aspects.figures(),
        "details": details,
    }


def score(heads: Heads, x: Features) -> dict[str, Any]:
    """Log-odds of each way but TF-IDF: as classified by default, with all embeddings, and without any."""
    fast, uncut = heads.odds(x, quick=True), heads.odds(x)
    return {"default": np.where(np.abs(fast) >= heads.sure, fast, uncut), "uncut": uncut, "fast": fast}


def plain(corpus: Corpus, key: str, train: Any, test: Any) -> Any:
    """Scores of TF-IDF (characters 1-3 in Chinese, words 1-2 in English) and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    how: dict[str, Any] = {"ngram_range": (1, 2)}
    if key == "zh":
        how = {"analyzer": "char", "ngram_range": (1, 3)}
    vectors = TfidfVectorizer(min_df=2, sublinear_tf=True, **how)
    texts = corpus.examples[key]
    x = vectors.fit_transform(_texts(texts, train))
    model = LogisticRegression(C=2.0, max_iter=500).fit(x, corpus.labels[key][train])
    return model.decision_function(vectors.transform(_texts(texts, test)))


def _by_group(corpus: Corpus) -> dict[str, Any]:
    """The fold of each text by its group; -1 for what is only trained on."""
    return {key: np.where(groups < 0, -1, groups % _FOLDS) for key, groups in corpus.groups.items()}


def _by_subject(corpus: Corpus) -> dict[str, Any]:
    return {
        key: np.asarray([names.index(one) if one in names else -1 for one in corpus.subjects[key]])
        for key, names in _SUBJECTS.items()
    }


def _evaluate(
    corpus: Corpus,
    parts: dict[str, Any],
    name: str,
    progress: Progress,
    aspects: AspectCheck | None = None,
) -> dict[str, Any]:
    odds = {key: {way: np.full(len(part), np.nan) for way in _WAYS} for key, part in parts.items()}
    for fold in range(_FOLDS):
        progress(f"Testing sentiment, {name} trades", fold, _FOLDS)
        heads, _ = corpus.fit(
            {key: _train(corpus, key, part, fold, name) for key, part in parts.items()}, _quiet
        )
        if aspects:
            aspects(corpus, heads, np.flatnonzero(parts["en"] == fold))
        for key, part in parts.items():
            test = np.flatnonzero(part == fold)
            if len(test):
                for way, found in score(heads[key], corpus.features[key].take(test)).items():
                    odds[key][way][test] = found
                odds[key]["tfidf"][test] = plain(
                    corpus, key, np.flatnonzero((part != fold) & (part >= 0)), test
                )
    progress(f"Testing sentiment, {name} trades", _FOLDS, _FOLDS)
    return {
        "odds": odds,
        "details": {key: _figures(corpus, key, part, odds[key]) for key, part in parts.items()},
    }


def _train(corpus: Corpus, key: str, part: Any, fold: int, name: str) -> Rows:
    rows = np.flatnonzero(part != fold)
    if name == "unseen" and fold < len(_SUBJECTS[key]):
        return corpus.without(key, rows, _SUBJECTS[key][fold])
    return rows


def _figures(corpus: Corpus, key: str, part: Any, odds: dict[str, Any]) -> dict[str, Any]:
    examples, labels = corpus.examples[key], corpus.labels[key]
    tested = part >= 0
    clear = tested & np.asarray([one.rating is None or abs(one.rating) >= _CLEAR for one in examples])
    right = {way: (found > 0) == labels for way, found in odds.items()}
    return (
        {"texts": int(clear.sum())}
        | {way: _share(right[way][clear]) for way in _WAYS}
        | {
            "all_texts": _share(right["default"][tested]),
            "calibration_error": calibration_error(probability(odds["default"][clear]), labels[clear]),
            "calibration_error_fast": calibration_error(probability(odds["fast"][clear]), labels[clear]),
            "by_part": [_share(right["default"][clear & (part == fold)]) for fold in range(part.max() + 1)],
            "tfidf_by_part": [
                _share(right["tfidf"][clear & (part == fold)]) for fold in range(part.max() + 1)
            ],
            "parts": list(_SUBJECTS[key]) if key in _SUBJECTS else [],
        }
    )


def calibration_error(chance: Any, labels: Any) -> float:
    """The expected calibration error of probabilities of 'positive' over ten bins of equal width."""
    bins = np.minimum((chance * _BINS).astype(int), _BINS - 1)
    inside = [bins == one for one in np.unique(bins)]
    error = sum(abs(chance[rows].mean() - labels[rows].mean()) * rows.mean() for rows in inside)
    return round(float(error), 4)


def _checked(corpus: Corpus, odds: dict[str, Any]) -> dict[str, Any]:
    """Accuracy on unseen trades by the labels that we gave after reading, with a 95% interval."""
    with CHECKED.open(encoding="utf-8", newline="") as file:
        labels = {row["ref"]: int(row["label"]) for row in csv.DictReader(file) if row["label"]}
    rows = [at for at, one in enumerate(corpus.examples["zh"]) if one.ref in labels]
    ours = np.asarray([labels[corpus.examples["zh"][at].ref] for at in rows])
    found = {way: _share((odds[way][rows] > 0) == ours) for way in _WAYS}
    return {
        "zh_unseen_domain_accuracy": found["default"],
        "interval95": wilson(found["default"], len(rows)),
        "texts": len(rows),
        "tfidf": found["tfidf"],
        "fast": found["fast"],
        "source_labels_agree": _share(corpus.labels["zh"][rows] == ours),
    }


def wilson(share: float, count: int, z: float = 1.96) -> list[float]:
    """Wilson's 95% interval (1927) of a share of `count`."""
    if not count:
        return [0.0, 1.0]
    centre = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return [round((centre - reach) / scale, 4), round((centre + reach) / scale, 4)]


def _texts(examples: Sequence[Any], rows: Any) -> Iterator[str]:
    return (examples[at].text for at in rows)


def _share(right: Any) -> float:
    return round(float(np.mean(right)), 4)


def _quiet(_step: str, _done: int, _total: int) -> None:
    """Fits inside a fold do not report."""
