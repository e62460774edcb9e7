"""Prompt-lookup decoding: text grounded in its input repeats it, so the input is a free draft.

Method: Apoorv Saxena, Prompt Lookup Decoding, 2023, https://github.com/apoorvumang/prompt-lookup-decoding
"""

from collections.abc import Sequence

LONGEST_MATCH = 3
SHORTEST_MATCH = 2
PATIENCE = 3
REST = 12


def draft(tokens: Sequence[int], most: int) -> list[int]:
    """What followed the last earlier place that ends as `tokens` do; at most `most` tokens, or none."""
    for size in range(LONGEST_MATCH, SHORTEST_MATCH - 1, -1):
        ending = list(tokens[-size:])
        for place in range(len(tokens) - size - 1, -1, -1):
            if tokens[place] == ending[0] and list(tokens[place : place + size]) == ending:
                return list(tokens[place + size : place + size + most])
    return []


class Hunch:
    """Whether drafting is worth its while for a text: after some misses in a row it rests for a while."""

    def __init__(self) -> None:
        self._missed = self._resting = 0

    def ready(self) -> bool:
        """Whether to draft for the next token."""
        self._resting = max(0, self._resting - 1)
        return self._resting == 0

    def learn(self, accepted: int) -> None:
        """Note how much of a draft came true."""
        self._missed = 0 if accepted else self._missed + 1
        if self._missed >= PATIENCE:
            self._missed, self._resting = 0, REST
