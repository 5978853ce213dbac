"""`entrepot lanes …`: the ways goods take, when they arrive by them, and how long they took in a history."""

import gzip
import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from entrepot.surfaces.cli import first
from entrepot.surfaces.cli.session import with_database
from entrepot.surfaces.cli.tables import show_table

if TYPE_CHECKING:
    from entrepot.domain.logistics.lanes import Holidays
    from entrepot.domain.logistics.ways import Way

DAY = click.DateTime(formats=["%Y-%m-%d"])
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
CONFIDENCE = click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.9, show_default=True,
                          help="How sure the promise is.")  # fmt: skip


@click.group()
def lanes() -> None:
    """Lanes: legs from country to country. docs/rules/lanes.md explains them."""


@lanes.command("list")
@click.option("--on", type=DAY, metavar="DATE", help="The day on which goods are ready. Default: today.")
@CONFIDENCE
@JSON
@with_database
def list_(on: datetime | None, confidence: float, as_json: bool) -> int:
    """The lanes in use, each with the window that would be promised."""
    from django.conf import settings

    from entrepot.domain.logistics import holidays, publishing
    from entrepot.kernel import clock

    first.install(settings)
    day = on.date() if on else clock.now().date()
    rests = holidays.calendar()
    document = [_document(way, day, confidence, rests) for way in publishing.list_lanes(on=day)]
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    rows = [
        (each["lane"], each["origin"], each["destination"], f"{each['days'][0]}–{each['days'][1]}", each["title"])
        for each in document
    ]
    show_table(("lane", "from", "to", "days", "what it is"), rows)
    return 0


@lanes.command()
@click.argument("code")
@click.option("--on", type=DAY, metavar="DATE", help="The day on which goods are ready. Default: today.")
@CONFIDENCE
@JSON
@with_database
def explain(code: str, on: datetime | None, confidence: float, as_json: bool) -> int:
    """The legs of the lane CODE: whose duty each is, how long it takes, when it leaves, by when it must be done."""
    from django.conf import settings

    from entrepot.domain.logistics import holidays, publishing
    from entrepot.kernel import clock

    first.install(settings)
    day = on.date() if on else clock.now().date()
    [way] = publishing.list_lanes(on=day, codes=[code])
    document = _document(way, day, confidence, holidays.calendar())
    if as_json:
        print(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    print(f"{document['title']} ({code})\n{document['source']}\n")
    rows = [
        (leg["leg"], leg["task"].replace("_", " "), leg["mode"], f"{leg['from']} → {leg['to']}",
         "–".join(str(each) for each in dict.fromkeys(leg["days"])),
         leg["departs"] + (f" until {leg['cut_off']}" if leg["cut_off"] else ""), _takes(leg["capacity"]),
         ", ".join(leg["closed"][:4]) + (" …" if len(leg["closed"]) > 4 else ""), leg["done_by"], _far(leg),
         leg["card"])
        for leg in document["legs"]
    ]  # fmt: skip
    show_table(
        ("leg", "duty", "by", "way", "days", "departs", "takes", "closed", "done by", "distance", "rate card"), rows
    )
    for leg in document["legs"]:
        if leg["days_are_estimated"]:
            print(f"\n{leg['leg']}: no history says how long it takes; the days are those of ships that far.")
    print(f"\nReady on {day}: arrives between {document['first']} and {document['last']}, "
          f"{confidence:.0%} of all by the last day.")  # fmt: skip
    return 0


@lanes.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--look", is_flag=True, help="Say what would be published and what changes, and publish nothing.")
@with_database
def publish(file: Path, look: bool) -> int:
    """Publish the lanes of FILE. A second run changes nothing."""
    from django.conf import settings

    from entrepot.domain.logistics import publishing
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    first.install(settings)
    text = file.read_text(encoding="utf-8-sig")
    if look:
        from entrepot.surfaces.cli.rates import tell

        return tell(publishing.plan_lanes(text))
    made = publishing.publish_lanes(actor=SYSTEM, text=text, now=clock.now())
    for code in made:
        print(f"published {code}")
    print(f"{len(made)} lanes are new.")
    return 0


@lanes.command("holidays")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--country", default="", metavar="CODE", help="Only of this country, such as CN.")
@JSON
@with_database
def public_holidays(file: Path | None, country: str, as_json: bool) -> int:
    """The public holidays on which legs rest, from today on; with FILE, publish those of the years that it names."""
    from django.conf import settings

    from entrepot.domain.logistics import holidays
    from entrepot.kernel import clock
    from entrepot.kernel.actors import SYSTEM

    first.install(settings)
    if file is not None:
        rows = holidays.read(file.read_text(encoding="utf-8-sig"))
        changed = holidays.publish(actor=SYSTEM, rows=rows, now=clock.now())
        print(f"{changed} days changed.")
        return 0
    found = [
        (each.country, each.day.isoformat(), each.name, each.source)
        for each in holidays.list_holidays(since=clock.now().date(), country=country)
    ]
    if as_json:
        names = ("country", "day", "name", "source")
        print(json.dumps([dict(zip(names, row, strict=True)) for row in found], indent=2, ensure_ascii=False))
        return 0
    show_table(("country", "day", "name", "source"), found)
    return 0


@lanes.command()
@click.argument("network", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def distances(network: Path) -> int:
    """The distances by sea between the ports that are known, through the lines of NETWORK, GeoJSON; as CSV.

    Every pair has its shortest way, and where that leads through Suez or Panama the way around.
    """
    from entrepot.domain.logistics import seanet, seaways

    try:
        found = seanet.read_network(json.loads(network.read_text(encoding="utf-8")))
        rows = seaways.measure(found, seaways.ports().values())
    except (ValueError, KeyError, TypeError) as problem:
        raise click.ClickException(f"{network}: no network of lines by sea: {problem}") from None
    print(seaways.write_table(rows), end="")
    return 0


@lanes.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--start", required=True, metavar="COLUMN", help="The column with the day on which a shipment began.")
@click.option("--end", required=True, metavar="COLUMN", help="The column with the day on which it arrived.")
@click.option("--by", required=True, metavar="COLUMN", help="The column whose values are fitted apart.")
@click.option("--until", type=DAY, required=True, metavar="DATE",
              help="Fit on what arrived before; test on what came after.")  # fmt: skip
@JSON
def fit(file: Path, start: str, end: str, by: str, until: datetime, as_json: bool) -> int:
    """Fit transit times to the history in FILE, CSV, and say how promises made by them would have held."""
    from entrepot.domain.logistics import history
    from entrepot.domain.logistics.transit import text_of

    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode("utf-8-sig")
    found = history.fit(text, start=start, end=end, by=by, until=until.date())
    if as_json:
        document = {
            "groups": [
                {"group": each.group, "shipments": each.count, "days": text_of(each.transit),
                 "calibration": [{"share": one.share, "held": one.held, "of": one.count} for one in each.calibration]}
                for each in found.fitted
            ],
            "too_few": found.too_few,
            "left_out": found.left_out,
        }  # fmt: skip
        print(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=str))
        return 0
    rows = [
        (each.group, f"{each.count:,}", *(str(each.transit.within(one.share)) for one in each.calibration),
         " ".join(f"{one.share:.0%}→{one.held:.0%}" for one in each.calibration if one.count) or "nothing came after",
         f"{each.calibration[0].count:,}")
        for each in found.fitted
    ]  # fmt: skip
    shares = [f"{one.share:.0%} within" for one in found.fitted[0].calibration]
    show_table((by, "shipments", *shares, "promised → held", "of"), rows)
    few = ", ".join(f"{group} ({count})" for group, count in found.too_few.items())
    print(f"\n{found.left_out:,} rows without both days are left out." + (f" Too few to fit: {few}." if few else ""))
    return 0


def _document(way: "Way", day: date, confidence: float, rests: "Holidays") -> dict[str, Any]:
    from entrepot.domain.logistics.lanes import forecast

    lane = way.lane
    found = forecast(lane, day, confidence=confidence, holidays=rests)
    return {
        "lane": lane.code, "title": lane.title, "origin": lane.origin, "destination": lane.destination,
        "source": lane.source, "ready_on": day.isoformat(), "confidence": confidence,
        "first": found.first.isoformat(), "last": found.last.isoformat(),
        "days": [(found.first - day).days, (found.last - day).days],
        "refuses": sorted(lane.refuses), "weight_max_g": lane.weight_max_g,
        "legs": [
            {"leg": leg.code, "task": leg.task, "mode": leg.mode, "from": leg.start, "to": leg.end,
             "days": [leg.transit.within(0.1), leg.transit.within(0.9)], "card": leg.card,
             "departs": "every day" if len(leg.departs) == 7 else "weekdays " + " ".join(map(str, sorted(leg.departs))),
             "cut_off": leg.cut_off.strftime("%H:%M") if leg.cut_off else "",
             "capacity": {"parcels": leg.capacity.parcels, "weight_g": leg.capacity.weight_g,
                          "volume_cm3": leg.capacity.volume_cm3} if leg.capacity else None,
             "closed": [each.isoformat() for each in sorted(leg.closed)],
             "done_by": segment.done_by.isoformat(), "distance_km": leg.distance_km or None, "via": list(leg.via),
             "days_are_estimated": leg.is_estimated}
            for leg, segment in zip(lane.legs, found.segments, strict=True)
        ],
    }  # fmt: skip


def _takes(capacity: dict[str, int] | None) -> str:
    """What a departure takes."""
    if not capacity:
        return ""
    units = {"parcels": (1, "parcels"), "weight_g": (1000, "kg"), "volume_cm3": (1_000_000, "cbm")}
    return ", ".join(f"{amount / units[name][0]:g} {units[name][1]}" for name, amount in capacity.items() if amount)


def _far(leg: dict[str, Any]) -> str:
    if not leg["distance_km"]:
        return ""
    via = f" via {', '.join(leg['via'])}" if leg["via"] else ""
    return f"{leg['distance_km']:,} km{via}"
