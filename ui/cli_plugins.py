"""Commands that rooms beside ui add to `shopwright`, found by entry point and loaded when asked for."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from shopwright.ui.cli_output import RefusedError, load_settings, pick

GROUP = "shopwright.commands"


@cache
def plugins() -> Mapping[str, EntryPoint]:
    """The declared commands by name; none of them is loaded."""
    return {point.name: point for point in entry_points(group=GROUP)}


class PluggableGroup(TyperGroup):
    """A group of commands that also holds the declared ones. Each is loaded alone, when it is asked for.

    One that cannot be loaded stays in the list, says why when it is run, and disturbs no other.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Our own commands, then the added ones; ours win where names meet."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in plugins() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Our own command of that name, else the added one."""
        own = super().get_command(ctx, cmd_name)
        if own is not None or cmd_name not in plugins():
            return own
        command = _loaded(plugins()[cmd_name])
        command.name = cmd_name
        return command


def _loaded(point: EntryPoint) -> Any:
    try:
        added = point.load()
        return typer.main.get_group(added) if isinstance(added, typer.Typer) else added
    except Exception as error:  # noqa: BLE001 - whatever is wrong with an added command is its own affair
        return _absent(point, error)


def _absent(point: EntryPoint, error: Exception) -> Any:
    reason = f"{type(error).__name__}: {error}"
    app = typer.Typer(add_completion=False)
    allow = {"allow_extra_args": True, "ignore_unknown_options": True}

    @app.command(help=pick(f"Not available: {reason}", f"不可用:{reason}"), context_settings=allow)
    def say_so() -> None:
        load_settings()  # so that the log gets the whole of it
        raise RefusedError(
            f"`shopwright {point.name}` could not be loaded ({reason}). Install what it needs, or reinstall "
            "Shopwright; the other commands work without it.",
            f"无法加载 `shopwright {point.name}`({reason})。请安装其依赖或重新安装 Shopwright。",
        ) from error

    return typer.main.get_command(app)
