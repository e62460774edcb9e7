"""Every setting of Shopwright, in one class, read from `SHOPWRIGHT_*` environment variables."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_data_dir() -> Path:
    """The folder that holds everything Shopwright stores when no setting says otherwise."""
    return Path.home() / ".local" / "share" / "shopwright"


class Settings(BaseSettings):
    """Shopwright's settings; each is explained by its description."""

    model_config = SettingsConfigDict(env_prefix="SHOPWRIGHT_", extra="ignore")

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="One folder for everything: database, vector index, fitted models, downloads.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL; empty means SQLite (WAL) at data_dir/shop.db. PostgreSQL: "
        "postgresql+psycopg://user:password@host/name.",
    )
    engine: Literal["auto", "gguf", "nf4", "remote"] = Field(
        default="auto",
        description="Which chat model engine answers; auto picks nf4 where CUDA is found, else gguf.",
    )
    model: str = Field(
        default="",
        description="What the nf4 engine loads: a hub id, a folder of safetensors or a GGUF file; empty "
        "means the choice of `shopwright models use`, else the embedded model.",
    )
    adapter: str = Field(
        default="", description="A LoRA adapter for the nf4 engine: a folder or a hub id; empty means none."
    )
    model_path: Path | None = Field(
        default=None, description="A GGUF file to use instead of the embedded model's download."
    )
    model_threads: int = Field(
        default=0, ge=0, le=256, description="CPU threads for the embedded model; 0 means one per core."
    )
    model_context: int = Field(
        default=4096, ge=2048, le=32768, description="Context length in tokens of one conversation."
    )
    model_slots: int = Field(
        default=4, ge=1, le=32, description="Conversations whose KV cache is kept at the same time."
    )
    choose_step: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether choosing a tool is a constrained step of its own; auto does what measured best.",
    )
    gpu_memory_gb: float = Field(
        default=0.0, ge=0, description="The most GPU memory the nf4 engine may take; 0 means no limit."
    )
    remote_url: str = Field(
        default="", description="Base URL of an OpenAI-compatible server, e.g. http://127.0.0.1:8000/v1."
    )
    remote_model: str = Field(default="", description="Model name to ask the remote server for.")
    remote_api_key: SecretStr = Field(
        default=SecretStr(""), description="API key for the remote server; empty when it needs none."
    )
    remote_timeout_seconds: float = Field(
        default=60.0, gt=0, description="Longest silence accepted from the remote server."
    )
    remote_retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Further tries when the remote server refuses or cannot be reached.",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token for /metrics; while it is empty only this machine itself may read them.",
    )
    traces: str = Field(
        default="",
        description="Where every turn is told as an OpenTelemetry trace (OpenInference conventions): a file "
        "of OTLP JSON lines, or the http(s) URL of a collector; empty means nowhere.",
    )
    traces_text: bool = Field(
        default=False,
        description="Whether traces hold what was asked, called and answered, and by whom; else they hold "
        "names, counts and times only.",
    )
    currency: str = Field(default="$", description="Symbol put before amounts of money.")
    k_anonymity: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Segments of fewer customers are not listed or broken down; 1 lifts the limit.",
    )
    gross_margin: float = Field(
        default=0.25, ge=0, le=1, description="Share of sales that is left after the cost of goods."
    )
    contact_cost: float = Field(
        default=0.5, ge=0, description="What it costs to send a campaign to one customer, in the currency."
    )
    host: str = Field(default="127.0.0.1", description="Address the web app listens on.")
    port: int = Field(default=7860, ge=0, le=65535, description="Port of the web app; 0 picks a free one.")
    shop_origins: str = Field(
        default="",
        description="Origins of the shop's own pages that may show the widget, with commas between: "
        "https://shop.example,https://www.shop.example. The console is never shown in a frame.",
    )

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'shop.db'}"

    @property
    def downloads(self) -> Path:
        """Where fetched model files and data sets are kept."""
        return self.data_dir / "downloads"

    @property
    def index_dir(self) -> Path:
        """Chroma's folder; one process owns it at a time."""
        return self.data_dir / "index"

    @property
    def models_dir(self) -> Path:
        """Where models fitted on the shop's data are saved, one folder each."""
        return self.data_dir / "models"

    @property
    def cache_dir(self) -> Path:
        """What can be thrown away and made again, such as saved KV caches."""
        return self.data_dir / "cache"
