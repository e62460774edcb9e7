"""`shopwright serve`: the web app in one process, with its address and the first password on the screen."""

import logging
import os
import socket
import sys
import threading
import time
import webbrowser
from contextlib import suppress
from typing import TYPE_CHECKING

from shopwright.ui.cli_output import RefusedError, note, pick, require_shop

if TYPE_CHECKING:
    import uvicorn

    from shopwright.knowledge.settings import Settings


def serve(settings: "Settings", *, host: str | None, port: int | None, browse: bool | None) -> None:
    """Serve until interrupted. The address is taken first, so that a busy port is said at once."""
    require_shop(settings)
    address = host or settings.host
    with listening(address, settings.port if port is None else port) as taken:
        settings = settings.model_copy(update={"host": address, "port": taken.getsockname()[1]})
        _tell_first_user(settings)
        note(pick("Starting…", "正在启动……"))
        _run(settings, taken, browse=_has_screen() if browse is None else browse)


def listening(host: str, port: int) -> socket.socket:
    """A socket that holds the address; connections wait until the app answers. RefusedError if taken."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
    except OSError as error:
        raise RefusedError(
            f"{host} is no address to listen on: {error}", f"{host} 不是可监听的地址:{error}"
        ) from error
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(address)
        taken.listen(128)
    except OSError as error:
        taken.close()
        raise RefusedError(
            f"Cannot listen on {host}:{port}: {error.strerror}. "
            "Stop the program that uses it, or choose another port; `shopwright serve --port 0` finds one.",
            f"无法监听 {host}:{port}:{error.strerror}。请停止占用它的程序,"
            "或换一个端口:`shopwright serve --port 0` 会自动选择空闲端口。",
        ) from error
    return taken


def _tell_first_user(settings: "Settings") -> None:
    from shopwright.knowledge.database import open_database
    from shopwright.knowledge.users import FIRST_PASSWORD_FILE, Users

    engine = open_database(settings.database)
    made = Users(engine, settings.data_dir).add_first()
    engine.dispose()
    kept = settings.data_dir / FIRST_PASSWORD_FILE
    if made is not None:
        name, password = made
        note(pick(f"Sign in as {name} with the password {password}", f"登录用户名:{name},密码:{password}"))
        note(pick(f"(kept in {kept} until it is changed)", f"(保存在 {kept},修改密码后删除)"))
    elif kept.is_file():
        note(pick(f"The first password is still in {kept}", f"初始密码仍保存在 {kept}"))


def _has_screen() -> bool:
    graphical = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stderr.isatty() and bool(graphical or sys.platform in ("darwin", "win32"))


def _run(settings: "Settings", taken: socket.socket, *, browse: bool) -> None:
    import uvicorn

    from shopwright.ui.app import create_app

    started = time.monotonic()
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    server = uvicorn.Server(config)
    threading.Thread(target=_announce, args=(server, settings, started, browse), daemon=True).start()
    with suppress(KeyboardInterrupt):  # raised again by uvicorn after an orderly end
        server.run(sockets=[taken])
    note(pick("Stopped.", "已停止。"))
    # The model may still be loading in a thread of native code, which Python's orderly end would abort
    # with a core dump. The server has closed its connections, and the database survives any end.
    logging.shutdown()
    os._exit(0)


def _announce(server: "uvicorn.Server", settings: "Settings", started: float, browse: bool) -> None:
    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.05)
    url = url_of(settings)
    seconds = time.monotonic() - started
    note(
        pick(
            f"Shopwright is at {url} (started in {seconds:.1f} s; Ctrl-C stops it)",
            f"Shopwright 已启动:{url}(用时 {seconds:.1f} 秒,按 Ctrl-C 停止)",
        )
    )
    if browse:
        webbrowser.open(url)


def url_of(settings: "Settings") -> str:
    """The address a person types; a wildcard host is reached as 127.0.0.1."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - read, not bound
    return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.port}"
