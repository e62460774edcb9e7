"""`bench gpu`: our 4-bit engine beside transformers' eager `generate` with bitsandbytes, same weights."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from shopwright.agent.engines.weights import bytes_a_token
from shopwright.evals.benches.roofline import roofline
from shopwright.evals.errors import EvalError
from shopwright.evals.peers import cuda
from shopwright.evals.peers.generation import Load, ours, peer
from shopwright.evals.peers.nf4_models import QWEN_7B, embedded, random_weights
from shopwright.evals.progress import Progress

BATCHES = (1, 8, 32)
COUNTED = (
    "Tokens a second in sum over the batch, greedy, random prompts, every sequence to its full length; "
    "the time of prefill and the first token is taken off. The peer is transformers' generate, eager, "
    "over bitsandbytes NF4 with bf16 compute; ours runs the same model object. No drafts from the prompt "
    "on our side. Roofline: bytes of weights a token over the device's measured bandwidth, at batch 1."
)
Open = Callable[[], Any]


def check_device() -> None:
    """Refuse where there is no CUDA device."""
    if not torch.cuda.is_available():
        raise EvalError(
            "`shopwright bench gpu` needs a CUDA device, and torch finds none here. Run it on a machine with "
            "an NVIDIA GPU after `pip install 'shopwright[gpu]'`."
        )


def measure_gpu(
    model_path: Path, cache_dir: Path, prompt: int, new: int, batches: Sequence[int] = BATCHES
) -> dict[str, Any]:
    """Both models, all batches, both sides. Raises EvalError without a CUDA device."""
    check_device()
    subjects: dict[str, Open] = {
        "qwen2.5-7b-shape-random": lambda: random_weights(QWEN_7B, "cuda"),
        "embedded": lambda: embedded(model_path, "cuda", cache_dir),
    }
    return {"counted": COUNTED, **measure_subjects(subjects, cuda.bandwidth(), prompt, new, batches)}


def measure_subjects(
    subjects: dict[str, Open], bandwidth: float | None, prompt: int, new: int, batches: Sequence[int]
) -> dict[str, Any]:
    """Figures by subject; each is opened once, measured by both sides, and let go."""
    progress = Progress("models and batches", len(subjects) * len(batches))
    found: dict[str, Any] = {}
    for name, opened in subjects.items():
        model = opened()
        rows = {}
        for batch in batches:
            rows[str(batch)] = side_by_side(model, Load(batch, prompt, new))
            progress.step(f"{name}, batch {batch}: {rows[str(batch)]['times_faster']} times")
        alone = rows.get("1", {}).get("ours", {}).get("tokens_a_second")
        found[name] = {"batches": rows, "roofline": roofline(bytes_a_token(model), bandwidth, alone)}
        del model
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return {"prompt_tokens": prompt, "new_tokens": new, "models": found}


def side_by_side(model: Any, load: Load) -> dict[str, Any]:
    """Both sides' speeds on one load, and how many times faster ours is."""
    theirs, mine = peer(model, load), ours(model, load)
    ratio = mine.tokens_a_second / theirs.tokens_a_second if theirs.tokens_a_second else 0.0
    return {"peer": asdict(theirs), "ours": asdict(mine), "times_faster": round(ratio, 2)}


def report(found: dict[str, Any]) -> str:
    """The figures for people to read."""
    lines = []
    for name, figures in found["models"].items():
        for batch, row in figures["batches"].items():
            lines.append(
                f"{name}, batch {batch}: ours {row['ours']['tokens_a_second']} tokens/s, transformers "
                f"{row['peer']['tokens_a_second']} tokens/s: {row['times_faster']} times"
            )
        share = figures["roofline"]["share_reached"]
        lines.append(f"{name}: {'-' if share is None else format(share, '.0%')} of the roofline at batch 1")
    return "\n".join(lines)
