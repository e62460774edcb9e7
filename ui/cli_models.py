"""`shopwright models`: which language models there are, fetching, choosing and checking them."""

from typing import TYPE_CHECKING, Annotated

import typer

from shopwright.ui.cli_output import chinese, emit, emit_json, load_settings, note, pick

if TYPE_CHECKING:
    from shopwright.agent.models import Choice, Listed
    from shopwright.knowledge.settings import Settings

app = typer.Typer(help="Language models: list, fetch, choose and check them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="A name that `list` shows, or a hub id (owner/name).")]
OrPath = Annotated[
    str, typer.Argument(help="A name that `list` shows, a pulled hub id, a folder or a GGUF file.")
]


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON value a line.")] = False) -> None:
    """List the models that are supported or were pulled, and which one is in use."""
    from dataclasses import asdict

    from shopwright.agent.models import listing

    settings = load_settings()
    listed = listing(settings)
    if as_json:
        for model in listed:
            emit_json(asdict(model))
    else:
        _table(listed)
        _say_in_use(settings)


@app.command()
def pull(
    name: Name,
    file: Annotated[str, typer.Option(help="Which of a repository's GGUF files.")] = "",
) -> None:
    """Fetch a model: safetensors or GGUF with its tokenizer, at one commit; never pickles, never code."""
    from shopwright.agent.model_pull import pull as fetch
    from shopwright.ui.progress import ProgressReport

    settings = load_settings()
    with ProgressReport() as progress:
        path = fetch(settings, name, progress, file=file)
    emit(str(path))
    note(pick(f"It is here. To answer with it: `shopwright models use {name}`.",
              f"已就绪。启用:`shopwright models use {name}`。"))  # fmt: skip


@app.command()
def use(name: OrPath) -> None:
    """Answer with this model from the next start on; `default` goes back to the automatic choice."""
    from shopwright.agent.models import chosen, overruled
    from shopwright.agent.models import use as keep

    settings = load_settings()
    kept = keep(settings, name)
    emit(pick(f"In use: {kept.name} ({kept.source})", f"使用中:{kept.name}({kept.source})"))
    _warn_of_engine(kept)
    if overruled(settings) and chosen(settings).source != kept.source:
        names = ", ".join(overruled(settings))
        note(pick(f"! {names} is set and wins over this choice. Unset it to answer with {kept.name}.",
                  f"! 已设置 {names},优先于此选择。取消设置后才会使用 {kept.name}。"))  # fmt: skip
    note(pick("A running web app takes it up when it is started again.", "正在运行的网页应用重启后生效。"))


@app.command()
def verify(
    name: Annotated[
        str, typer.Argument(help="A name, pulled hub id or path; without it, the one in use.")
    ] = "",
) -> None:
    """Hash a model's files against its pins or its manifest, and read their headers."""
    from shopwright.agent.model_store import verify as check
    from shopwright.agent.models import chosen
    from shopwright.ui.progress import ProgressReport

    settings = load_settings()
    if not name and settings.engine == "remote":
        emit(pick("The remote engine has no files here.", "远程引擎在本机没有文件。"))
        return
    with ProgressReport() as progress:
        path, how = check(settings, name or str(chosen(settings).source), progress)
    emit(pick(f"✓ {path}: in order ({how})", f"✓ {path}:完好({how})"))


def _table(listed: "list[Listed]") -> None:
    from rich.console import Console
    from rich.table import Table

    heads = pick(
        "name,engine,size,licence,card,context,here,why", "名称,引擎,大小,许可证,显卡,上下文,已下载,说明"
    )
    table = Table(*heads.split(","))
    for model in listed:
        table.add_row(
            f"{'▸ ' if model.in_use else '  '}{model.name}",
            model.engine,
            f"{model.bytes / 1e9:.1f} GB",
            model.licence,
            f"{model.card_gib} GB" if model.card_gib else "–",
            f"{model.context_tokens:,}" if model.card_gib else "–",
            "✓" if model.here else "",
            model.why_zh if chinese() else model.why,
        )
    console = Console()
    # A log has no width: there the table is as wide as it needs to be to stay readable.
    (console if console.is_terminal else Console(width=180)).print(table)


def _say_in_use(settings: "Settings") -> None:
    from shopwright.agent.models import chosen, overruled

    choice = chosen(settings)
    note(
        pick(
            f"▸ in use: {choice.name} with the {choice.engine} engine",
            f"▸ 使用中:{choice.name},引擎 {choice.engine}",
        )
    )
    if overruled(settings):
        names = ", ".join(overruled(settings))
        note(pick(f"  as {names} says", f"  由 {names} 指定"))
    note(
        pick(
            "Sizes of nf4 models are computed from their shapes; context is what fits beside them on the "
            "card, over all conversations.",
            "nf4 模型的大小由其结构计算得出;上下文是显卡上除权重外、所有对话合计可容纳的词元数。",
        )
    )


def _warn_of_engine(choice: "Choice") -> None:
    from shopwright.agent.engines.hardware import cuda_available, missing_for_nf4

    if choice.engine != "nf4":
        return
    missing = ", ".join(missing_for_nf4())
    if missing:
        note(pick(f"! It needs packages that are missing ({missing}): `pip install \"shopwright[gpu]\"`.",
                  f"! 缺少所需的软件包({missing}):`pip install \"shopwright[gpu]\"`。"))  # fmt: skip
    elif not cuda_available():
        note(pick("! There is no CUDA card here: it will run on the CPU, slowly.",
                  "! 本机没有 CUDA 显卡:将在 CPU 上运行,速度较慢。"))  # fmt: skip
