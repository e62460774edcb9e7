"""One engine by itself: load, memory, first token, prefill, decode, several requests at once."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any

from shopwright.agent.engines.asking import Reply, Said, as_messages, ask_engine
from shopwright.agent.engines.base import Engine
from shopwright.agent.local import open_engine
from shopwright.knowledge.settings import Settings

AT_ONCE = (1, 2, 4, 8)
PAGES = 9
"""Pages of the shop's help in the prompt: about a thousand tokens."""
QUESTIONS = (
    "Explain in your own words, at length, what a customer should know about returns.",
    "Write a long letter to a customer whose parcel came late.",
    "Tell the story of a day in the shop, hour by hour.",
    "List thirty things that the shop could do better, a sentence each.",
    "Describe the shop to somebody who has never been there, in great detail.",
    "Write a long conversation between a shopper and a cashier.",
    "Explain at length how loyalty points work, with several examples.",
    "Write ten paragraphs on how to greet a customer.",
)


def long_prompt() -> list[Said]:
    """A system prompt of about a thousand tokens: pages of the shop's help."""
    pages = sorted(
        (page for page in files("shopwright.knowledge").joinpath("data/help").iterdir()),
        key=lambda page: page.name,
    )
    texts = [page.read_text(encoding="utf-8") for page in pages if page.name.endswith(".en.md")]
    return [("system", "You answer for a shop. These are its rules.\n\n" + "\n\n".join(texts[:PAGES]))]


def at_once(engine: Engine, prompt: Sequence[Said], requests: int, max_tokens: int) -> float:
    """Decoded tokens a second over all of `requests` that begin at the same moment."""
    gate = threading.Barrier(requests)

    def go(question: str) -> Reply:
        gate.wait()
        return ask_engine(engine, [*prompt, ("user", question)], max_tokens=max_tokens)

    started = time.perf_counter()
    with ThreadPoolExecutor(requests) as pool:
        calls = list(pool.map(go, (f"{requests}. {QUESTIONS[n % len(QUESTIONS)]}" for n in range(requests))))
    return sum(one.output_tokens for one in calls) / (time.perf_counter() - started)


def measure(engine: Engine, tokens: int, at_once_tokens: int) -> dict[str, Any]:
    """An engine's figures. It is closed by who opened it."""
    started = time.perf_counter()
    engine.warm([])
    load = time.perf_counter() - started
    prompt = long_prompt()
    ask_engine(engine, [("user", "Hello")], max_tokens=1)
    cold = ask_engine(engine, [*prompt, ("user", QUESTIONS[0])], max_tokens=tokens)
    warm = ask_engine(engine, [*prompt, ("user", QUESTIONS[1])], max_tokens=tokens)
    engine.warm([(as_messages(prompt), [])])
    return {
        "engine": engine.name,
        "load_seconds": round(load, 3),
        "first_token_seconds_cold": round(cold.first_seconds, 3),
        "first_token_seconds_warm": round(warm.first_seconds, 3),
        "prompt_tokens": cold.prompt_tokens,
        "cached_tokens_warm": warm.cached_tokens,
        "prefill_tokens_a_second": round(cold.prefill, 1),
        "decode_tokens_a_second": round(max(cold.decode, warm.decode), 2),
        "tokens_a_second_at_once": {
            str(count): round(at_once(engine, prompt, count, at_once_tokens), 2) for count in AT_ONCE
        },
    }


def measure_in_process(settings: Settings, tokens: int, at_once_tokens: int) -> dict[str, Any]:
    """The figures of the engine that the settings choose; meant for a process of its own."""
    started = time.perf_counter()
    engine = open_engine(settings)
    opened = time.perf_counter() - started
    try:
        figures = measure(engine, tokens, at_once_tokens)
        figures["load_seconds"] = round(figures["load_seconds"] + opened, 3)
        figures["peak_rss_bytes"] = peak_rss()
        figures |= on_device(engine)
    finally:
        engine.close()
    return figures


def on_device(engine: Engine) -> dict[str, Any]:
    """Video memory, bandwidth and bytes a token, as far as the engine or its device can tell."""
    from shopwright.agent.engines.hardware import cuda_available

    told: dict[str, Any] = {"peak_vram_bytes": None, "bandwidth": None}
    if cuda_available() and engine.name.startswith("nf4"):
        from shopwright.evals.peers import cuda

        told = {"peak_vram_bytes": cuda.peak_memory(), "bandwidth": cuda.bandwidth()}
    return {**told, "bytes_a_token": getattr(engine, "bytes_per_token", None)}


def peak_rss() -> int | None:
    """The most memory in bytes that this process had resident; None where the system does not say."""
    status = Path(f"/proc/{os.getpid()}/status")
    try:
        lines = status.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
