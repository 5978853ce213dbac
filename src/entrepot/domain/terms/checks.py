"""What must fit together in a programme: contradictions are errors, oddities are warnings."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from entrepot.domain.terms import grammar
from entrepot.domain.terms.bases import Base
from entrepot.domain.terms.clauses import Accrual, Cadence, Dated, EarningBasis, IncentiveKind, ShipFrom
from entrepot.domain.terms.grammar import Problem, Report, _
from entrepot.domain.terms.rules import NODE_OF, Programme
from entrepot.domain.terms.tasks import Cause, Party, Task, Until

Finding = tuple[str, str, dict[str, Any]]

MESSAGES: Mapping[str, str] = {
    "period_ends_first": _("{until} is not after valid_from, {start}"),
    "code_twice": _("{name} stands in {other} too, and both are in force at the same time"),
    "kind_twice": _("{other} is a {kind} too, and both are in force at the same time"),
    "unknown_evidence": _("no key of this programme begins with {found}"),
    "commission_without_retail": _("the seller earns a supply price, so there is no commission; leave it out"),
    "commission_missing": _("missing; what the shopper pays less which commission?"),
    "base_missing": _("missing; a rate is a share of something, such as customer_payment - tax"),
    "base_without_supply_price": _("the seller earns a supply price, and this base does not count it"),
    "supply_price_unknown": _("counts supply_price, and under this earning basis there is none"),
    "supply_price_undone": _("the seller earns a supply price, so somebody must offer it"),
    "retail_price_not_platform": _(
        "the platform pays a supply price whatever the shopper pays, so it must decide or approve the retail price"
    ),
    "receipt_needs_supply_price": _("what is earned on receipt is a supply price; nothing has been sold yet"),
    "receipt_needs_title": _("the seller earns on receipt, so its ownership must end there: until receipt"),
    "title_needs_supply_price": _("the platform owns the goods it received, so it must pay a supply price for them"),
    "title_needs_earning": _("the platform owns the goods from receipt on, so earning may not wait for delivery"),
    "owner_sells": _("{owner} owns the goods when they are sold, so it is the seller of record"),
    "commission_seller_of_record": _("a commission is taken from whoever sells; the platform would pay itself"),
    "rate_or_amount": _("give either a rate or amount_minor, not {found}"),
    "multiple_or_amount": _("give either a multiple or amount_minor, not {found}"),
    "per_missing": _("missing; an amount counts per order, line, unit or parcel"),
    "per_without_amount": _("only an amount is counted per something; a rate has a base"),
    "base_without_rate": _("only a rate has a base; leave it out"),
    "floor_above_cap": _("the floor of {floor} lies above the cap of {cap} in {currency}"),
    "key_missing_for_kind": _("missing; a {kind} needs it"),
    "key_not_for_kind": _("a {kind} has no use for it; leave it out"),
    "holiday_without_commission": _("there is no commission to be free of"),
    "weekday_missing": _("missing; a weekly statement closes on a weekday"),
    "month_day_missing": _("missing; a monthly statement closes on a day of the month"),
    "not_for_cadence": _("a {cadence} statement has no use for it; leave it out"),
    "score_band": _("{until} is not above score_from, {start}"),
    "task_not_done": _("the programme does without {task}, so nothing can go wrong with it"),
    "node_missing": _("{operator} performs storage, so {node} belongs in the list"),
    "category_both": _("{category} is both admitted and excluded"),
    "unknown_source": _("{source} does not stand under sources"),
    "penalty_not_seller": _("{party} is liable for this, so the penalty never reaches the seller"),
    "penalty_uncapped": _("a penalty without a cap has no bound a seller can plan with"),
    "stock_in_market_unsaid": _("parcels leave from inside the market, yet no stock in the market is asked for"),
    "payment_not_platform": _("where the platform does not collect the payment, there is nothing to settle from"),
    "unsold_not_owner": _("{owner} owns the unsold stock and {party} bears its risk; say so in the summary"),
}


def find_errors(programme: Programme) -> list[Problem]:
    """Every contradiction, each with its key."""
    return _problems(ERRORS, programme)


def find_warnings(programme: Programme) -> list[Problem]:
    """What is allowed and probably not meant."""
    return _problems(WARNINGS, programme)


def _problems(checks: tuple[Callable[[Programme], Iterator[Finding]], ...], programme: Programme) -> list[Problem]:
    report = Report(MESSAGES)
    for check in checks:
        for key, code, values in check(programme):
            report.add(key, code, **values)
    return report.problems


def _periods(programme: Programme) -> Iterator[Finding]:
    dated: list[tuple[str, Dated]] = [("", programme)]
    dated += [(f"fees[{index}].", fee) for index, fee in enumerate(programme.fees)]
    dated += [(f"incentives[{index}].", each) for index, each in enumerate(programme.incentives)]
    for prefix, each in dated:
        if each.valid_from and each.valid_until and each.valid_until <= each.valid_from:
            values = {"until": each.valid_until.isoformat(), "start": each.valid_from.isoformat()}
            yield f"{prefix}valid_until", "period_ends_first", values


def _codes(programme: Programme) -> Iterator[Finding]:
    for name in ("fees", "incentives"):
        entries = getattr(programme, name)
        for index, each in enumerate(entries):
            for place, earlier in enumerate(entries[:index]):
                if each.code == earlier.code and _overlap(each, earlier):
                    yield f"{name}[{index}].code", "code_twice", {"name": each.code, "other": f"{name}[{place}]"}
    for index, incentive in enumerate(programme.incentives):
        for place, former in enumerate(programme.incentives[:index]):
            if incentive.kind is former.kind and _overlap(incentive, former):
                values = {"kind": incentive.kind.value, "other": f"incentives[{place}]"}
                yield f"incentives[{index}].kind", "kind_twice", values
    penalties = [each.code for each in programme.service.penalties]
    for place, code in enumerate(penalties):
        if code in penalties[:place]:
            first = f"service.penalties[{penalties.index(code)}]"
            yield f"service.penalties[{place}].code", "code_twice", {"name": code, "other": first}


def _overlap(one: Dated, other: Dated) -> bool:
    starts = max(one.valid_from or date.min, other.valid_from or date.min)
    return starts < min(one.valid_until or date.max, other.valid_until or date.max)


def _earning(programme: Programme) -> Iterator[Finding]:
    earning = programme.earning
    if earning.basis is EarningBasis.SUPPLY_PRICE:
        if earning.commission:
            yield "earning.commission", "commission_without_retail", {}
        if earning.base and "supply_price" not in earning.base.components:
            yield "earning.base", "base_without_supply_price", {}
        if programme.performer(Task.SUPPLY_PRICE) is None:
            yield "duties.supply_price", "supply_price_undone", {}
        if Party.PLATFORM not in (programme.decider(Task.RETAIL_PRICE), programme.approver(Task.RETAIL_PRICE)):
            yield "duties.retail_price.decider", "retail_price_not_platform", {}
        return
    if earning.commission is None:
        yield "earning.commission", "commission_missing", {}
    if earning.base is None:
        yield "earning.base", "base_missing", {}
    if programme.performer(Task.SELLER_OF_RECORD) is Party.PLATFORM:
        yield "duties.seller_of_record", "commission_seller_of_record", {}
    for key, base in _bases(programme):
        if "supply_price" in base.components:
            yield key, "supply_price_unknown", {}


def _bases(programme: Programme) -> Iterator[tuple[str, Base]]:
    entries: list[tuple[str, Base | None]] = [("earning.base", programme.earning.base)]
    entries += [(f"fees[{index}].base", fee.base) for index, fee in enumerate(programme.fees)]
    entries += [
        (f"service.penalties[{index}].base", each.base) for index, each in enumerate(programme.service.penalties)
    ]
    for key, base in entries:
        if base is not None:
            yield key, base


def _title(programme: Programme) -> Iterator[Finding]:
    supply = programme.earning.basis is EarningBasis.SUPPLY_PRICE
    on_receipt = programme.earning.accrues_on is Accrual.RECEIPT
    owner = programme.performer(Task.STOCK_OWNERSHIP)
    passes = owner is not Party.PLATFORM and programme.title_passes_on is Until.RECEIPT
    if on_receipt and not supply:
        yield "earning.accrues_on", "receipt_needs_supply_price", {}
    if on_receipt and not passes:
        yield "duties.stock_ownership.until", "receipt_needs_title", {}
    if passes and not supply:
        yield "earning.basis", "title_needs_supply_price", {}
    if passes and programme.earning.accrues_on is Accrual.DELIVERY:
        yield "earning.accrues_on", "title_needs_earning", {}
    if (passes or owner is Party.PLATFORM) and programme.performer(Task.SELLER_OF_RECORD) is not Party.PLATFORM:
        yield "duties.seller_of_record", "owner_sells", {"owner": "platform"}


def _fees(programme: Programme) -> Iterator[Finding]:
    for index, fee in enumerate(programme.fees):
        key = f"fees[{index}]"
        if (fee.rate is None) == (not fee.amount_minor):
            found = "neither" if fee.rate is None else "both"
            yield f"{key}.rate", "rate_or_amount", {"found": found}
        elif fee.rate is not None:
            if fee.base is None:
                yield f"{key}.base", "base_missing", {}
            if fee.per is not None:
                yield f"{key}.per", "per_without_amount", {}
        else:
            if fee.base is not None:
                yield f"{key}.base", "base_without_rate", {}
            if fee.per is None:
                yield f"{key}.per", "per_missing", {}
        for currency, cap in fee.cap_minor.items():
            floor = fee.floor_minor.get(currency, 0)
            if floor > cap:
                yield (
                    f"{key}.floor_minor.{currency}",
                    "floor_above_cap",
                    {"floor": floor, "cap": cap, "currency": currency},
                )


#: The keys that each kind of incentive needs, and those it may have beside them.
INCENTIVE_KEYS: Mapping[IncentiveKind, tuple[set[str], set[str]]] = {
    IncentiveKind.COMMISSION_HOLIDAY: ({"rate"}, {"days_since_enrolment"}),
    IncentiveKind.CASH_PER_ORDER: ({"amount_minor"}, {"first_orders", "days_since_enrolment"}),
    IncentiveKind.LABEL_SUBSIDY: ({"rate"}, {"days_since_enrolment"}),
}


def _incentives(programme: Programme) -> Iterator[Finding]:
    for index, each in enumerate(programme.incentives):
        needed, allowed = INCENTIVE_KEYS[each.kind]
        for name in ("rate", "amount_minor", "days_since_enrolment", "first_orders"):
            given = getattr(each, name) not in (None, {})
            if name in needed and not given:
                yield f"incentives[{index}].{name}", "key_missing_for_kind", {"kind": each.kind.value}
            if given and name not in needed | allowed:
                yield f"incentives[{index}].{name}", "key_not_for_kind", {"kind": each.kind.value}
        if each.kind is IncentiveKind.COMMISSION_HOLIDAY and programme.earning.basis is EarningBasis.SUPPLY_PRICE:
            yield f"incentives[{index}].kind", "holiday_without_commission", {}


def _penalties(programme: Programme) -> Iterator[Finding]:
    for index, each in enumerate(programme.service.penalties):
        key = f"service.penalties[{index}]"
        if (each.multiple is None) == (not each.amount_minor):
            yield f"{key}.multiple", "multiple_or_amount", {"found": "neither" if each.multiple is None else "both"}
        elif each.multiple is not None and each.base is None:
            yield f"{key}.base", "base_missing", {}
        if each.score_from is not None and each.score_until is not None and each.score_until <= each.score_from:
            yield f"{key}.score_until", "score_band", {"until": each.score_until, "start": each.score_from}
        if programme.performer(each.task) is None:
            yield f"{key}.task", "task_not_done", {"task": each.task.value}


def _settlement(programme: Programme) -> Iterator[Finding]:
    settlement = programme.settlement
    for name, cadence in (("weekday", Cadence.WEEKLY), ("month_day", Cadence.MONTHLY)):
        given = getattr(settlement, name) is not None
        if settlement.cadence is cadence and not given:
            yield f"settlement.{name}", f"{name}_missing", {}
        if given and settlement.cadence is not cadence:
            yield f"settlement.{name}", "not_for_cadence", {"cadence": settlement.cadence.value}


def _access(programme: Programme) -> Iterator[Finding]:
    node = NODE_OF[programme.performer(Task.STORAGE)]
    if node not in programme.nodes:
        values = {"operator": programme.performer(Task.STORAGE), "node": node.value}
        yield "fulfilment.nodes", "node_missing", values
    for index, category in enumerate(programme.eligibility.categories_excluded):
        if category in programme.eligibility.categories_admitted:
            yield f"eligibility.categories_excluded[{index}]", "category_both", {"category": category}


def _evidence(programme: Programme) -> Iterator[Finding]:
    known = {key for answer, _value in grammar.leaves(grammar.write(programme)) for key in grammar.above(answer)}
    for index, entry in enumerate(programme.evidence):
        for place, source in enumerate(entry.sources):
            if source not in programme.sources:
                yield f"evidence[{index}].sources[{place}]", "unknown_source", {"source": source}
        for place, key in enumerate(entry.keys):
            if key not in known:
                yield f"evidence[{index}].keys[{place}]", "unknown_evidence", {"found": key}


def _odd_penalties(programme: Programme) -> Iterator[Finding]:
    for index, each in enumerate(programme.service.penalties):
        liable = programme.liable(each.task, each.cause)
        if liable is not None and liable is not Party.SELLER:
            yield f"service.penalties[{index}]", "penalty_not_seller", {"party": liable.value}
        if not each.cap_per_order_minor and not each.cap_per_period_minor:
            yield f"service.penalties[{index}]", "penalty_uncapped", {}


def _odd_duties(programme: Programme) -> Iterator[Finding]:
    local = (
        programme.fulfilment.ship_from is ShipFrom.MARKET and programme.performer(Task.STORAGE) is not Party.PLATFORM
    )
    if local and not programme.eligibility.stock_in_market:
        yield "eligibility.stock_in_market", "stock_in_market_unsaid", {}
    if programme.performer(Task.PAYMENT_COLLECTION) is not Party.PLATFORM:
        yield "duties.payment_collection", "payment_not_platform", {}
    owner = programme.performer(Task.STOCK_OWNERSHIP)
    if programme.title_passes_on is Until.RECEIPT:
        owner = Party.PLATFORM
    bearer = programme.liable(Task.UNSOLD_STOCK, Cause.DEFAULT)
    if owner and bearer is not owner:
        yield "duties.unsold_stock", "unsold_not_owner", {"owner": owner.value, "party": bearer}


ERRORS = (_periods, _codes, _earning, _title, _fees, _incentives, _penalties, _settlement, _access, _evidence)
WARNINGS = (_odd_penalties, _odd_duties)
