"""How well the sentiment classifier does on texts it has not seen, beside plain TF-IDF on the same splits.

Known trades: Chinese in runs of 50 neighbouring lines (single lines would leak: parts of one review stand
side by side), English by review. Unseen trades: one Chinese subject, or one English product, left out
whole. English is judged on clear sentences (rated at least 0.5 either way); all sentences stand beside.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from shopwright.knowledge.fetch import Progress, fetch_en_reviews, fetch_zh_reviews
from shopwright.knowledge.review_data import PRODUCTS, read_chinese, read_english, read_general, vader_lexicon
from shopwright.knowledge.sentiment import Corpus, lexica, read_corpus
from shopwright.knowledge.sentiment_classifier import Embed, embedder
from shopwright.knowledge.sentiment_heads import LANGUAGES
from shopwright.knowledge.settings import Settings

_FOLDS = 5
_CLEAR = 0.5


def backtest_sentiment(settings: Settings, progress: Progress, embed: Embed | None = None) -> dict[str, Any]:
    """Accuracy and calibration error by language, on known and on unseen trades; minutes of work.

    Returns {"known" | "unseen": {"zh" | "en": {"texts", "accuracy", "quick", "tfidf", "calibration_error",
    "all_accuracy", "by_part"}}}; all but `texts` are shares (0..1). `quick` is the classifier without
    embeddings, `tfidf` plain TF-IDF and logistic regression, `calibration_error` the expected calibration
    error over ten bins (Guo et al., ICML 2017), with the calibration fitted on the other parts.
    """
    zh, en = fetch_zh_reviews(settings, progress), fetch_en_reviews(settings, progress)
    examples = [*read_chinese(zh), *read_english(en), *read_general(en)]
    corpus = read_corpus(examples, lexica(vader_lexicon(en)), embed or embedder(), progress)
    return {
        name: _evaluate(corpus, parts, name, progress)
        for name, parts in (("known", _by_group(corpus)), ("unseen", _by_subject(corpus)))
    }


def _by_group(corpus: Corpus) -> dict[str, Any]:
    """The fold of each text by its group; -1 for what is only trained on."""
    products = {name for _, name in PRODUCTS}
    parts = {key: corpus.groups[key] % _FOLDS for key in LANGUAGES}
    parts["en"] = np.where([one.subject in products for one in corpus.examples["en"]], parts["en"], -1)
    return parts


def _by_subject(corpus: Corpus) -> dict[str, Any]:
    names = (["hotel", "laptop", "book"], [name for _, name in PRODUCTS])
    place = {name: at for known in names for at, name in enumerate(known)}
    return {
        key: np.asarray([place.get(one.subject, -1) for one in corpus.examples[key]]) for key in LANGUAGES
    }


def _evaluate(corpus: Corpus, parts: dict[str, Any], name: str, progress: Progress) -> dict[str, Any]:
    scores = {key: np.full((3, len(part)), np.nan) for key, part in parts.items()}
    for fold in range(_FOLDS):
        progress(f"Testing sentiment, {name} trades", fold, _FOLDS)
        heads = corpus.fit_once({key: np.flatnonzero(part != fold) for key, part in parts.items()})
        for key, part in parts.items():
            test = np.flatnonzero(part == fold)
            if len(test):
                left_out = corpus.features[key].take(test)
                scores[key][0, test] = heads[key].score(left_out)
                scores[key][1, test] = heads[key].score(left_out, quick=True)
                scores[key][2, test] = _plain(corpus, key, np.flatnonzero((part != fold) & (part >= 0)), test)
    progress(f"Testing sentiment, {name} trades", _FOLDS, _FOLDS)
    return {key: _figures(corpus, key, part, scores[key]) for key, part in parts.items()}


def _figures(corpus: Corpus, key: str, part: Any, scores: Any) -> dict[str, Any]:
    examples, labels = corpus.examples[key], corpus.labels[key]
    tested = part >= 0
    clear = tested & np.asarray([one.rating is None or abs(one.rating) >= _CLEAR for one in examples])
    right = (scores > 0) == labels
    probability = _calibrated(scores[0], labels, part)
    return {
        "texts": int(clear.sum()),
        "accuracy": _share(right[0][clear]),
        "quick": _share(right[1][clear]),
        "tfidf": _share(right[2][clear]),
        "all_accuracy": _share(right[0][tested]),
        "calibration_error": round(_calibration_error(probability[clear], labels[clear]), 4),
        "by_part": [_share(right[0][clear & (part == fold)]) for fold in range(part.max() + 1)],
    }


def _calibrated(score: Any, labels: Any, part: Any) -> Any:
    """Probabilities of 'positive', each part's calibrated on the others."""
    from sklearn.linear_model import LogisticRegression

    probability = np.full(len(score), np.nan)
    for fold in range(part.max() + 1):
        train, test = (part >= 0) & (part != fold), part == fold
        model = LogisticRegression(C=1e4).fit(score[train].reshape(-1, 1), labels[train])
        probability[test] = model.predict_proba(score[test].reshape(-1, 1))[:, 1]
    return probability


def _calibration_error(probability: Any, labels: Any) -> float:
    bins = np.minimum((probability * 10).astype(int), 9)
    inside = [bins == one for one in np.unique(bins)]
    return float(sum(abs(probability[rows].mean() - labels[rows].mean()) * rows.mean() for rows in inside))


def _plain(corpus: Corpus, key: str, train: Any, test: Any) -> Any:
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


def _texts(examples: Sequence[Any], rows: Any) -> Iterator[str]:
    return (examples[at].text for at in rows)


def _share(right: Any) -> float:
    return round(float(np.mean(right)), 4)
