"""The catalogue's arithmetic, looking into model files, and which model is chosen."""

import json
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFWriter
from safetensors.numpy import save_file

from shopwright.agent.engines.hardware import cuda_available
from shopwright.agent.model_catalogue import (
    CATALOGUE,
    EMBEDDED,
    NF4_BITS,
    SupportedModel,
    known,
    models_table,
)
from shopwright.agent.model_files import ModelError, check_gguf, look_at
from shopwright.agent.model_pull import Remote, choose
from shopwright.agent.model_store import (
    PulledFile,
    PulledModel,
    find,
    folder_of,
    pulled,
    verify,
    write_manifest,
)
from shopwright.agent.models import Choice, choice_file, chosen, listing, overruled, use
from shopwright.knowledge.fetch_files import sha256_of
from shopwright.knowledge.settings import Settings

AUTO = "nf4" if cuda_available() else "gguf"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("ENGINE", "MODEL", "MODEL_PATH", "REMOTE_URL", "REMOTE_MODEL"):
        monkeypatch.delenv(f"SHOPWRIGHT_{name}", raising=False)
    return Settings(data_dir=tmp_path / "data")


def make_gguf(path: Path) -> Path:
    """A GGUF file with one tensor, as the gguf package writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = GGUFWriter(path, "qwen2")
    writer.add_array("tokenizer.ggml.tokens", ["a", "b"])
    writer.add_array("tokenizer.ggml.scores", [0.5, 1.5])
    writer.add_context_length(4096)
    writer.add_tensor("token_embd.weight", np.ones((8, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def make_folder(folder: Path, **config: Any) -> Path:
    """A folder in the form of a small transformers model, in two shards."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"} | config))
    (folder / "tokenizer.json").write_text("{}")
    shards = {}
    for i in (1, 2):
        name = f"model-0000{i}-of-00002.safetensors"
        save_file({f"w{i}": np.ones((4, 4), dtype=np.float32)}, folder / name)
        shards[f"w{i}"] = name
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    return folder


def make_pulled(settings: Settings, repository: str) -> Path:
    """A model as a pull leaves it."""
    folder = make_folder(folder_of(settings, repository))
    files = {p.name: PulledFile(sha256=sha256_of(p), size=p.stat().st_size) for p in folder.iterdir()}
    write_manifest(folder, PulledModel(repository=repository, revision="0" * 40, engine="nf4", files=files))
    return folder


# The catalogue


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)
def test_shapes_have_the_parameters_that_transformers_counts(model: SupportedModel) -> None:
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForCausalLM, Qwen2Config, Qwen3Config

    shape = model.shape
    sizes = {
        "num_hidden_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
        "tie_word_embeddings": shape.tied,
    }
    config = Qwen2Config(**sizes) if shape.biased else Qwen3Config(**sizes, head_dim=shape.head_size)
    with torch.device("meta"):
        twin = AutoModelForCausalLM.from_config(config)
    assert sum(weight.numel() for weight in twin.parameters()) == shape.parameters
    linear = [m for n, m in twin.named_modules() if isinstance(m, torch.nn.Linear) and n != "lm_head"]
    assert sum(m.weight.numel() for m in linear) == shape.linear_weights


def test_nf4_bits_are_what_bitsandbytes_stores() -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("bitsandbytes.functional")
    weights = torch.randn(2048, 2048)
    packed, state = functional.quantize_4bit(weights, compress_statistics=True, quant_type="nf4")
    stored = [packed, state.absmax, state.state2.absmax]
    bits = 8 * sum(t.numel() * t.element_size() for t in stored) / weights.numel()
    assert bits == pytest.approx(NF4_BITS, abs=0.001)
    assert pytest.approx(4.127, abs=0.001) == NF4_BITS


def test_every_recommended_model_fits_its_card_with_four_conversations() -> None:
    cards = {model.card for model in CATALOGUE}
    assert cards == {0, 8, 16, 24, 80}
    for model in CATALOGUE:
        assert model.licence in ("Apache-2.0", "MIT")
        assert (model.engine == "gguf") == (model.file is not None)
        assert model.why
        assert model.why_zh
        if model.card:
            assert model.room >= 4 * 4096, model.name
    assert len({model.name for model in CATALOGUE}) == len(CATALOGUE)


def test_models_are_known_by_name_and_hub_id() -> None:
    assert known("DEFAULT") is EMBEDDED
    assert known("qwen/qwen2.5-7b-instruct") is known("qwen2.5-7b")
    assert known("gpt-9") is None
    lines = models_table().splitlines()
    assert len(lines) == 2 + len(CATALOGUE)
    assert len({line.count("|") for line in lines}) == 1


# Files


def test_a_gguf_file_is_read_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    path = make_gguf(tmp_path / "m.gguf")
    header = check_gguf(path)
    assert (header.architecture, header.tensors) == ("qwen2", 1)
    assert look_at(path).engine == "gguf"
    whole = path.read_bytes()
    for kept in range(0, len(whole) - 40, 61):
        path.write_bytes(whole[:kept])
        with pytest.raises(ModelError, match=r"m\.gguf"):
            check_gguf(path)


@pytest.mark.parametrize(
    "damage",
    [b"\xff" * 8, b"\x00" * 8, b"\x09\x00\x00\x00\x09\x00\x00\x00"],
    ids=["ones", "zeros", "nested arrays"],
)
def test_a_damaged_gguf_header_is_a_sentence(tmp_path: Path, damage: bytes) -> None:
    path = make_gguf(tmp_path / "m.gguf")
    whole = path.read_bytes()
    for at in range(8, 200, 4):
        path.write_bytes(whole[:at] + damage + whole[at + 8 :])
        with suppress(ModelError):  # some bytes are read without harm; none may end in another exception
            check_gguf(path)


def test_a_folder_of_safetensors_is_for_nf4(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    assert look_at(folder).engine == "nf4"
    assert look_at(folder).source == folder


def damaged(folder: Path, what: str) -> None:
    """Spoil a good folder in one way."""
    shard = folder / "model-00002-of-00002.safetensors"
    spoils: dict[str, Any] = {
        "cut short": lambda: shard.write_bytes(shard.read_bytes()[:-1]),
        "is missing": shard.unlink,
        "not a safetensors": lambda: shard.write_bytes(pickle.dumps({"w": [1]})),
        "pickle": lambda: (folder / "pytorch_model.bin").write_bytes(b"x"),
        "auto_map": lambda: (folder / "config.json").write_text('{"auto_map": {"AutoModel": "m.M"}}'),
        "config.json is missing": (folder / "config.json").unlink,
        "tokenizer_config.json asks": lambda: (folder / "tokenizer_config.json").write_text(
            '{"auto_map": {}}'
        ),
        "damaged": lambda: (folder / "config.json").write_text("{"),
        "no tokenizer": (folder / "tokenizer.json").unlink,
        "names no files": lambda: (folder / "model.safetensors.index.json").write_text("{}"),
    }
    spoils[what]()


@pytest.mark.parametrize(
    "what",
    [
        "cut short", "is missing", "not a safetensors", "pickle", "auto_map", "config.json is missing",
        "tokenizer_config.json asks", "damaged", "no tokenizer", "names no files",
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_folder_is_said(tmp_path: Path, settings: Settings, what: str) -> None:
    folder = make_folder(tmp_path / "m")
    damaged(folder, what)
    with pytest.raises(ModelError, match=what) as refused:
        use(settings, str(folder))
    assert str(folder) in str(refused.value)
    assert not choice_file(settings).exists()


def test_a_pickle_is_refused_under_any_name(tmp_path: Path, settings: Settings) -> None:
    for name in ("model.bin", "model.gguf", "model.safetensors"):
        path = tmp_path / name
        path.write_bytes(pickle.dumps({"weights": [1, 2]}))
        with pytest.raises(ModelError, match=r"pickle|not a GGUF"):
            use(settings, str(path))


# What to fetch of a repository


def remotes(*names: str) -> list[Remote]:
    return [Remote(name, 10) for name in names]


def test_only_data_is_chosen_of_a_repository() -> None:
    engine, wanted = choose(
        "a/b",
        remotes(
            "model.safetensors", "config.json", "tokenizer.json", "merges.txt", "vocab.json", "README.md",
            "pytorch_model.bin", "modeling_b.py", "original/x.safetensors", "m.gguf", "chat_template.jinja", "notes.txt",
        ),
    )  # fmt: skip
    assert engine == "nf4"
    assert [remote.name for remote in wanted] == [
        "config.json", "tokenizer.json", "merges.txt", "vocab.json", "chat_template.jinja", "model.safetensors",
    ]  # fmt: skip


def test_of_several_quantisations_the_usual_one_or_the_named_one_is_chosen() -> None:
    files = remotes(
        "m-q2_k.gguf", "m-q4_k_m-00001-of-00002.gguf", "m-q4_k_m-00002-of-00002.gguf", "README.md"
    )
    engine, wanted = choose("a/b", files)
    assert engine == "gguf"
    assert [remote.name for remote in wanted] == [
        "m-q4_k_m-00001-of-00002.gguf",
        "m-q4_k_m-00002-of-00002.gguf",
    ]
    assert [remote.name for remote in choose("a/b", files, "m-q2_k.gguf")[1]] == ["m-q2_k.gguf"]
    with pytest.raises(ModelError, match="--file"):
        choose("a/b", remotes("m-q2_k.gguf", "m-q8_0.gguf"))
    with pytest.raises(ModelError, match="has no GGUF file"):
        choose("a/b", files, "other.gguf")
    with pytest.raises(ModelError, match="00002-of-00002"):
        choose("a/b", remotes("m-00001-of-00002.gguf"))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["config.json", "pytorch_model.bin"], "pickles only"),
        (["README.md"], "no weights"),
        (["adapter_model.safetensors"], "no whole model"),
    ],
)
def test_what_cannot_be_used_is_not_fetched(names: list[str], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        choose("a/b", remotes(*names))


# Which model answers


def test_without_a_word_the_embedded_model_answers(settings: Settings) -> None:
    place = settings.downloads / EMBEDDED.file.name  # type: ignore[union-attr]
    assert chosen(settings) == Choice(AUTO, place, "qwen2.5-coder-1.5b")  # type: ignore[arg-type]


def test_a_kept_choice_holds_until_default(settings: Settings, tmp_path: Path) -> None:
    path = make_gguf(tmp_path / "own.gguf")
    assert use(settings, str(path)).name == "own"
    assert chosen(settings) == Choice(AUTO, path, "own")  # type: ignore[arg-type]
    folder = make_pulled(settings, "Acme/Small-7B")
    use(settings, "Acme/Small-7B")
    assert chosen(settings) == Choice("nf4", folder, "Acme/Small-7B")
    use(settings, "default")
    assert chosen(settings).name == EMBEDDED.name
    use(settings, "default")


def test_a_catalogue_model_goes_by_its_name(settings: Settings) -> None:
    with pytest.raises(ModelError, match="models pull qwen3-4b"):
        use(settings, "qwen3-4b")
    make_pulled(settings, "Qwen/Qwen3-4B-Instruct-2507")
    assert use(settings, "Qwen/Qwen3-4B-Instruct-2507").name == "qwen3-4b"
    [row] = [row for row in listing(settings) if row.in_use]
    assert (row.name, row.here) == ("qwen3-4b", True)


def test_the_environment_wins(settings: Settings, tmp_path: Path) -> None:
    use(settings, str(make_folder(tmp_path / "kept")))
    own = make_gguf(tmp_path / "own.gguf")
    by_path = settings.model_copy(update={"model_path": own})
    assert chosen(by_path) == Choice(AUTO, own, "own")  # type: ignore[arg-type]
    assert overruled(by_path) == ["SHOPWRIGHT_MODEL_PATH"]
    by_id = settings.model_copy(update={"model": "Acme/Other"})
    assert chosen(by_id) == Choice("nf4", "Acme/Other", "Acme/Other")
    forced = settings.model_copy(update={"model": str(own), "engine": "nf4"})
    assert chosen(forced) == Choice("nf4", own, "own")
    remote = settings.model_copy(
        update={"engine": "remote", "remote_url": "http://127.0.0.1:1/v1", "remote_model": "m"}
    )
    assert chosen(remote) == Choice("remote", "http://127.0.0.1:1/v1", "m")
    with pytest.raises(ModelError, match="SHOPWRIGHT_ENGINE is gguf"):
        chosen(settings.model_copy(update={"engine": "gguf"}))
    with pytest.raises(ModelError, match="SHOPWRIGHT_MODEL is 'nonsense'"):
        chosen(settings.model_copy(update={"model": "nonsense"}))
    folder = make_pulled(settings, "Acme/Other")
    assert chosen(by_id).source == folder
    embedded = settings.model_copy(update={"model": "qwen2.5-coder-0.5b", "engine": "nf4"})
    assert str(chosen(embedded).source).endswith("0.5b-instruct-q4_k_m.gguf")


def test_a_choice_that_is_damaged_or_gone_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    path = make_gguf(tmp_path / "own.gguf")
    use(settings, str(path))
    path.unlink()
    with pytest.raises(ModelError, match=r"gone.*use default"):
        chosen(settings)
    assert not any(row.in_use for row in listing(settings))
    choice_file(settings).write_text('{"name": ')
    with pytest.raises(ModelError, match=r"damaged.*use default"):
        chosen(settings)


def test_verify_finds_what_changed(settings: Settings) -> None:
    def quiet(_step: str, _done: int, _total: int) -> None:
        """Nobody watches."""

    folder = make_pulled(settings, "Acme/Small-7B")
    assert verify(settings, "Acme/Small-7B", quiet) == (folder, "manifest of the pull")
    (folder / "tokenizer.json").write_text("[]")
    with pytest.raises(ModelError, match=r"tokenizer\.json is damaged.*models pull Acme/Small-7B"):
        verify(settings, "Acme/Small-7B", quiet)
    folder = make_pulled(settings, "Acme/Other")
    (folder / "extra.safetensors").write_bytes((folder / "model-00001-of-00002.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"extra\.safetensors was not pulled"):
        verify(settings, str(folder), quiet)
    (folder / "shopwright-manifest.json").write_text("{}")
    assert [model.repository for _, model in pulled(settings)] == ["Acme/Small-7B"]
    with pytest.raises(ModelError, match="pull the model again"):
        find(settings, "Acme/Other")
    embedded = make_gguf(settings.downloads / "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf")
    with pytest.raises(ModelError, match=rf"{embedded.name} is damaged: its SHA-256"):
        verify(settings, "default", quiet)
