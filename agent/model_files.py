"""Looking into model files: that they are what their names say, whole, and nothing that could run code.

Only headers are read. Formats: GGUF (github.com/ggml-org/ggml, docs/gguf.md), safetensors
(github.com/huggingface/safetensors, README).
"""

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
"""Endings of weight files that are pickles: reading one runs whatever code it holds."""
SHARDS = "model.safetensors.index.json"
MAX_HEADER = 100_000_000  # the limit that the safetensors library sets itself
_GGUF_SCALARS = {0: "b", 1: "b", 2: "h", 3: "h", 4: "i", 5: "i", 6: "f", 7: "?", 10: "q", 11: "q", 12: "d"}
_GGUF_STRING, _GGUF_ARRAY = 8, 9
# ggml's type number -> (weights a block, bytes a block); types that are not here are not measured.
_GGML_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 30: (1, 2),
}  # fmt: skip


class ModelError(Exception):
    """A model cannot be fetched or used; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Weights:
    """What was found at a path: the engine it is for, and what that engine opens."""

    engine: Literal["gguf", "nf4"]
    source: Path


def look_at(path: Path) -> Weights:
    """The model at `path`: a GGUF file, or a folder that holds one or safetensors. Raises ModelError."""
    if path.is_file():
        _refuse_pickle(path)
        check_gguf(path)
        return Weights("gguf", path)
    if not path.is_dir():
        raise ModelError(f"There is nothing at {path}. Check the path.")
    names = sorted(entry.name for entry in path.iterdir())
    for name in names:
        _refuse_pickle(path / name)
    first = first_gguf(names)
    if first is not None and not any(name.endswith(".safetensors") for name in names):
        for name in parts_of(first, names):
            check_gguf(path / name)
        return Weights("gguf", path / first)
    check_folder(path)
    return Weights("nf4", path)


def _refuse_pickle(path: Path) -> None:
    if path.suffix.lower() in PICKLES:
        raise ModelError(
            f"{path} is a pickle, and opening a pickle runs the code in it, so it is refused. Use a model in "
            "safetensors or GGUF form; if this file is not needed, delete it."
        )


def first_gguf(names: Iterable[str]) -> str | None:
    """The one GGUF file, or the first part of one in parts; None where there are none or several."""
    files = sorted(name for name in names if name.lower().endswith(".gguf"))
    whole = {name.rsplit("-", 3)[0] if "-of-" in name else name for name in files}
    return files[0] if len(whole) == 1 else None


def parts_of(first: str, names: Iterable[str]) -> list[str]:
    """All parts of a split GGUF file; the file itself where it is not split. Raises ModelError."""
    if "-of-" not in first:
        return [first]
    stem, total = first.rsplit("-", 3)[0], first.rsplit("-of-", 1)[1]
    wanted = [f"{stem}-{i:05d}-of-{total}" for i in range(1, int(total.removesuffix(".gguf")) + 1)]
    missing = sorted(set(wanted) - set(names))
    if missing:
        raise ModelError(f"{missing[0]} is missing beside {first}. Fetch all parts of the model.")
    return wanted


# Safetensors


def check_folder(folder: Path) -> None:
    """Raise ModelError unless the folder holds a whole model as safetensors that needs no code of its own."""
    check_config(folder)
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise ModelError(f"{folder} has no tokenizer (tokenizer.json). Copy the model's folder whole.")
    for name in weight_files(folder):
        check_safetensors(folder / name)


def check_config(folder: Path) -> None:
    """Raise ModelError when config.json is missing or damaged, or code from the repository is asked for."""
    for name in ("config.json", "tokenizer_config.json"):
        path = folder / name
        if name != "config.json" and not path.exists():
            continue
        if "auto_map" in _read_json(path):
            raise ModelError(
                f"{path} asks for Python code from the model's own repository (auto_map), which Shopwright "
                "never runs. Choose a model whose architecture is part of transformers."
            )


def weight_files(folder: Path) -> list[str]:
    """The safetensors files of a model: those of its index, else all there are. Raises ModelError."""
    index = folder / SHARDS
    if index.is_file():
        shards = _read_json(index).get("weight_map")
        if not isinstance(shards, dict) or not shards:
            raise ModelError(f"{index} names no files. Fetch it again.")
        return sorted({Path(str(name)).name for name in shards.values()})
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    if not names:
        raise ModelError(f"{folder} holds no weights in safetensors or GGUF form.")
    return names


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing. Copy or fetch the model whole.") from None
    except ValueError as error:
        raise ModelError(f"{path} is damaged ({error}). Fetch it again.") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} is not what it should be (a JSON object). Fetch it again.")
    return value


def check_safetensors(path: Path) -> None:
    """Raise ModelError unless the header can be read and the file is exactly as long as it says."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= MAX_HEADER:
                raise ModelError(f"{path} is not a safetensors file. Fetch it again, or delete it.")
            header = json.loads(file.read(length))
        ends = [int(tensor["data_offsets"][1]) for name, tensor in header.items() if name != "__metadata__"]
    except FileNotFoundError:
        raise ModelError(f"{path} is missing. Fetch the model again.") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ModelError(
            f"{path} is not a safetensors file ({error}). Fetch it again, or delete it."
        ) from error
    _check_length(path, 8 + length + max(ends, default=0))


def _check_length(path: Path, wanted: int) -> None:
    size = path.stat().st_size
    if size < wanted:
        raise ModelError(f"{path} is cut short: {size:,} bytes of {wanted:,}. Fetch it again.")


# GGUF


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself."""

    version: int
    architecture: str
    tensors: int


def check_gguf(path: Path) -> GgufHeader:
    """Read the header, and raise ModelError unless it can be read and all tensors lie within the file."""
    try:
        with path.open("rb") as file:
            header, end = _gguf(file, path)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing. Fetch the model again.") from None
    except (struct.error, ValueError, KeyError, OverflowError, MemoryError, RecursionError) as error:
        raise ModelError(f"{path} has a damaged GGUF header ({error}). Fetch it again.") from error
    _check_length(path, end)
    return header


def _gguf(file: IO[bytes], path: Path) -> tuple[GgufHeader, int]:
    if file.read(4) != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file. Give a GGUF file or a folder with safetensors.")
    version, tensors, fields = _unpack(file, "<IQQ")
    if version not in (2, 3):
        raise ModelError(f"{path} is GGUF version {version}; versions 2 and 3 are understood.")
    known: dict[str, Any] = {}
    for _ in range(fields):
        key = _string(file)
        known[key] = _value(file, *_unpack(file, "<I"))
    ends = [_tensor_end(file) for _ in range(tensors)]
    alignment = int(known.get("general.alignment") or 32)
    start = -(-file.tell() // alignment) * alignment
    header = GgufHeader(version, str(known.get("general.architecture") or ""), tensors)
    return header, start + max(ends, default=0)


def _tensor_end(file: IO[bytes]) -> int:
    _string(file)
    (dimensions,) = _unpack(file, "<I")
    if dimensions > 8:
        raise ValueError(f"a tensor of {dimensions} dimensions")
    weights = 1
    for size in _unpack(file, f"<{dimensions}Q"):
        weights *= size
    kind, offset = _unpack(file, "<IQ")
    block, size = _GGML_BLOCKS.get(kind, (1, 0))
    return int(offset) + weights // block * size


def _value(file: IO[bytes], kind: int) -> Any:
    if kind == _GGUF_STRING:
        return _string(file)
    if kind != _GGUF_ARRAY:
        return _unpack(file, f"<{_GGUF_SCALARS[kind]}")[0]
    inner, count = _unpack(file, "<IQ")
    if count > MAX_HEADER:
        raise ValueError(f"a list of {count:,} values")
    if inner in (_GGUF_STRING, _GGUF_ARRAY):
        for _ in range(count):
            _value(file, inner)
    else:
        file.seek(count * struct.calcsize(f"<{_GGUF_SCALARS[inner]}"), 1)
    return None


def _string(file: IO[bytes]) -> str:
    (length,) = _unpack(file, "<Q")
    if length > MAX_HEADER:
        raise ValueError(f"a text of {length:,} bytes")
    return file.read(length).decode("utf-8", "replace")


def _unpack(file: IO[bytes], form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
