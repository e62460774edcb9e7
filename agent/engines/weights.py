"""Weights for the 4-bit engine, in NF4 with double quantisation, from a hub id, a folder or GGUF.

NF4 and double quantisation: Dettmers et al., QLoRA: Efficient Finetuning of Quantized LLMs, 2023.
"""

import hashlib
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from shopwright.agent.engines.base import EngineError
from shopwright.agent.engines.runner import explained

log = logging.getLogger(__name__)

LINEAR_ATTENTION = {"linear_attention", "mamba", "conv", "recurrent"}


@dataclass(frozen=True)
class Weights:
    """A model ready to decode, its tokenizer, and the name it goes by."""

    model: Any
    tokenizer: Any
    title: str


def load(source: str, *, device: str, adapter: str = "", cache_dir: Path | None = None) -> Weights:
    """Load `source` onto `device` in 4 bits. Raises EngineError, OutOfMemoryError among them.

    A GGUF file is dequantised and quantised anew once; the result is kept in `cache_dir`.
    """
    import transformers
    from safetensors import SafetensorError

    transformers.utils.logging.disable_progress_bar()
    path = Path(source).expanduser()
    try:
        place = _from_gguf(path, cache_dir) if path.suffix == ".gguf" else source
        tokenizer = transformers.AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            place,
            dtype=torch.bfloat16,
            **({} if _quantised(place) else {"quantization_config": four_bits()}),
            device_map={"": device},
            use_safetensors=True,
            trust_remote_code=False,
            attn_implementation="sdpa",
        )
        if adapter:
            model = _adapted(model, adapter)
    except (torch.OutOfMemoryError, torch.AcceleratorError, MemoryError) as error:
        raise explained(error) from error
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        raise EngineError(
            f"The model {source} could not be loaded: {_first_line(error)} It must be a causal language "
            "model in safetensors or GGUF form that needs no code of its own; `shopwright models list` names "
            "some."
        ) from error
    _check(model, tokenizer, source)
    name = path.stem if path.suffix == ".gguf" else path.name if path.exists() else source
    return Weights(model.eval().requires_grad_(False), tokenizer, name)


def four_bits() -> Any:
    """NF4, double quantisation, bf16 compute."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _quantised(place: str) -> bool:
    """Whether a local folder holds weights that are quantised already."""
    config = Path(place) / "config.json"
    return config.is_file() and '"quantization_config"' in config.read_text(encoding="utf-8")


def _from_gguf(path: Path, cache_dir: Path | None) -> str:
    """A folder with the GGUF model's weights in NF4; made once for each file."""
    if not path.is_file():
        raise EngineError(
            f"The model file {path} is missing. Run `shopwright init --demo` or correct SHOPWRIGHT_MODEL."
        )
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise EngineError(f"{path} is not a GGUF model. Delete it and fetch it again.")
    status = path.stat()
    key = hashlib.sha256(f"{path.name}:{status.st_size}:{status.st_mtime_ns}".encode()).hexdigest()[:16]
    folder = (cache_dir or path.parent) / f"nf4-{key}"
    if not (folder / "config.json").is_file():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        _convert(path, part)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    return str(folder)


def _convert(path: Path, folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.quantizers.auto import AutoHfQuantizer

    log.info("Converting %s to 4 bits; this is done once.", path.name)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name, trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(
        path.parent,
        gguf_file=path.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(gguf_file=path.name, dequantize=True),
        trust_remote_code=False,
    )
    quantise(model)
    config = four_bits()
    model.config.quantization_config = config
    model.hf_quantizer = AutoHfQuantizer.from_config(config, pre_quantized=True)
    folder.mkdir(parents=True)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


def quantise(model: torch.nn.Module) -> None:
    """Replace every linear layer but the head by one in NF4, in place and on the device where it is."""
    from bitsandbytes.nn import Linear4bit, Params4bit

    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is not torch.nn.Linear or name == "lm_head":
                continue
            device = layer.weight.device
            packed = Linear4bit(
                layer.in_features,
                layer.out_features,
                bias=layer.bias is not None,
                compute_dtype=torch.bfloat16,
                compress_statistics=True,
                quant_type="nf4",
                device="meta",
            )
            packed.weight = Params4bit(
                layer.weight.data,
                requires_grad=False,
                quant_type="nf4",
                compress_statistics=True,
                module=packed,
            )
            packed.bias = layer.bias
            setattr(parent, name, packed.to(device))


def _adapted(model: Any, adapter: str) -> Any:
    from peft import PeftModel

    path = Path(adapter).expanduser()
    if path.is_dir() and not (path / "adapter_model.safetensors").is_file():
        raise EngineError(
            f"{path} holds no adapter_model.safetensors: LoRA adapters are read in safetensors form only."
        )
    return PeftModel.from_pretrained(model, adapter, use_safetensors=True)


def _check(model: Any, tokenizer: Any, source: str) -> None:
    kinds = set(getattr(model.config.get_text_config(), "layer_types", None) or [])
    if kinds - {"full_attention", "sliding_attention"}:
        raise EngineError(
            f"The model {source} has layers of a kind that the nf4 engine does not run: {sorted(kinds)}."
        )
    if not tokenizer.is_fast:
        raise EngineError(f"The model {source} has no fast tokenizer (tokenizer.json), which grammars need.")


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text if text.endswith((".", "!")) else f"{text}."


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
