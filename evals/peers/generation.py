"""Decoding speed of one NF4 model two ways: eager `generate` of transformers, and our engine's runner."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import torch

from shopwright.agent.engines.meter import Meter
from shopwright.agent.engines.runner import Job, Runner

SEED = 1


@dataclass(frozen=True)
class Load:
    """What is asked: `batch` prompts of `prompt` random tokens each, `new` tokens decoded for each."""

    batch: int
    prompt: int
    new: int


@dataclass(frozen=True)
class Speed:
    """Seconds for all of it, and for prefill with the first token; tokens a second while decoding, in sum."""

    seconds: float
    first_token_seconds: float
    tokens_a_second: float


def prompts(model: Any, load: Load) -> list[list[int]]:
    """Random prompts, the same for both sides; no prompt begins like another."""
    generator = torch.Generator().manual_seed(SEED)
    high = model.config.get_text_config().vocab_size
    return torch.randint(0, high, (load.batch, load.prompt), generator=generator).tolist()


def peer(model: Any, load: Load) -> Speed:
    """transformers' own `generate`, eager, greedy, every sequence to its full length.

    Prefill is timed by a run that decodes a single token.
    """
    ids = torch.tensor(prompts(model, load), device=next(model.parameters()).device)

    def run(new: int) -> float:
        return timed(
            lambda: model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=new,
                min_new_tokens=new,
                do_sample=False,
                use_cache=True,
                pad_token_id=0,
            )
        )

    run(2)
    first, whole = run(1), run(load.new)
    return speed(load, first, whole)


def ours(model: Any, load: Load) -> Speed:
    """Our engine's runner over the same weights: nothing ends early, and nothing is drafted from the prompt.

    Steps are captured in a first run that is not counted, as the engine's warm-up does.
    """
    cuda = next(model.parameters()).is_cuda
    runner = Runner(
        model,
        model.config.get_text_config().num_hidden_layers,
        _Silent(),
        frozenset(),
        slots=load.batch,
        context=load.prompt + load.new + 1,
        lookup=False,
        graphs=cuda,
        compiled=cuda,
    )
    try:
        given = prompts(model, load)
        _complete(runner, [row[::-1] for row in given], load.new)
        first = timed(lambda: _complete(runner, given, 1))
        whole = timed(lambda: _complete(runner, [[*row[1:], row[0]] for row in given], load.new))
    finally:
        runner.close()
    return speed(load, first, whole)


class _Silent:
    """Stands where a tokenizer's bytes are: the text is not looked at, and random weights have no words."""

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        return b"." * len(tokens)


def _complete(runner: Runner, given: Sequence[list[int]], new: int) -> None:
    def one(numbered: tuple[int, list[int]]) -> None:
        slot, tokens = numbered
        for _ in runner.complete(Job(slot, list(tokens), new, Meter(None, new))):
            pass

    with ThreadPoolExecutor(len(given)) as pool:
        list(pool.map(one, enumerate(given)))


def timed(work: Callable[[], object]) -> float:
    """Seconds until the work is done on the device, too."""
    _wait()
    started = time.perf_counter()
    work()
    _wait()
    return time.perf_counter() - started


def speed(load: Load, first: float, whole: float) -> Speed:
    """Tokens a second from what the tokens after the first one took."""
    spent = max(whole - first, 1e-9)
    return Speed(round(whole, 4), round(first, 4), round(load.batch * (load.new - 1) / spent, 2))


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
