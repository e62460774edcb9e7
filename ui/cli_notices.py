"""`shopwright notices`: whose work the model and the data sets are, and what they may be used for."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from shopwright.ui.cli_output import RefusedError


def text() -> str:
    """The NOTICE file: beside the packages in a checkout, in the metadata of an installed wheel."""
    beside = Path(__file__).resolve().parents[1] / "NOTICE"
    if beside.is_file():
        return beside.read_text(encoding="utf-8").rstrip()
    try:
        installed = distribution("shopwright").read_text("licenses/NOTICE")
    except PackageNotFoundError:
        installed = None
    if installed is None:
        raise RefusedError(
            "The NOTICE file is missing from this installation. Install Shopwright again.",
            "此安装缺少 NOTICE 文件,请重新安装 Shopwright。",
        )
    return installed.rstrip()
