"""Shopwright's look for Gradio: system fonts only, one light palette."""

from pathlib import Path

import gradio as gr
from gradio.themes.utils.colors import Color

STATIC = Path(__file__).parent / "storefront" / "static"

_GREEN = Color(
    c50="#eef6f3", c100="#d9ebe5", c200="#b5d8cd", c300="#86bead", c400="#4c9c87", c500="#1f8069",
    c600="#12715f", c700="#0f5b4d", c800="#0d493e", c900="#0b3b33", c950="#062621", name="market",
)  # fmt: skip
_SAND = Color(
    c50="#fbfaf7", c100="#f5f3ee", c200="#e9e5dc", c300="#d9d3c6", c400="#a8a397", c500="#7b7a75",
    c600="#59606b", c700="#3d4653", c800="#2a323d", c900="#1f2730", c950="#141a21", name="sand",
)  # fmt: skip
FONTS = (
    "Inter", "Segoe UI", "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei",
    "Noto Sans CJK SC", "Noto Sans SC", "sans-serif",
)  # fmt: skip


def market_theme() -> gr.themes.Base:
    """The theme. Names of fonts are plain strings: Gradio fetches only fonts given as GoogleFont."""
    theme = gr.themes.Base(
        primary_hue=_GREEN,
        secondary_hue=_GREEN,
        neutral_hue=_SAND,
        font=FONTS,
        font_mono=("ui-monospace", "SFMono-Regular", "Menlo", "Noto Sans Mono CJK SC", "monospace"),
    )
    return theme.set(
        body_background_fill="#fbfaf7",
        body_text_color="#1f2730",
        block_background_fill="transparent",
        block_border_width="0px",
        block_shadow="none",
        input_background_fill="#ffffff",
        border_color_primary="#e9e5dc",
    )
