"""Sentiment accuracy and calibration on texts not seen in training, beside TF-IDF on the same splits.

`python -m shopwright.evals.sentiment` prints JSON; it fits every fold anew, which takes minutes.
"""

import json
import sys

from shopwright.knowledge.sentiment_backtest import backtest_sentiment
from shopwright.knowledge.settings import Settings


def main() -> None:
    """Run the backtest on the review collections of the data folder."""

    def tell(step: str, done: int, total: int) -> None:
        sys.stderr.write(f"\r{step}: {done} of {total}   ")

    figures = backtest_sentiment(Settings(), tell)
    sys.stderr.write("\n")
    sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
