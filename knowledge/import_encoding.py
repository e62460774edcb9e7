"""In which encoding a CSV file is written, and how many lines it has; read once, in blocks."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

BLOCK = 1 << 20
UNREADABLE = (OSError, EOFError, zlib.error, UnicodeError)
"""What opening and reading a file, packed or not, may raise."""

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_KNOWN_STARTS = {b"PK\x03\x04": "zip, xlsx", b"PAR1": "Parquet", b"\x1f\x8b": "gzip", b"%PDF": "PDF"}


@dataclass(frozen=True)
class TextForm:
    """How to decode a file. `clean`: every byte decodes; `binary` says what it is when no text."""

    encoding: str
    lines: int
    clean: bool = True
    binary: str = ""


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of `path`, unpacked where its name ends in .gz."""
    if path.name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def inspect_text(path: Path) -> TextForm:
    """Find out how `path` is written. Raises one of `UNREADABLE` where it cannot be read."""
    with open_bytes(path) as stream:
        head = stream.read(BLOCK)
    if binary := _binary(head):
        return TextForm("utf-8", 0, binary=binary)
    lines = _count_lines(path)
    if _decodes(path, "utf-8"):
        return TextForm("utf-8-sig", lines)
    if _is_gb18030(path):
        return TextForm("gb18030", lines)
    return TextForm("utf-8-sig", lines, clean=False)


def _binary(head: bytes) -> str:
    if head.startswith(_WIDE):
        return "UTF-16"
    for start, name in _KNOWN_STARTS.items():
        if head.startswith(start):
            return name
    return "NUL bytes" if b"\0" in head.split(b"\n", 1)[0] else ""


def _blocks(path: Path) -> Iterator[bytes]:
    with open_bytes(path) as stream:
        while block := stream.read(BLOCK):
            yield block


def _count_lines(path: Path) -> int:
    """About: a lone carriage return counts as well, a split pair of both counts twice."""
    return sum(block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n") for block in _blocks(path))


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_gb18030(path: Path) -> bool:
    """Whether a file that is not UTF-8 is Chinese text in GB18030, and not a few stray bytes.

    Any file valid in GB18030 could be meant; so most lines beyond ASCII must fail as UTF-8, and most
    characters must be symbols or common ones (GB2312's first level), which Western accents are not.
    """
    if not _decodes(path, "gb18030"):
        return False
    broken = whole = common = others = 0
    with open_bytes(path) as stream:
        while line := stream.readline(BLOCK):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                whole += 1
            except UnicodeDecodeError:
                broken += 1
            ours, rest = _commonness(line)
            common, others = common + ours, others + rest
            if common + others > 100_000:
                break
    return broken > whole and common > others


def _commonness(line: bytes) -> tuple[int, int]:
    common = others = 0
    for character in line.decode("gb18030", errors="ignore"):
        if character.isascii():
            continue
        code = character.encode("gb18030")
        if len(code) == 2 and code[0] <= 0xD7 and code[1] >= 0xA1:
            common += 1
        else:
            others += 1
    return common, others
