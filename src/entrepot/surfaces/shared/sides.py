"""By sea to a warehouse in the market against one parcel by air: what a comparison says of it, in words and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from entrepot.domain.logistics.lanes import Lane
from entrepot.flows.comparing import Compared, Option, Way
from entrepot.kernel import money
from entrepot.surfaces.shared import plots
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.plots import colour

#: What a unit's price goes into: its words and its token, in the order in which they are drawn.
PARTS: Mapping[str, tuple[Text, str]] = {
    "goods": (gettext_lazy("The goods"), "plot-goods"),
    "inbound.line_haul": (gettext_lazy("Way into the market"), "plot-haul"),
    "inbound.customs_duty": (gettext_lazy("Customs duty on stock"), "plot-duty"),
    "inbound.storage": (gettext_lazy("Storage"), "plot-storage"),
    "own_carriage": (gettext_lazy("Own carrier"), "plot-carriage"),
    "marketplace": (gettext_lazy("Marketplace"), "plot-market"),
    "taxes": (gettext_lazy("Taxes and duty of the sale"), "plot-taxes"),
    "left": (gettext_lazy("Stays with the seller"), "plot-left"),
}
MODES: Mapping[str, Text] = {
    "air": gettext_lazy("by air"),
    "sea": gettext_lazy("by sea"),
    "rail": gettext_lazy("by rail"),
    "truck": gettext_lazy("by truck"),
}
#: Shares of the units that sell, for which the table says what is left.
SOLD = tuple(Decimal(each) / 4 for each in range(5))
#: A part of a bar that is narrower than this share of the whole has no room for its figure.
ROOM = 0.07


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: how it goes, what a unit's price goes into, what is left by how many sell. Units: minor."""

    name: str
    programme: str
    promise: str
    spread: tuple[tuple[str, int], ...]
    left: tuple[int, ...]
    break_even: Decimal | None


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides, in the seller's currency; `sentence` says which leaves more."""

    stock: Side
    parcel: Side
    currency: str
    sentence: str

    @property
    def programmes(self) -> list[str]:
        """Under which programmes, where both are under the same one it."""
        return list(dict.fromkeys((self.stock.programme, self.parcel.programme)))

    @property
    def parts(self) -> list[tuple[Text, list[int | None]]]:
        """Every part with its amount on either side, for the table that says what the picture draws."""
        found = [dict(each.spread) for each in (self.stock, self.parcel)]
        return [
            (said, [each.get(code) for each in found])
            for code, (said, _token) in PARTS.items()
            if any(code in each for each in found)
        ]

    @property
    def outcomes(self) -> list[tuple[Decimal, list[int]]]:
        """What is left of a unit that was bought, by the share of all that sells."""
        return [(sold, [self.stock.left[place], self.parcel.left[place]]) for place, sold in enumerate(SOLD)]


def of(found: Compared) -> Sides | None:
    """The two sides of a comparison; None where one of them cannot be reckoned or nothing crosses a border."""
    stock, parcel = found.sides
    if stock is None or parcel is None or not any(each.code.startswith("inbound.") for each in stock.parts):
        return None
    return Sides(_side(stock, found), _side(parcel, found), found.plan.currency, _sentence(found, stock, parcel))


def way_in_words(option: Option, lanes: Mapping[str, Lane]) -> str:
    """How goods go by an option's lane."""
    mode = _mode(lanes.get(option.lane))
    if option.way is Way.PARCEL:
        return _("One parcel {mode}").format(mode=mode) if mode else _("One parcel from abroad")
    return _("Stock {mode}").format(mode=mode) if mode else _("Stock in the market")


def _mode(lane: Lane | None) -> str:
    """The mode of the longest part of a way."""
    if lane is None:
        return ""
    return next((str(MODES[leg.mode]) for leg in lane.legs if leg.task == "line_haul" and leg.mode in MODES), "")


def promise_in_words(days: tuple[int, int] | None) -> str:
    """Days from the order to the door."""
    if days is None:
        return _("no promise")
    first, last = days
    return (
        _("{first}–{last} days").format(first=first, last=last) if first != last else _("{days} days").format(days=last)
    )


def _side(option: Option, found: Compared) -> Side:
    return Side(
        way_in_words(option, found.lanes),
        option.label,
        promise_in_words(option.promise_days),
        tuple((each.code, each.amount_minor) for each in option.spread),
        tuple(option.left_minor(sold) for sold in SOLD),
        option.break_even,
    )


def _sentence(found: Compared, stock: Option, parcel: Option) -> str:
    own = found.plan.currency
    more = stock.net_minor - parcel.net_minor
    names = {"stock": way_in_words(stock, found.lanes), "parcel": way_in_words(parcel, found.lanes)}
    names["amount"] = money.format_minor(abs(more), own, get_language() or "en")
    if more <= 0:
        return _("“{stock}” leaves {amount} less of a unit than “{parcel}”, even where all of it sells.").format(
            **names
        )
    said = _("Where all of it sells, “{stock}” leaves {amount} more of a unit than “{parcel}”.").format(**names)
    if found.even_at is None:
        return said
    share = number_format(round(found.even_at * 100))
    return said + " " + _("It pays from {share} % sold on; below that the parcel is better.").format(share=share)


def picture(sides: Sides) -> str:
    """The picture as an SVG file."""
    return _drawn(sides, False)


def on_page(sides: Sides) -> tuple[SafeString, SafeString]:
    """The picture for a page: as it stands on a wide screen, and on a phone."""
    return (
        plots.on_page(_drawn(sides, False), "plot-wide"),
        plots.on_page(_drawn(sides, True), "plot-narrow"),
    )


@lru_cache(maxsize=128)
def _drawn(sides: Sides, is_narrow: bool) -> str:
    import altair as alt

    both = (_bars(sides, is_narrow), _lines(sides, is_narrow))
    chart = alt.vconcat(*both) if is_narrow else alt.hconcat(*both)
    return plots.draw(chart.resolve_scale(color="independent"))


def _blocks(sides: Sides, is_narrow: bool) -> list[tuple[str, str, int, float, float, str]]:
    """Blocks of both bars: side, part, its place, from where to where, its figure where there is room."""
    scale = 10 ** money.exponent(sides.currency)
    whole = max(sum(abs(amount) for _code, amount in each.spread) for each in (sides.stock, sides.parcel)) or 1
    found = []
    for each in (sides.stock, sides.parcel):
        up = down = 0
        for place, (code, (said, _token)) in enumerate(PARTS.items()):
            amount = dict(each.spread).get(code, 0)
            if not amount:
                continue
            start = up if amount > 0 else down
            up, down = (up + amount, down) if amount > 0 else (up, down + amount)
            text = str(money.decimal_of(amount, sides.currency)) if abs(amount) / whole > ROOM else ""
            found.append((_name(each, is_narrow), str(said), place, start / scale, (start + amount) / scale, text))
    return found


def _name(side: Side, is_narrow: bool) -> str:
    """What stands at a bar; on a phone there is no room for the programme."""
    return "\n".join((side.name, side.promise) if is_narrow else (side.name, side.programme, side.promise))


def _bars(sides: Sides, is_narrow: bool) -> Any:
    import altair as alt

    blocks = _blocks(sides, is_narrow)
    used = [each for each in PARTS.values() if str(each[0]) in {block[1] for block in blocks}]
    data = plots.rows(("side", "part", "place", "start", "stop", "text"), blocks)
    names = [_name(each, is_narrow) for each in (sides.stock, sides.parcel)]
    side: dict[str, Any] = {"sort": names, "title": None}
    lines = alt.Axis(
        labelExpr="split(datum.label, '\\n')",
        labelLimit=230,
        labelOffset=0 if is_narrow else -15,
        domain=False,
        labelAngle=0,
        grid=False,
    )
    amounts: dict[str, Any] = {
        "title": _("{currency} of one unit").format(currency=sides.currency),
        "axis": alt.Axis(tickCount=6),
    }
    colours = alt.Color("part:N").scale(
        domain=[str(said) for said, _token in used], range=[colour(token) for _said, token in used]
    ).legend(columns=2 if is_narrow else 3)  # fmt: skip
    base = alt.Chart(data)
    bars, texts = base.mark_bar(stroke=colour("surface"), strokeWidth=1.5), base.mark_text(
        color=colour("plot-on"), fontSize=12, fontWeight=600
    )  # fmt: skip
    middle = "(datum.start + datum.stop) / 2"
    if is_narrow:
        x = alt.X("side:N", axis=lines, **side)
        drawn = alt.layer(
            bars.encode(x=x, y=alt.Y("start:Q", **amounts), y2="stop:Q", color=colours),
            texts.transform_calculate(middle=middle).encode(x=x, y="middle:Q", text="text:N"),
        ).properties(width=270, height=330)
    else:
        y = alt.Y("side:N", axis=lines, **side)
        drawn = alt.layer(
            bars.encode(y=y, x=alt.X("start:Q", **amounts), x2="stop:Q", color=colours),
            texts.transform_calculate(middle=middle).encode(y=y, x="middle:Q", text="text:N"),
        ).properties(width=430, height=160)
    return drawn.properties(title=_("What becomes of what the shopper pays"))


def _lines(sides: Sides, is_narrow: bool) -> Any:
    import altair as alt

    scale = 10 ** money.exponent(sides.currency)
    both = (sides.stock, sides.parcel)
    points = [
        (each.name, float(sold), left / scale) for each in both for sold, left in zip(SOLD, each.left, strict=True)
    ]
    even = [
        (
            each.name,
            float(each.break_even),
            0.0,
            _("{share} %").format(share=number_format(round(each.break_even * 100))),
        )
        for each in both
        if each.break_even is not None and each.break_even <= 1
    ]
    names = [each.name for each in both]
    colours = alt.Color("side:N").scale(domain=names, range=[colour("plot-left"), colour("plot-other")])
    dashes = alt.StrokeDash("side:N").scale(domain=names, range=[[1, 0], [6, 3]]).legend(None)
    sold = alt.X("sold:Q", title=_("Share of the units that sell")).axis(format="%", tickCount=5).scale(domain=[0, 1])
    left = alt.Y("left:Q", title=_("{currency} left of each unit bought").format(currency=sides.currency)).axis(
        tickCount=6
    )
    data = plots.rows(("side", "sold", "left"), points)
    zero = (
        alt.Chart(plots.rows(("left",), [(0.0,)]))
        .mark_rule(color=colour("line-strong"), strokeWidth=1.5)
        .encode(y="left:Q")
    )
    lines = alt.Chart(data).mark_line(strokeWidth=3).encode(x=sold, y=left, color=colours, strokeDash=dashes)
    marks = alt.Chart(plots.rows(("side", "sold", "left", "text"), even))
    dots = marks.mark_point(filled=True, size=90, opacity=1, stroke=colour("surface"), strokeWidth=1.5).encode(
        x=sold, y=left, color=colours
    )  # fmt: skip
    aligned: tuple[Any, ...] = ("left", "right")
    texts = [
        alt.Chart(plots.rows(("side", "sold", "left", "text"), [each]))
        .mark_text(color=colour("ink"), dx=side, dy=-side, fontSize=12, fontWeight=600, align=align)
        .encode(x=sold, y=left, text="text:N")
        for each, side, align in zip(even, (10, -10), aligned, strict=False)
    ]
    drawn = alt.layer(zero, lines, dots, *texts) if even else alt.layer(zero, lines)
    size: dict[str, int] = {"width": 270, "height": 220} if is_narrow else {"width": 300, "height": 160}
    return drawn.properties(title=_("If only a part of it sells"), **size)
