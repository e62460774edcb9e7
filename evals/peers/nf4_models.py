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


def bytes_a_token(model: Any) -> int:
    """Bytes of weights that a token reads: all of them, but one row of the table of embeddings.

    A table that is the head's matrix too is read whole. NF4's scales are counted with their weights.
    """
    table = model.get_input_embeddings().weight
    total = 0
    for parameter in model.parameters():
        total += parameter.numel() * parameter.element_size() + _scales(parameter)
        if parameter is table and model.get_output_embeddings().weight is not table:
            total -= parameter.numel() * parameter.element_size()
    return int(total)


def _scales(parameter: Any) -> int:
    """Bytes of what is kept to undo a quantisation."""
    state = getattr(parameter, "quant_state", None)
    if state is None:
        return 0
    second = getattr(state, "state2", None)  # gone once bitsandbytes has packed a weight for a processor
    parts = [state.absmax, getattr(state, "offset", None), second.absmax if second else None]
    return sum(part.numel() * part.element_size() for part in parts if part is not None)
