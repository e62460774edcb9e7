"""The GPU bench's two sides on a tiny model, which a processor runs, too."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("bitsandbytes")
pytest.importorskip("transformers")

from shopwright.agent.engines.weights import bytes_a_token  # noqa: E402
from shopwright.evals.errors import EvalError  # noqa: E402
from shopwright.evals.peers.generation import Load, ours, peer, prompts, speed  # noqa: E402
from shopwright.evals.peers.gpu import check_device, measure_subjects, report  # noqa: E402
from shopwright.evals.peers.nf4_models import TINY, random_weights  # noqa: E402


@pytest.fixture(scope="module")
def model() -> Any:
    return random_weights(TINY, "cpu")


def test_linear_layers_are_in_four_bits_and_the_head_is_not(model: Any) -> None:
    layer = model.model.layers[0]
    assert layer.mlp.up_proj.weight.dtype == torch.uint8
    assert model.lm_head.weight.dtype == torch.bfloat16
    assert bytes_a_token(model) > 512 * 128 * 2  # the head alone
    assert bytes_a_token(model) < sum(p.numel() * p.element_size() for p in model.parameters()) + 10_000


def test_both_sides_decode_the_same_load(model: Any) -> None:
    load = Load(batch=2, prompt=12, new=6)
    assert prompts(model, load) == prompts(model, load)
    for side in (peer, ours):
        measured = side(model, load)
        assert measured.tokens_a_second > 0
        assert measured.seconds > 0


def test_prefill_is_taken_off() -> None:
    assert speed(Load(4, 10, 11), first=1.0, whole=3.0).tokens_a_second == 20.0


def test_figures_by_model_and_batch(model: Any) -> None:
    found = measure_subjects({"tiny": lambda: model}, 1e9, 12, 4, (1, 2))
    rows = found["models"]["tiny"]["batches"]
    assert set(rows) == {"1", "2"}
    assert found["models"]["tiny"]["roofline"]["share_reached"] > 0
    assert "tiny, batch 2" in report(found)


def test_without_a_device_there_is_a_sentence() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a device")
    with pytest.raises(EvalError, match="needs a CUDA device"):
        check_device()
