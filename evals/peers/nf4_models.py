"""The two models of the GPU bench, in NF4: a 7B shape with random weights, and the embedded model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from shopwright.agent.engines.weights import load, quantise

QWEN_7B: dict[str, int] = {
    "vocab_size": 152064,
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "max_position_embeddings": 32768,
}
"""The shape of Qwen2.5-7B-Instruct, from its published configuration."""

TINY: dict[str, int] = {
    "vocab_size": 512,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
}
"""Small enough for a test on a processor."""


@dataclass(frozen=True)
class Subject:
    """A model to be measured, and the name under which its figures stand."""

    name: str
    model: Any


def random_weights(shape: dict[str, int], device: str, seed: int = 0) -> Any:
    """A Qwen2 model of this shape with random weights: NF4 in all linear layers but the head, else bf16."""
    from transformers import AutoModelForCausalLM, Qwen2Config

    torch.manual_seed(seed)
    config = Qwen2Config(**shape, tie_word_embeddings=False)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16, attn_implementation="sdpa")
    quantise(model)
    return model.eval().requires_grad_(False)


def embedded(path: Path, device: str, cache_dir: Path) -> Any:
    """The embedded GGUF model dequantised and put into NF4, as our engine loads it. Raises EngineError."""
    return load(str(path), device=device, cache_dir=cache_dir).model
