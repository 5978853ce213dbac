"""Plots drawn by Altair as SVG: no script, no fonts of their own, in the colours of the stylesheet.

A plot is drawn in the colours of the light palette, which are what a file keeps; on a page each of them becomes the
token of that name, so that the plot follows light and dark.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString, mark_safe

#: Token -> its colour in light, as in tokens.css. Every one is unlike all others.
COLOURS: Mapping[str, str] = {
    "surface": "#fffefb",
    "ink": "#1b2421",
    "ink-soft": "#545e59",
    "line": "#dad5c8",
    "line-strong": "#857d6e",
    "plot-on": "#fffffe",
    "plot-goods": "#5f584b",
    "plot-haul": "#274f7e",
    "plot-duty": "#8f4f00",
    "plot-storage": "#75558a",
    "plot-carriage": "#3f6ea3",
    "plot-market": "#4a534e",
    "plot-taxes": "#66632a",
    "plot-left": "#0b5f58",
    "plot-other": "#b4520b",
}
FONT = "sans-serif"


def colour(token: str) -> str:
    """A token's colour, for a plot."""
    return COLOURS[token]


def configured(chart: Any) -> Any:
    """The chart in the page's style."""
    words = {"labelColor": colour("ink-soft"), "titleColor": colour("ink-soft"), "labelFont": FONT, "titleFont": FONT}
    sizes = {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    return (
        chart.configure(background=colour("surface"), font=FONT, padding=4)
        .configure_view(stroke=None)
        .configure_axis(**words, **sizes, gridColor=colour("line"), domainColor=colour("line-strong"), ticks=False,
                        labelPadding=6, titlePadding=8)
        .configure_legend(**words, **sizes, symbolType="square", orient="bottom", title=None, labelLimit=260)
        .configure_title(color=colour("ink"), font=FONT, fontSize=13, fontWeight=600, anchor="start", offset=10)
        .configure_concat(spacing=34)
    )  # fmt: skip


def draw(chart: Any) -> str:
    """A chart as an SVG file in plain colours."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(configured(chart).to_json(indent=None))
    return svg


def on_page(svg: str, classes: str = "") -> SafeString:
    """An SVG of ours for a page: in the tokens of the stylesheet, as wide as there is room.

    What is in it comes from `draw`, which escapes texts.
    """
    for token, value in COLOURS.items():
        svg = svg.replace(f'"{value}"', f'"var(--{token})"')
    opening, _, rest = svg.partition(">")
    opening = opening.replace('class="marks"', f'class="plot {classes}" aria-hidden="true" focusable="false"')
    return mark_safe(opening + ">" + rest.replace(f'font-family="{FONT}"', ""))  # noqa: S308


def rows(names: Sequence[str], values: Sequence[Sequence[Any]]) -> Any:
    """Rows for a chart."""
    import altair as alt

    return alt.Data(values=[dict(zip(names, row, strict=True)) for row in values])
