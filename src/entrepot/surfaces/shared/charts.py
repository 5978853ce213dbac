"""Small charts as SVG that need no script: drawn here, coloured by the stylesheet, named in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 640, 200, 96, 14, 30


@dataclass(frozen=True, slots=True)
class Level:
    """A value that holds from one moment until another, and how it is written."""

    start: datetime
    stop: datetime
    value: int
    shown: str


def steps(levels: Sequence[Level], *, title: str, now: datetime, dates: tuple[str, str]) -> SafeString:
    """A line of steps over time with today's mark; `dates` are the words under its two ends."""
    if not levels:
        return SafeString("")
    first, last = levels[0].start, levels[-1].stop
    low, high = min(each.value for each in levels), max(each.value for each in levels)
    span = (last - first).total_seconds() or 1

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT - 4) * (at - first).total_seconds() / span, 1)

    def y(value: int) -> float:
        room = HEIGHT - TOP - BOTTOM
        return round(TOP + room / 2 if high == low else TOP + room * (high - value) / (high - low), 1)

    path = " ".join(
        f"{'M' if place == 0 else 'L'}{x(each.start)} {y(each.value)} H{x(each.stop)}"
        for place, each in enumerate(levels)
    )
    marks = {each.value: each.shown for each in levels if each.value in (low, high)}
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}'
        '<path class="chart-line" d="{}"/>{}'
        '<text class="chart-word" x="{}" y="{}">{}</text>'
        '<text class="chart-word chart-end" x="{}" y="{}">{}</text></svg>',
        WIDTH, HEIGHT, title, title,
        format_html_join(
            "",
            '<line class="chart-grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
            '<text class="chart-word chart-end" x="{}" y="{}">{}</text>',
            ((LEFT, WIDTH - 4, y(value), y(value), LEFT - 8, y(value) + 4, shown) for value, shown in marks.items()),
        ),
        path,
        format_html('<line class="chart-now" x1="{}" x2="{}" y1="{}" y2="{}"/>', x(now), x(now), TOP, HEIGHT - BOTTOM)
        if first <= now <= last
        else "",
        LEFT, HEIGHT - 6, dates[0], WIDTH - 4, HEIGHT - 6, dates[1],
    )  # fmt: skip


def shares(parts: Sequence[tuple[str, int, str]], *, title: str) -> SafeString:
    """A bar of what parts make of a whole: (words, count, tone of a badge). What is nothing is left out."""
    whole = sum(count for _words, count, _tone in parts)
    if not whole:
        return SafeString("")
    pieces, left = [], 0.0
    for words, count, tone in parts:
        wide = WIDTH * count / whole
        if count:
            pieces.append((tone, round(left, 1), round(max(wide - 1, 1), 1), f"{words}: {count}"))
        left += wide
    return format_html(
        '<svg class="chart" viewBox="0 0 {} 28" role="img" aria-label="{}"><title>{}</title>{}</svg>',
        WIDTH, title, title,
        format_html_join(
            "", '<rect class="chart-{}" x="{}" y="2" width="{}" height="24"><title>{}</title></rect>', pieces
        ),
    )  # fmt: skip
