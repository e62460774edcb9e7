"""What the commands write where: data to stdout, everything else to stderr, failures to a log file."""

import json
import logging
import os
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from traceback import walk_tb
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from shopwright.knowledge.finding import Finding
    from shopwright.knowledge.settings import Settings

LOG = logging.getLogger("shopwright.cli")


class RefusedError(Exception):
    """A failure that the person can do something about; the message says what, and to what."""

    def __init__(self, en: str, zh: str = "", *, code: int = 1) -> None:
        super().__init__(pick(en, zh or en))
        self.code = code


def chinese() -> bool:
    """Whether the terminal's locale asks for Chinese."""
    asked = next((os.environ[v] for v in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(v)), "")
    return asked.lower().startswith("zh")


def pick(en: str, zh: str) -> str:
    """The sentence in the terminal's language."""
    return zh if chinese() else en


def note(text: str) -> None:
    """Tell the person something, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def emit(text: str) -> None:
    """Write one line of data to stdout, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def emit_json(value: Any) -> None:
    """Write a JSON value as one line, at once."""
    emit(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))


def claim_stdout() -> None:
    """Keep stdout for data: what native libraries print to descriptor 1 goes to stderr from now on.

    A terminal is left alone: there both end on the same screen, and line editing needs the original.
    """
    if sys.stdout.isatty():
        return
    sys.stdout.flush()
    data: IO[str] = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(2, 1)
    sys.stdout = data


def load_settings() -> "Settings":
    """The settings in force; a wrong one is named. Failures are logged under the data folder from now on."""
    from pydantic import ValidationError

    from shopwright.knowledge.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"SHOPWRIGHT_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        )
        raise RefusedError(f"A setting is wrong. {wrong}", f"设置有误。{wrong}", code=2) from error
    _log_to(log_file(settings))
    return settings


def require_database(settings: "Settings") -> None:
    """Refuse to go on when the database cannot be worked with at all."""
    from shopwright.knowledge.doctor_shop import unreachable

    _refuse(unreachable(settings))


def require_shop(settings: "Settings") -> None:
    """Refuse to go on, with what to do, unless the database is there, current and holds products."""
    from shopwright.knowledge.doctor_shop import look_at_database

    _refuse(look_at_database(settings))


def _refuse(finding: "Finding | None") -> None:
    if finding is not None and finding.status == "missing":
        raise RefusedError(f"{finding.found}. {finding.remedy}", f"{finding.found_zh}。{finding.remedy_zh}")


def log_file(settings: "Settings") -> Path:
    """Where failures are logged."""
    return settings.data_dir / "logs" / "shopwright.log"


def _log_to(path: Path) -> None:
    root = logging.getLogger("shopwright")
    for handler in [h for h in root.handlers if isinstance(h, _LateFile)]:
        root.removeHandler(handler)
        handler.close()
    handler = _LateFile(path, maxBytes=2_000_000, backupCount=3, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)


class _LateFile(RotatingFileHandler):
    """A log file whose folder, too, is made with the first line: looking around leaves no trace."""

    def _open(self) -> Any:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """A folder that cannot be written must not turn one failure into two."""


def log_failure(error: BaseException) -> str:
    """Log an unforeseen failure with its traceback; return the id under which it stands."""
    number = uuid4().hex[:8]
    LOG.error("failure %s", number, exc_info=error)
    return number


def sentence(error: BaseException) -> str:
    """What to tell a person about a failure: its own words when it was foreseen, else a logged id."""
    if is_known(error):
        LOG.info("refused: %s", error, exc_info=error)
        if isinstance(error, OSError) and error.strerror:
            return f"{error.filename or ''}: {error.strerror}".removeprefix(": ")
        return str(error)
    number = log_failure(error)
    return pick(
        f"Something unforeseen went wrong ({type(error).__name__}). "
        f"It is logged as {number} in logs/shopwright.log of the data folder.",
        f"出现了意外错误({type(error).__name__}),已记录在数据目录的 logs/shopwright.log 中,编号 {number}。",
    )


def is_known(error: BaseException) -> bool:
    """Whether the failure was foreseen, so that its message is made for people.

    Foreseen are our own exceptions, the system's (a missing file, a full disk), and the plain built-in
    ones that our own code raised itself; the same from deep inside a library are not.
    """
    if isinstance(error, OSError) or type(error).__module__.startswith("shopwright."):
        return True
    slips = (KeyError, IndexError, UnicodeError)
    plain = isinstance(error, ValueError | LookupError | RuntimeError) and not isinstance(error, slips)
    return plain and _raised_by_us(error)


def _raised_by_us(error: BaseException) -> bool:
    frames = list(walk_tb(error.__traceback__))
    return bool(frames) and str(frames[-1][0].f_globals.get("__name__", "")).startswith("shopwright.")


def run_guarded(command: Callable[[], object]) -> int:
    """Run a command; return its exit code, with every failure said on stderr and none as a traceback."""
    try:
        command()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except KeyboardInterrupt:
        note(pick("Stopped.", "已停止。"))
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the outermost frame: every failure becomes a sentence
        note(sentence(error))
        return error.code if isinstance(error, RefusedError) else 1
    return 0
