"""The Berkeley Function Calling Leaderboard's single-turn categories, run on our engines.

Patil et al., "The Berkeley Function Calling Leaderboard (BFCL): From Tool Use to Agentic Evaluation of Large
Language Models", ICML 2025. The data is theirs and is not part of this package; the rules of matching are
theirs too, written down anew here.
"""
