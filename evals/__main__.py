"""Runs every suite on the shop in the data folder and keeps the figures in `evals/results`.

`python -m shopwright.evals [--keep FILE]` prints one JSON line a suite; with `--keep` the figures, the date,
the hardware and the versions are written to FILE as well.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from shopwright.evals.surroundings import keep, surroundings
from shopwright.evals.turns import SUITES


def main() -> None:
    """Run the suites of turns one after another."""
    from shopwright.agent.local import open_assistant
    from shopwright.knowledge.settings import Settings

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    assistant = open_assistant(Settings())
    assistant.warm()
    kept: dict[str, Any] = {
        **surroundings("python -m shopwright.evals"),
        "engine": assistant.engine.name,
        "suites": {},
    }
    for name in sorted(SUITES):
        figures = SUITES[name](assistant)
        kept["suites"][name] = figures
        brief = {key: value for key, value in figures.items() if key != "verdicts"}
        sys.stdout.write(json.dumps({"suite": name, **brief}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    assistant.close()
    if options.keep:
        keep(options.keep, kept)


if __name__ == "__main__":
    main()
