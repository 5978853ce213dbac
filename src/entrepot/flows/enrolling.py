"""How a seller joins: applies, hands in documents, is admitted, sees a programme in plain words, accepts, leaves.

What a seller accepts is a published version for a market from an instant on, by the hash of what was shown.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from entrepot.domain.accounts import services as accounts
from entrepot.domain.accounts.models import User
from entrepot.domain.catalogue import queries as catalogue_reads
from entrepot.domain.catalogue import services as catalogue
from entrepot.domain.inventory import queries as inventory
from entrepot.domain.markets import queries as markets
from entrepot.domain.markets.models import Market
from entrepot.domain.sellers import queries as seller_reads
from entrepot.domain.sellers import rules
from entrepot.domain.sellers import services as sellers
from entrepot.domain.sellers.models import Enrolment, Seller, SellerDocument
from entrepot.domain.sellers.rules import Unmet
from entrepot.domain.terms import queries as terms
from entrepot.domain.terms import words
from entrepot.domain.terms.models import ProgrammeVersion
from entrepot.domain.terms.rules import Party
from entrepot.kernel import media, outbox
from entrepot.kernel.actors import SYSTEM, Actor
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Denied, NotFound, Refused
from entrepot.kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class Application:
    """A new seller and the person who owns the account."""

    seller: Seller
    owner: User


@dataclass(frozen=True, slots=True)
class Preview:
    """A programme as a seller would accept it: in plain words, with what the seller still lacks for it.

    `content_hash` is to be handed back on acceptance, as proof of what was seen.
    """

    version: ProgrammeVersion
    market: Market
    content_hash: str
    chapters: tuple[words.Chapter, ...]
    unmet: tuple[Unmet, ...]


@atomic
def apply_seller(
    *,
    seller_code: str,
    name: str,
    country: str,
    settlement_currency: str,
    email: str,
    password: str | None,
    now: datetime,
    person: str = "",
    language: str = "",
    profile: dict[str, object] | None = None,
    owner: User | None = None,
) -> Application:
    """An organisation asks to sell, and a person owns its account: `owner`, or somebody new.

    Raises: Invalid, Refused where the organisation or the new person exists.
    """
    organisation = accounts.create_organisation(kind="seller", code=seller_code, name=name, country=country, now=now)
    seller = sellers.apply(organisation=organisation, settlement_currency=settlement_currency, now=now, profile=profile)
    owner = owner or accounts.create_user(email=email, password=password, name=person, language=language)
    accounts.join(actor=SYSTEM, user=owner, organisation=organisation, role="seller.owner", now=now)
    outbox.append([Event("seller.applied", "seller", seller.pk)], now=now)
    return Application(seller, owner)


@atomic
def submit_document(
    *,
    actor: Actor,
    seller_id: UUID,
    kind: str,
    now: datetime,
    reference: str = "",
    content: bytes = b"",
    valid_until: date | None = None,
) -> SellerDocument:
    """Hand in a document as a file, a reference or both. Raises: NotFound, Invalid."""
    _reach(actor, "sellers.apply", seller_id)
    kept = media.keep_paper(content) if content else ""
    document = sellers.submit_document(
        seller_id=seller_id, kind=kind, now=now, reference=reference, media=kept, valid_until=valid_until
    )
    outbox.append([Event("document.submitted", "seller_document", document.id)], now=now)
    return document


@atomic
def decide_document(*, actor: Actor, document_id: UUID, accept: bool, reason: str, now: datetime) -> SellerDocument:
    """Accept or refuse a document, with the reason. Raises: Denied, NotFound, Invalid, Refused once decided."""
    _demand_operator(actor, "sellers.admit")
    document = sellers.decide_document(document_id=document_id, accept=accept, actor=actor, reason=reason, now=now)
    said = "document.accepted" if accept else "document.refused"
    outbox.append([Event(said, "seller_document", document.id)], now=now)
    return document


@atomic
def admit(*, actor: Actor, seller_id: UUID, reason: str, now: datetime) -> Seller:
    """Let an applicant sell, or a suspended seller sell again. Raises: Denied, NotFound, Invalid, Refused."""
    _demand_operator(actor, "sellers.admit")
    seller = sellers.move(seller_id=seller_id, status="active", actor=actor, reason=reason, now=now)
    outbox.append([Event("seller.admitted", "seller", seller_id)], now=now)
    return seller


@atomic
def suspend(*, actor: Actor, seller_id: UUID, reason: str, now: datetime) -> Seller:
    """Stop a seller's sales: everything live is paused; what is sold is still shipped. Raises as `admit`."""
    _demand_operator(actor, "sellers.admit")
    seller = sellers.move(seller_id=seller_id, status="suspended", actor=actor, reason=reason, now=now)
    catalogue.pause_offers_of(seller_id=seller_id)
    outbox.append([Event("seller.suspended", "seller", seller_id)], now=now)
    return seller


@atomic
def close(*, actor: Actor, seller_id: UUID, reason: str, now: datetime) -> Seller:
    """End a seller's trade: its enrolments end now and its offers with them. Raises as `admit`."""
    _demand_operator(actor, "sellers.admit")
    seller = sellers.move(seller_id=seller_id, status="closed", actor=actor, reason=reason, now=now)
    for enrolment in seller_reads.list_enrolments(seller_id=seller_id):
        if enrolment.valid_until is None or enrolment.valid_until > now:
            sellers.end_enrolment(enrolment_id=enrolment.id, ends_at=now, actor=actor, reason=reason, now=now)
    catalogue.follow_enrolments(now=now)
    outbox.append([Event("seller.closed", "seller", seller_id)], now=now)
    return seller


@atomic
def set_tier(*, actor: Actor, seller_id: UUID, tier: str, reason: str, now: datetime) -> Seller:
    """Raise or lower a seller's standing. Raises: Denied, NotFound, Invalid."""
    _demand_operator(actor, "sellers.admit")
    return sellers.set_tier(seller_id=seller_id, tier=tier, actor=actor, reason=reason, now=now)


def list_programmes(
    *, actor: Actor, seller_id: UUID, now: datetime, market_code: str = "", market: Market | None = None
) -> list[Preview]:
    """Every programme that could be accepted for the market today, each with what the seller lacks for it."""
    _reach(actor, "enrolments.read", seller_id)
    market = market or markets.get_market(market_code)
    seller = seller_reads.get_seller(seller_id=seller_id)
    versions = terms.find_in_force(market_code=market.code, on=now.date())
    standing = _standing(seller, market, now)
    return [_preview(version, market, standing) for version in versions]


def preview(*, actor: Actor, seller_id: UUID, version_id: UUID, market_code: str, now: datetime) -> Preview:
    """A programme version in plain words, and what the seller lacks for it in the market. Raises: NotFound."""
    _reach(actor, "enrolments.read", seller_id)
    seller = seller_reads.get_seller(seller_id=seller_id)
    market = markets.get_market(market_code)
    return _preview(terms.get_version(version_id), market, _standing(seller, market, now))


@atomic
def accept_programme(
    *,
    actor: Actor,
    seller_id: UUID,
    version_id: UUID,
    market_code: str,
    seen_hash: str,
    now: datetime,
    valid_from: datetime | None = None,
) -> Enrolment:
    """A seller accepts what it saw, for a market, from now or a later instant on.

    Raises: NotFound, Denied for anyone but the seller, Refused: not admitted, another wording than was seen, not in
    force there, conditions not met (each named), a version of the programme in force already.
    """
    _demand_seller(actor, seller_id)
    seller = seller_reads.get_seller(seller_id=seller_id)
    version, market = terms.get_version(version_id), markets.get_market(market_code)
    starts_at = valid_from or now
    _check_acceptance(seller, version, market, seen_hash, starts_at, now)
    enrolment = sellers.enrol(
        seller=seller,
        version=version,
        programme_code=version.programme.code,
        market=market,
        valid_from=starts_at,
        actor=actor,
        now=now,
    )
    outbox.append([Event("enrolment.accepted", "enrolment", enrolment.id)], now=now)
    return enrolment


@atomic
def end_enrolment(
    *, actor: Actor, enrolment_id: UUID, reason: str, now: datetime, ends_at: datetime | None = None
) -> Enrolment:
    """Leave a programme now or at a later instant; its offers end with it, its orders run on under their terms.

    Raises: NotFound, Invalid for a past instant or without a reason, Refused where it has ended.
    """
    enrolment = seller_reads.get_enrolment(enrolment_id=enrolment_id)
    if not (actor.reaches("enrolments.accept", enrolment.seller_id) or actor.may("sellers.admit")):
        raise NotFound(kind="enrolment")
    ended = sellers.end_enrolment(
        enrolment_id=enrolment_id, ends_at=ends_at or now, actor=actor, reason=reason, now=now
    )
    catalogue.follow_enrolments(now=now)
    outbox.append([Event("enrolment.ended", "enrolment", enrolment_id)], now=now)
    return ended


@atomic
def switch_version(
    *,
    actor: Actor,
    enrolment_id: UUID,
    version_id: UUID,
    seen_hash: str,
    now: datetime,
    valid_from: datetime | None = None,
) -> Enrolment:
    """Go on under another version of the same programme: one period ends, the next begins, and the offers pass over.

    Raises as `accept_programme`; Refused for a version of another programme.
    """
    current = seller_reads.get_enrolment(enrolment_id=enrolment_id)
    _demand_seller(actor, current.seller_id, kind="enrolment")
    version = terms.get_version(version_id)
    if version.programme.code != current.programme_code or version.id == current.programme_version_id:
        raise Refused(
            "enrolling.not_another_version", "Choose another version of {programme}.", programme=current.programme_code
        )
    starts_at = valid_from or now
    sellers.end_enrolment(
        enrolment_id=current.id, ends_at=starts_at, actor=actor, reason=f"version {version.version}", now=now
    )
    enrolment = accept_programme(
        actor=actor,
        seller_id=current.seller_id,
        version_id=version_id,
        market_code=current.market.code,
        seen_hash=seen_hash,
        now=now,
        valid_from=starts_at,
    )
    catalogue.follow_enrolments(now=now)
    return enrolment


def _preview(version: ProgrammeVersion, market: Market, standing: rules.Standing) -> Preview:
    wording = terms.wording_of(version)
    return Preview(
        version=version,
        market=market,
        content_hash=version.content_hash,
        chapters=tuple(words.tell(wording, currency=market.currency)),
        unmet=tuple(rules.unmet(wording.eligibility, standing)),
    )


def _standing(seller: Seller, market: Market, now: datetime) -> rules.Standing:
    return rules.Standing(
        tier=seller.tier,
        documents=seller_reads.accepted_documents(seller_id=seller.pk, on=now.date()),
        has_stock_in_market=inventory.has_stock_in(seller_id=seller.pk, country=market.country),
        skus=catalogue_reads.count_active_skus(organisation_id=seller.pk),
        training=frozenset(seller.profile.get("training", ())),
    )


def _check_acceptance(
    seller: Seller, version: ProgrammeVersion, market: Market, seen_hash: str, starts_at: datetime, now: datetime
) -> None:
    if seller.status != Seller.Status.ACTIVE:
        raise Refused("enrolling.not_admitted", "Your shop is not admitted at the moment.")
    if version.content_hash != seen_hash:
        raise Refused("enrolling.other_wording", "This is not the wording that you saw; read it again.")
    if starts_at < now:
        raise Refused("enrolling.starts_in_past", "An enrolment begins now or later.")
    wording = terms.wording_of(version)
    if version.status != ProgrammeVersion.Status.PUBLISHED or not wording.serves(market.code, starts_at.date()):
        raise Refused(
            "enrolling.not_in_force", "This programme cannot be accepted for {market} then.", market=market.code
        )
    if lacking := rules.unmet(wording.eligibility, _standing(seller, market, now)):
        raise Refused(
            "enrolling.not_eligible",
            "You do not meet: {conditions}.",
            conditions=", ".join(f"{each.condition} {each.wanted}" for each in lacking),
            unmet=[{"condition": each.condition, "wanted": each.wanted, "found": each.found} for each in lacking],
        )


def _reach(actor: Actor, verb: str, seller_id: UUID) -> None:
    if not actor.reaches(verb, seller_id):
        raise NotFound(kind="seller")


def _demand_operator(actor: Actor, verb: str) -> None:
    if rules.party_of(actor) is not Party.PLATFORM or not (actor == SYSTEM or actor.may(verb)):
        raise Denied("enrolling.operators_act", "This is for the operator.")


def _demand_seller(actor: Actor, seller_id: UUID, *, kind: str = "seller") -> None:
    """What binds a seller, the seller does; nobody accepts for it."""
    if not actor.reaches("enrolments.accept", seller_id):
        raise NotFound(kind=kind)
    if rules.party_of(actor) is not Party.SELLER:
        raise Denied("enrolling.sellers_act", "Only the seller can accept a programme.")
