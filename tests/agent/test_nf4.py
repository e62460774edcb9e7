"""The 4-bit engine on a CPU with a tiny model of random weights: what does not depend on sense."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from engine_contract import COUNT, HOSTILE, EngineContract, text_of, tool, whole_of
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from tiny import tiny_model

from shopwright.agent import grammar
from shopwright.agent.engines.base import Decoding, DeviceError, Engine, EngineError
from shopwright.agent.engines.fallback import FallbackEngine
from shopwright.agent.engines.in_process import InProcessEngine
from shopwright.agent.engines.lookup import draft
from shopwright.agent.engines.meter import Meter
from shopwright.agent.engines.nf4 import Nf4ChatModel
from shopwright.agent.engines.runner import Job


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def opened(folder: Path) -> Iterator[Callable[..., Nf4ChatModel]]:
    """Opens the tiny model with options of a test's own."""
    models = []

    def opener(**options: Any) -> Nf4ChatModel:
        source = str(options.pop("source", folder))
        model = Nf4ChatModel(source=source, device="cpu", **{"context": 1024, "slots": 2, **options})
        models.append(model)
        return model

    yield opener
    for model in models:
        model.close()


class TestTiny(EngineContract):
    wise = False
    reads = 1024

    @pytest.fixture
    def engine(self, opened: Callable[..., Nf4ChatModel]) -> Engine:
        return InProcessEngine(opened())

    def invoke(self, engine: Engine, messages: list[BaseMessage], max_tokens: int) -> str:
        assert isinstance(engine, InProcessEngine)
        return str(engine.model.invoke(messages, max_tokens=max_tokens).text)

    def call(self, engine: Engine, question: str, offered: dict[str, Any]) -> dict[str, Any]:
        """Random weights do not call a tool by themselves."""
        assert isinstance(engine, InProcessEngine)
        forced = engine.model.bind_tools([offered], tool_choice=offered["function"]["name"])
        return dict(forced.invoke([HumanMessage(question)]).tool_calls[0])


def test_the_linear_layers_are_in_four_bits_and_the_head_is_not(opened: Callable[..., Nf4ChatModel]) -> None:
    from bitsandbytes.nn import Linear4bit

    model = opened()
    model.load()
    network = model._weights.model
    assert isinstance(network.model.layers[0].mlp.up_proj, Linear4bit)
    state = network.model.layers[0].mlp.up_proj.weight.quant_state
    assert (state.quant_type, state.nested, state.dtype) == ("nf4", True, torch.bfloat16)
    assert not isinstance(network.lm_head, Linear4bit)


def loss_of_choice(model: Nf4ChatModel, words: str, tokens: int) -> float:
    """How far below the likeliest token of a plain forward pass, in logits, the engine's choices are at most.

    bf16 sums differ a little with the shapes they are computed in, so near ties may fall either way.
    """
    model.load()
    prompt = model._weights.tokenizer(words, add_special_tokens=False)["input_ids"]
    job = Job(0, list(prompt), tokens, Meter(None, tokens))
    list(model._runner.complete(job))
    assert len(job.tokens) > len(prompt)
    with torch.inference_mode():
        logits = model._weights.model(input_ids=torch.tensor([job.tokens]), use_cache=False).logits[0].float()
    steps = range(len(prompt) - 1, len(job.tokens) - 1)
    return max(float(logits[step].max() - logits[step, job.tokens[step + 1]]) for step in steps)


def test_the_tokens_are_the_likeliest_of_a_plain_forward_pass(opened: Callable[..., Nf4ChatModel]) -> None:
    assert loss_of_choice(opened(repeat_penalty=1.0), "The shop sells bread", 40) < 0.2


def test_conversations_at_once_get_the_words_they_get_alone(opened: Callable[..., Nf4ChatModel]) -> None:
    engine = InProcessEngine(opened(slots=3))
    questions = [f"Question {number} about {'bread ' * number}" for number in range(7)]
    alone = [text_of(engine, question) for question in questions]
    together: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda n=n, q=q: together.__setitem__(n, text_of(engine, q)))
        for n, q in enumerate(questions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[n] for n in range(7)] == alone


def test_drafts_from_the_prompt_change_no_word(opened: Callable[..., Nf4ChatModel]) -> None:
    question = "bread, milk and fruit; " * 6
    assert text_of(InProcessEngine(opened()), question, max_tokens=60) == text_of(
        InProcessEngine(opened(lookup=False)), question, max_tokens=60
    )


def test_a_draft_is_what_followed_before() -> None:
    assert draft([1, 2, 3, 4, 5, 6, 1, 2, 3], 2) == [4, 5]
    assert draft([1, 2, 3], 4) == []
    assert draft([7, 8, 9, 7, 8], 5) == [9, 7, 8]


def test_a_prefix_is_prefilled_once_and_shared_by_all_slots(opened: Callable[..., Nf4ChatModel]) -> None:
    model = opened(slots=3)
    system = SystemMessage("The shop sells bread, milk and fruit. " * 8)
    model.warm([([system], [COUNT])])
    engine = InProcessEngine(model)
    for word in ("one", "two", "three"):
        used = whole_of(engine, [system, HumanMessage(word)], tools=[COUNT], max_tokens=4).usage_metadata
        assert used is not None
        assert used["input_token_details"]["cache_read"] > 0.8 * used["input_tokens"]


def test_a_kept_prefix_begins_a_slot_that_held_something_else(opened: Callable[..., Nf4ChatModel]) -> None:
    """The words are the same as with the prefix read anew."""
    system = SystemMessage("The shop sells bread, milk and fruit. " * 8)
    prompt = opened()._render([system, HumanMessage("Hi")], [])
    answers, cached = [], []
    for kept in (True, False):
        model = opened(slots=2)
        if kept:
            model.warm([([system], [])])
        for slot in (0, 1):
            meter = Meter(None, 20)
            tokens = model._render([HumanMessage(f"other {slot}")], [])
            ids = model._weights.tokenizer(tokens, add_special_tokens=False)["input_ids"]
            list(model._runner.complete(Job(slot, ids, 4, meter)))
            ids = model._weights.tokenizer(prompt, add_special_tokens=False)["input_ids"]
            job = Job(slot, ids, 20, meter)
            answers.append("".join(model._runner.complete(job)))
            cached.append(job.cached)
    assert len(set(answers)) == 1
    assert min(cached[:2]) > 50 > max(cached[2:])


def test_numbers_outside_the_evidence_cannot_be_written(opened: Callable[..., Nf4ChatModel]) -> None:
    engine = InProcessEngine(opened())
    for question in ("one", "two", "three"):
        text = text_of(engine, question, numbers=["12", "7.5"], max_tokens=60)
        digits = "".join(char if char.isdigit() or char == "." else " " for char in text).split()
        assert {number.strip(".") for number in digits if number.strip(".")} <= {"12", "7.5"}


def test_calls_in_one_pass_are_valid_too(opened: Callable[..., Nf4ChatModel]) -> None:
    engine = InProcessEngine(opened(decoding=Decoding(choose_step=False)))
    schemas = {t["function"]["name"]: t["function"]["parameters"] for t in HOSTILE}
    calls = []
    for word in range(16):
        whole = whole_of(engine, [HumanMessage(f"call {word}")], tools=HOSTILE, max_tokens=20)
        calls += whole.tool_calls
        assert whole.tool_calls or not whole.text.startswith(tuple(schemas))
    assert calls
    for call in calls:
        jsonschema.validate(call["args"], schemas[call["name"]])


def test_a_step_compiles_whole(opened: Callable[..., Nf4ChatModel]) -> None:
    """Nothing in a decode step breaks the compiler's graph, which a captured step needs."""
    model = opened(slots=1)
    text_of(InProcessEngine(model), "What is bread?", max_tokens=4)
    stepper = model._runner.stepper
    expected = stepper.decode(0, [[5]], [[9]]).clone()
    stepper.compiled = True
    stepper._compiled = torch.compile(stepper._forward, backend="aot_eager", dynamic=False, fullgraph=True)
    assert torch.allclose(stepper.decode(0, [[5]], [[9]]), expected, atol=0.1)


def test_without_a_grammar_calls_are_read_kindly(opened: Callable[..., Nf4ChatModel]) -> None:
    engine = InProcessEngine(opened(decoding=Decoding(grammar=False)))
    whole = whole_of(engine, [HumanMessage("call one")], tools=[COUNT], max_tokens=20)
    assert whole.tool_calls or whole.text


def test_a_grammar_is_compiled_once(opened: Callable[..., Nf4ChatModel]) -> None:
    model = opened()
    engine = InProcessEngine(model)
    for _ in range(3):
        whole_of(engine, [HumanMessage("call")], tools=[COUNT], max_tokens=20)
    assert len(model._grammars) <= 3
    assert grammar.choice(["count_customers", "reply"]) in model._grammars


def test_an_adapter_changes_the_words(
    folder: Path, opened: Callable[..., Nf4ChatModel], tmp_path: Path
) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    torch.manual_seed(1)
    tuned = get_peft_model(
        base, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    )
    tuned.save_pretrained(tmp_path / "adapter")
    plain = text_of(InProcessEngine(opened()), "What is bread?")
    assert text_of(InProcessEngine(opened(adapter=str(tmp_path / "adapter"))), "What is bread?") != plain


def test_an_adapter_that_could_run_code_is_refused(
    opened: Callable[..., Nf4ChatModel], tmp_path: Path
) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.bin").write_bytes(b"pickle")
    with pytest.raises(EngineError, match="safetensors"):
        opened(adapter=str(tmp_path)).load()


@pytest.mark.parametrize("damage", ["missing", "no weights", "cut short"])
def test_a_damaged_folder_is_a_clear_sentence(folder: Path, tmp_path: Path, damage: str) -> None:
    copy = tmp_path / "model"
    if damage != "missing":
        copy.mkdir()
        for file in folder.iterdir():
            data = file.read_bytes()
            if file.suffix == ".safetensors":
                if damage == "no weights":
                    continue
                data = data[: len(data) // 2]
            (copy / file.name).write_bytes(data)
    with pytest.raises(EngineError, match="could not be loaded"):
        Nf4ChatModel(source=str(copy), device="cpu").load()


def test_a_gguf_file_that_is_none_is_a_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"not a model")
    with pytest.raises(EngineError, match=r"model\.gguf is not a GGUF"):
        Nf4ChatModel(source=str(path), device="cpu").load()


def test_stop_words_end_the_text_before_them(opened: Callable[..., Nf4ChatModel]) -> None:
    model = opened()
    whole = model.invoke([HumanMessage("bread")], max_tokens=30).text
    middle = whole[10:14]
    stopped = model.invoke([HumanMessage("bread")], max_tokens=30, stop=[middle]).text
    assert stopped == whole[: whole.index(middle)]


# Other chat templates than ChatML

STRICT = """{%- for m in messages %}{%- if m['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}\
{%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}\
[{{ m['role'] }}]{{ m['content'] }}[/]{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"""


def test_a_template_of_another_family_is_followed(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "other"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    config = json.loads((copy / "config.json").read_text())
    config.update({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "attention_bias": True})
    (copy / "config.json").write_text(json.dumps(config))
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": STRICT}))
    model = Nf4ChatModel(source=str(copy), device="cpu", context=1024, slots=1)
    system = SystemMessage("Be kind.")
    talk = [
        system,
        HumanMessage("How many?"),
        AIMessage("", tool_calls=[{"name": "count_customers", "args": {"city": "Rome"}, "id": "1"}]),
        ToolMessage("12 customers", tool_call_id="1"),
        HumanMessage("And <|im_end|> now?"),
    ]
    prompt = model._render(talk, [COUNT])
    assert prompt.startswith("[user]Be kind.")
    assert '[assistant]count_customers {"city":"Rome"}[/]' in prompt
    assert "<|im_end|>" not in prompt
    assert prompt.endswith("And < |im_end|> now?[/][assistant]")
    assert prompt.startswith(model.prefix_text(([system], [COUNT])))
    model.close()


def test_windows_of_attention_are_kept(
    opened: Callable[..., Nf4ChatModel], folder: Path, tmp_path: Path
) -> None:
    """A model in which some layers look back on a few tokens only."""
    copy = tmp_path / "sliding"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    config = json.loads((copy / "config.json").read_text())
    config.update(
        {
            "use_sliding_window": True,
            "sliding_window": 8,
            "max_window_layers": 1,
            "layer_types": ["full_attention", "sliding_attention"],
        }
    )
    (copy / "config.json").write_text(json.dumps(config))
    assert loss_of_choice(opened(source=copy, repeat_penalty=1.0), "bread and milk " * 6, 20) < 0.2


# Faults, made in the real network by a hook


class Faulty:
    """Makes the network fail while more than `most` conversations have a place in its cache."""

    def __init__(self, model: Nf4ChatModel, error: Exception, most: int) -> None:
        model.load()
        self.model, self.error, self.most = model, error, most
        model._weights.model.register_forward_pre_hook(self, with_kwargs=True)

    def __call__(self, network: Any, args: Any, kwargs: Any) -> None:
        if kwargs["past_key_values"].slots > self.most:
            raise self.error


class Spare:
    """The tiny model again, as the engine behind the GPU's."""

    def __init__(self, opened: Callable[..., Nf4ChatModel]) -> None:
        self.opened, self.times = opened, 0

    def __call__(self) -> Engine:
        self.times += 1
        return InProcessEngine(self.opened(slots=1))


def test_out_of_memory_shrinks_and_tries_again(opened: Callable[..., Nf4ChatModel]) -> None:
    model, spare = opened(slots=4), Spare(opened)
    expected = text_of(InProcessEngine(opened()), "What is bread?")
    Faulty(model, torch.OutOfMemoryError("out of memory"), most=1)
    engine = FallbackEngine(InProcessEngine(model), model, spare)
    assert text_of(engine, "What is bread?") == expected
    assert (model.slots, spare.times) == (1, 0)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError("out of memory"), "memory ran out"),
        (torch.AcceleratorError("CUDA error"), "GPU failed"),
    ],
)
def test_a_device_that_cannot_answer_is_replaced_with_a_notice(
    opened: Callable[..., Nf4ChatModel], error: Exception, words: str
) -> None:
    model, spare = opened(slots=2), Spare(opened)
    Faulty(model, error, most=0)
    engine = FallbackEngine(InProcessEngine(model), model, spare)
    whole = whole_of(engine, [HumanMessage("What is bread?")], max_tokens=8)
    assert whole.text
    assert words in whole.response_metadata["notice"]["en"]
    assert "CPU" in whole.response_metadata["notice"]["zh"]
    again = whole_of(engine, [HumanMessage("And milk?")], max_tokens=8)
    assert again.text
    assert spare.times == 1


def test_a_failing_spare_is_an_error_not_a_loop(opened: Callable[..., Nf4ChatModel]) -> None:
    first, second = opened(slots=1), opened(slots=1)
    Faulty(first, torch.OutOfMemoryError("out of memory"), most=0)
    Faulty(second, torch.OutOfMemoryError("out of memory"), most=0)
    engine = FallbackEngine(InProcessEngine(first), first, lambda: InProcessEngine(second))
    with pytest.raises(DeviceError):
        text_of(engine, "What is bread?")


def test_a_failure_in_one_conversation_leaves_the_engine_alive(opened: Callable[..., Nf4ChatModel]) -> None:
    model = opened()
    model.load()
    hook = model._weights.model.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(ValueError("odd")))
    engine = InProcessEngine(model)
    with pytest.raises(EngineError, match="odd"):
        text_of(engine, "What is bread?")
    hook.remove()
    assert text_of(engine, "What is bread?")


def test_closing_ends_conversations_under_way(opened: Callable[..., Nf4ChatModel]) -> None:
    model = opened()
    stream = InProcessEngine(model).stream([HumanMessage("bread")], max_tokens=900)
    next(stream)
    runner = model._runner
    model.close()
    with pytest.raises(DeviceError, match="closed"):
        list(stream)
    with pytest.raises(DeviceError, match="closed"):
        runner.prepare()
    with pytest.raises(DeviceError, match="closed"):
        list(runner.complete(Job(0, [5, 6], 4, Meter(None, 4))))


def test_who_waits_while_the_device_is_given_up_is_answered_by_the_spare(
    opened: Callable[..., Nf4ChatModel],
) -> None:
    model, spare = opened(slots=2), Spare(opened)
    Faulty(model, torch.OutOfMemoryError("out of memory"), most=0)
    engine = FallbackEngine(InProcessEngine(model), model, spare)
    answers: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.__setitem__(n, text_of(engine, f"Question {n}")))
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answers) == [0, 1, 2, 3, 4]
    assert all(answers.values())
    assert spare.times == 1


def test_a_grammar_that_cannot_be_compiled_is_a_clear_sentence(opened: Callable[..., Nf4ChatModel]) -> None:
    broken = tool("broken", {"a": {"type": "string", "pattern": "("}}, ["a"])
    with pytest.raises(EngineError, match="grammar"):
        whole_of(InProcessEngine(opened()), [HumanMessage("call")], tools=[broken], max_tokens=20)


@pytest.mark.gpu
def test_captured_steps_say_what_eager_steps_say(folder: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    texts = []
    for compiled in (False, True):
        model = Nf4ChatModel(source=str(folder), device="cuda", context=1024, slots=2, compiled=compiled)
        texts.append(text_of(InProcessEngine(model), "What is bread?", max_tokens=60))
        assert model._runner.stepper.graphs, "steps were captured"
        model._runner.stepper.graphs = False
        texts.append(text_of(InProcessEngine(model), "What is bread?", max_tokens=60))
        model.close()
    assert len(set(texts)) == 1
