"""What a product still lacks, where an offer may go, and which of several offers a shopper sees first. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from entrepot.domain.terms.rules import Tier
from entrepot.kernel.errors import Invalid

#: Where an offer may go from each state.
NEXT: Mapping[str, frozenset[str]] = {
    "draft": frozenset({"live", "archived"}),
    "live": frozenset({"paused", "archived"}),
    "paused": frozenset({"live", "archived"}),
    "archived": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Completeness:
    """What of a product is there. The last four hold where all of its SKUs have it."""

    title: bool
    category: bool
    sku: bool
    weight: bool
    dimensions: bool
    hs_code: bool
    origin: bool


def missing(found: Completeness) -> list[str]:
    """What a product lacks before it can be sold; a picture is welcome and not asked for."""
    measures = ("weight", "dimensions", "hs_code", "origin") if found.sku else ()
    return [name for name in ("title", "category", "sku", *measures) if not getattr(found, name)]


@dataclass(frozen=True, slots=True)
class SkuDraft:
    """A SKU as a seller describes it; what is not known stays empty. Units: grams, millimetres.

    `components` names the SKU codes that a kit holds, with their quantities; a plain SKU has none.
    """

    sku_code: str
    options: Mapping[str, str] = field(default_factory=dict)
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    hs_code: str = ""
    origin_country: str = ""
    has_battery: bool = False
    is_bulky: bool = False
    base_unit: str = "piece"
    pack_quantity: int = 1
    barcode: str = ""
    components: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as a seller describes it; `texts` is language -> (title, description)."""

    product_code: str
    category_code: str = ""
    brand: str = ""
    axes: Sequence[str] = ()
    source: str = ""
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    skus: Sequence[SkuDraft] = ()


def found_in(draft: ProductDraft) -> Completeness:
    """What of a product is there that is new: all that its draft says."""
    skus = draft.skus
    return Completeness(
        title=bool(draft.texts),
        category=bool(draft.category_code),
        sku=bool(skus),
        weight=all(sku.weight_g is not None for sku in skus),
        dimensions=all(None not in (sku.length_mm, sku.width_mm, sku.height_mm) for sku in skus),
        hs_code=all(sku.hs_code for sku in skus),
        origin=all(sku.origin_country for sku in skus),
    )


def check(draft: ProductDraft) -> None:
    """Refuse what no row may hold. Raises: Invalid naming the field and the code."""
    _code(draft.product_code, "product_code")
    if len(draft.brand) > 100:
        raise _invalid("brand", draft.product_code)
    for title, _ in draft.texts.values():
        if not title.strip() or len(title) > 300:
            raise _invalid("title", draft.product_code)
    for sku in draft.skus:
        _check_sku(sku, draft.axes)


def _check_sku(sku: SkuDraft, axes: Sequence[str]) -> None:
    _code(sku.sku_code, "sku_code")
    for name in ("weight_g", "length_mm", "width_mm", "height_mm"):
        value = getattr(sku, name)
        if value is not None and not 0 < value <= 40_000_000:
            raise _invalid(name, sku.sku_code)
    if sku.hs_code and not (sku.hs_code.isascii() and sku.hs_code.isdigit() and 6 <= len(sku.hs_code) <= 10):
        raise _invalid("hs_code", sku.sku_code)
    if sku.origin_country and not (
        sku.origin_country.isascii()
        and sku.origin_country.isalpha()
        and sku.origin_country.isupper()
        and len(sku.origin_country) == 2
    ):
        raise _invalid("origin_country", sku.sku_code)
    if not 0 < sku.pack_quantity <= 1_000_000:
        raise _invalid("pack_quantity", sku.sku_code)
    if set(sku.options) - set(axes):
        raise _invalid("options", sku.sku_code)
    if any(not 0 < quantity <= 10_000 or part == sku.sku_code for part, quantity in sku.components.items()):
        raise _invalid("components", sku.sku_code)


def _code(code: str, field: str) -> None:
    if not code.strip() or len(code) > 80:
        raise _invalid(field, code)


def _invalid(field: str, thing: str) -> Invalid:
    return Invalid(
        "catalogue.bad_field", "{thing} has a {name} that cannot be.", field=field, thing=thing[:80], name=field
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer of a SKU as a shopper would get it. Units: minor units of one currency, shipping and tax within."""

    offer_id: UUID
    available: int
    landed_minor: int | None
    promised_until: date | None
    seller_tier: str


@dataclass(frozen=True, slots=True)
class First:
    """The offer that is shown first and the reason: the first step of the ladder that told it from the next one."""

    offer_id: UUID
    reason: str


#: The one rule. Lower goes first; the last step always decides.
LADDER: tuple[tuple[str, Callable[[Candidate], Any]], ...] = (
    ("in_stock", lambda each: each.available <= 0),
    ("lowest_landed_price", lambda each: (each.landed_minor is None, each.landed_minor or 0)),
    ("earliest_promise", lambda each: (each.promised_until is None, each.promised_until or date.max)),
    ("seller_tier", lambda each: -list(Tier).index(Tier(each.seller_tier))),
    ("listed_first", lambda each: each.offer_id),
)


def first_offer(candidates: Sequence[Candidate]) -> First | None:
    """Which of several offers a shopper sees first, and why: in stock, then cheapest landed, then soonest there,
    then the higher tier, then the one that was listed first. None where there is none."""
    if not candidates:
        return None
    first, *others = sorted(candidates, key=lambda each: [step(each) for _, step in LADDER])
    if not others:
        return First(first.offer_id, "only_offer")
    second = others[0]
    return First(first.offer_id, next(name for name, step in LADDER if step(first) != step(second)))


def picture_of(shown: Sequence[Mapping[str, str]], options: Mapping[str, str]) -> int:
    """Which of the pictures, told by the options that each shows, stands first for a SKU of these options.

    The one that agrees in most and contradicts in none; of those the first. Zero where none agrees.
    """
    fitting = [
        (-len(each), place)
        for place, each in enumerate(shown)
        if all(options.get(axis) == value for axis, value in each.items())
    ]
    return min(fitting)[1] if fitting else 0
