"""A programme in plain words, so that someone who has never sold online knows what they would accept.

Every sentence follows from the programme's data by the tables of `phrases`; the language is the active one. Whoever
reads is the seller.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext, ngettext

from entrepot.domain.terms import clauses, phrases
from entrepot.domain.terms.bases import Base
from entrepot.domain.terms.grammar import Problem
from entrepot.domain.terms.rules import Conditions, Programme
from entrepot.domain.terms.tasks import Cause, Decider, Party, Task
from entrepot.kernel import money


@dataclass(frozen=True, slots=True)
class Line:
    """One statement and the key of the programme from which it follows."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a heading, such as "You pay for"."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Chapter:
    """One question and its answers: who does, decides, pays, risks; money, service, access."""

    code: str
    title: str
    groups: tuple[Group, ...]


def tell(conditions: Conditions, *, currency: str = "") -> list[Chapter]:
    """The whole of a programme, or of a line's terms, in plain words; amounts in one currency where one is given."""
    if currency:
        conditions = _in_currency(conditions, currency)
    chapters = [
        _chapter("does", gettext("Who does what"), _does(conditions)),
        _chapter("decides", gettext("Who decides"), _decides(conditions)),
        _chapter("pays", gettext("Who pays"), _pays(conditions)),
        _chapter("risks", gettext("Who bears the risk"), _risks(conditions)),
        _chapter(
            "money", gettext("What you earn, and when"), ((gettext("Money"), line) for line in _money(conditions))
        ),
        _chapter("service", gettext("What is promised to shoppers"), _service(conditions)),
    ]
    if isinstance(conditions, Programme):
        chapters.append(_chapter("access", gettext("Who may join"), _access(conditions)))
    return [chapter for chapter in chapters if chapter.groups]


def _in_currency(record: Any, currency: str) -> Any:
    """The record with amounts of that currency only; a table that lacks it stays as it is."""
    if isinstance(record, tuple):
        return tuple(_in_currency(each, currency) for each in record)
    if not is_dataclass(record) or isinstance(record, type):
        return record
    changed = {}
    for each in fields(record):
        value = getattr(record, each.name)
        if each.name.endswith("_minor"):
            changed[each.name] = {currency: value[currency]} if currency in value else value
        elif isinstance(value, tuple) or is_dataclass(value):
            changed[each.name] = _in_currency(value, currency)
    return replace(record, **changed)


def _chapter(code: str, title: str, entries: Iterable[tuple[str, Line]]) -> Chapter:
    """Gather lines under their headings, in the order in which the headings come up."""
    groups: dict[str, list[Line]] = {}
    for heading, line in entries:
        groups.setdefault(heading, []).append(line)
    return Chapter(code, title, tuple(Group(heading, tuple(lines)) for heading, lines in groups.items()))


def _does(conditions: Conditions) -> Iterator[tuple[str, Line]]:
    for performer in (Party.SELLER, Party.PLATFORM, Party.THIRD_PARTY, None):
        for task, duty in conditions.duties.items():
            if duty.performer is performer:
                text = str(phrases.TASKS[task].does)
                if duty.role and performer is Party.THIRD_PARTY:
                    text = f"{text} ({phrases.ROLES[duty.role]})"
                if duty.until and performer is not None:
                    text = f"{text} {phrases.UNTIL[duty.until]}"
                yield str(phrases.DOES[performer]), Line(f"duties.{task}.performer", text)


def _decides(conditions: Conditions) -> Iterator[tuple[str, Line]]:
    for party in (Party.SELLER, Party.PLATFORM, Party.THIRD_PARTY):
        for task, duty in conditions.duties.items():
            if duty.decider and duty.decider.party is party:
                yield decision(duty.decider), Line(f"duties.{task}.decider", str(phrases.TASKS[task].sets))


def decision(decider: Decider) -> str:
    """Who decides, who must agree and who may suggest: "You decide, once the marketplace agrees"."""
    text = str(phrases.DECIDES[decider.party])
    if decider.approver:
        text += f", {phrases.APPROVES[decider.approver]}"
    if decider.proposer:
        text += f"; {phrases.PROPOSES[decider.proposer]}"
    return text


def _pays(conditions: Conditions) -> Iterator[tuple[str, Line]]:
    for party in (Party.SELLER, Party.PLATFORM, Party.THIRD_PARTY):
        for task, duty in conditions.duties.items():
            if set(duty.payer) == {party}:
                yield str(phrases.PAYS[party]), Line(f"duties.{task}.payer", str(phrases.TASKS[task].costs))
    for task, duty in conditions.duties.items():
        if len(duty.payer) > 1:
            text = f"{phrases.TASKS[task].costs}: {shares(duty.payer)}"
            yield str(phrases.SHARED), Line(f"duties.{task}.payer", text)


def _risks(conditions: Conditions) -> Iterator[tuple[str, Line]]:
    for party in (Party.SELLER, Party.PLATFORM, Party.THIRD_PARTY):
        for task, duty in conditions.duties.items():
            for cause, liable in duty.liable.items():
                if liable is party:
                    text = str(phrases.TASKS[task].fails)
                    if cause is not Cause.DEFAULT:
                        text = f"{text}, {phrases.CAUSES[cause]}"
                    yield str(phrases.BEARS[party]), Line(f"duties.{task}.liable.{cause}", text)


def _money(conditions: Conditions) -> Iterator[Line]:
    yield from _earning(conditions.earning)
    for index, each in enumerate(conditions.fees):
        yield Line(f"fees[{index}]", fee(each))
    for index, extra in enumerate(conditions.incentives):
        yield Line(f"incentives[{index}]", incentive(extra))
    yield from _settlement(conditions.settlement)
    capture = conditions.fulfilment.capture
    yield Line("fulfilment.capture", str(phrases.CAPTURE[capture]))


def _earning(earning: clauses.Earning) -> Iterator[Line]:
    if earning.commission is None or earning.base is None:
        yield Line("earning.basis", gettext("For every unit sold you earn the supply price that was agreed."))
    else:
        yield Line("earning.basis", gettext("You earn what the shopper pays, less a commission."))
        values = {"rate": percent(earning.commission.default), "base": base(earning.base)}
        yield Line("earning.commission", gettext("The commission is {rate} of {base}.").format(**values))
        for path, rate in earning.commission.categories.items():
            text = gettext("In {category} the commission is {rate}.").format(category=path, rate=percent(rate))
            yield Line(f"earning.commission.categories.{path}", text)
    yield Line("earning.accrues_on", str(phrases.ACCRUES[earning.accrues_on]))


def fee(entry: clauses.Fee) -> str:
    """A fee in one sentence."""
    if entry.rate is not None and entry.base is not None:
        text = gettext("{rate} of {base}").format(rate=percent(entry.rate), base=base(entry.base))
    else:
        text = f"{amounts(entry.amount_minor)} {phrases.PER[entry.per or clauses.Per.ORDER]}"
    parts = [text]
    if entry.floor_minor:
        parts.append(gettext("at least {amount}").format(amount=amounts(entry.floor_minor)))
    if entry.cap_minor:
        parts.append(gettext("at most {amount}").format(amount=amounts(entry.cap_minor)))
    if entry.categories:
        parts.append(gettext("only in {categories}").format(categories=", ".join(entry.categories)))
    if entry.charged_to is not Party.SELLER:
        parts.append(gettext("borne by {party}").format(party=phrases.PARTIES[entry.charged_to]))
    if not entry.returned_on_refund:
        parts.append(gettext("not given back on a refund"))
    return gettext("Fee: {label}, {details}.").format(
        label=label(entry.label), details=", ".join(parts) + _period(entry)
    )


def incentive(entry: clauses.Incentive) -> str:
    """An incentive in one sentence."""
    text = str(phrases.INCENTIVES[entry.kind]).format(
        label=label(entry.label), rate=percent(entry.rate or Decimal(0)), amount=amounts(entry.amount_minor)
    )
    if entry.days_since_enrolment:
        days = entry.days_since_enrolment
        text += ngettext(", for {days} day after you join", ", for {days} days after you join", days).format(days=days)
    if entry.first_orders:
        orders = entry.first_orders
        text += ngettext(", for your first order", ", for your first {orders} orders", orders).format(orders=orders)
    return f"{text}{_period(entry)}."


def _period(dated: clauses.Dated) -> str:
    text = ""
    if dated.valid_from:
        text += gettext(", from {day} on").format(day=dated.valid_from.isoformat())
    if dated.valid_until:
        text += gettext(", until before {day}").format(day=dated.valid_until.isoformat())
    return text


def _settlement(settlement: clauses.Settlement) -> Iterator[Line]:
    weekday = phrases.WEEKDAYS[settlement.weekday] if settlement.weekday else ""
    text = str(phrases.CADENCE[settlement.cadence]).format(weekday=weekday, month_day=settlement.month_day or "")
    yield Line("settlement.cadence", text)
    since = {
        clauses.Trigger.ACCRUAL: gettext("{days} after you have earned it, an amount stands on the next statement."),
        clauses.Trigger.DELIVERED: gettext("{days} after delivery, an amount stands on the next statement."),
    }[settlement.trigger]
    yield Line("settlement.delay_days", since.format(days=days(settlement.delay_days)))
    if settlement.undelivered_days is not None:
        text = gettext("Where delivery is never reported, it counts {days} after hand-over to the carrier.")
        yield Line("settlement.undelivered_days", text.format(days=days(settlement.undelivered_days)))
    if reserve := settlement.reserve:
        text = gettext("Of each statement {rate} is kept back for {days}.").format(
            rate=percent(reserve.rate), days=days(reserve.release_days)
        )
        if reserve.cap_minor:
            text += " " + gettext("Never more than {amount} is kept.").format(amount=amounts(reserve.cap_minor))
        yield Line("settlement.reserve", text)
    if settlement.minimum_payout_minor:
        text = gettext("Less than {amount} is not paid out but carried over.")
        yield Line("settlement.minimum_payout_minor", text.format(amount=amounts(settlement.minimum_payout_minor)))


def _service(conditions: Conditions) -> Iterator[tuple[str, Line]]:
    service, returns = conditions.service, conditions.returns
    heading = gettext("Delivery")
    texts = {
        "handling_business_days": gettext("A parcel leaves within {days} of the order."),
        "transit_business_days": gettext("It arrives within {days} more."),
        "inbound_answer_business_days": gettext("A stock order is answered within {days}."),
        "inbound_ship_business_days": gettext("Goods that are ordered from you leave within {days}."),
        "inbound_business_days": gettext("Goods that are ordered from you arrive at the warehouse within {days}."),
        "auto_cancel_business_days": gettext("An order that has not left after {days} is cancelled by itself."),
    }
    for name, text in texts.items():
        if (value := getattr(service, name)) is not None:
            yield heading, Line(f"service.{name}", text.format(days=business_days(value)))
    for name, text in {
        "late_rate_max": gettext("At most {rate} of your parcels may leave late."),
        "cancellation_rate_max": gettext("At most {rate} of your orders may be cancelled through your fault."),
    }.items():
        if (rate := getattr(service, name)) is not None:
            yield heading, Line(f"service.{name}", text.format(rate=percent(rate)))
    for index, each in enumerate(service.penalties):
        yield gettext("Penalties"), Line(f"service.penalties[{index}]", penalty(each))
    yield from ((gettext("Returns"), line) for line in _returns(conditions, returns))


def penalty(entry: clauses.Penalty) -> str:
    """A penalty in one sentence."""
    if entry.multiple is not None and entry.base is not None:
        cost = gettext("{multiple} times {base}").format(multiple=number(entry.multiple), base=base(entry.base))
    else:
        cost = amounts(entry.amount_minor)
    parts = [cost]
    if entry.after_hours is not None:
        hours = entry.after_hours
        parts.append(ngettext("after {hours} hour", "after {hours} hours", hours).format(hours=hours))
    if entry.score_from is not None or entry.score_until is not None:
        band = {"low": entry.score_from or 0, "high": entry.score_until or 100}
        parts.append(gettext("with a score from {low} to below {high}").format(**band))
    if entry.cap_per_order_minor:
        parts.append(gettext("at most {amount} per order").format(amount=amounts(entry.cap_per_order_minor)))
    if entry.cap_per_period_minor:
        text = gettext("at most {amount} per statement")
        parts.append(text.format(amount=amounts(entry.cap_per_period_minor)))
    if entry.appeal_days:
        parts.append(gettext("you may appeal for {days}").format(days=days(entry.appeal_days)))
    return f"{label(entry.label)}: {', '.join(parts)}."


def _returns(conditions: Conditions, returns: clauses.Returns) -> Iterator[Line]:
    if not returns.window_days:
        yield Line("returns.window_days", gettext("Shoppers may not return goods beyond what the law gives them."))
        return
    text = gettext("Shoppers may return goods for {days} after delivery; they go to {party}.")
    handler = conditions.performer(Task.RETURNS_HANDLING) or Party.PLATFORM
    values = {"days": days(returns.window_days), "party": phrases.PARTIES[handler]}
    yield Line("returns.window_days", text.format(**values))
    yield Line("returns.disposition", str(phrases.DISPOSITION[returns.disposition]))
    if returns.keep_below_minor:
        text = gettext("Below {amount} the shopper gets the money back and keeps the goods.")
        yield Line("returns.keep_below_minor", text.format(amount=amounts(returns.keep_below_minor)))
    if conditions.earning.commission:
        yield Line("returns.commission_returned", _commission_back(returns))


def _commission_back(returns: clauses.Returns) -> str:
    if not returns.commission_returned:
        return gettext("The commission is not given back on a refund.")
    if not returns.refund_admin:
        return gettext("The commission is given back on a refund.")
    text = gettext("The commission is given back on a refund, less {rate} of it").format(
        rate=percent(returns.refund_admin.rate)
    )
    if returns.refund_admin.cap_minor:
        text += gettext(", at most {amount}").format(amount=amounts(returns.refund_admin.cap_minor))
    return f"{text}."


def _access(programme: Programme) -> Iterator[tuple[str, Line]]:
    eligibility, exposure = programme.eligibility, programme.exposure
    heading = gettext("You need")
    for document in eligibility.documents:
        yield heading, Line("eligibility.documents", str(phrases.DOCUMENTS[document]))
    if eligibility.stock_in_market:
        yield heading, Line("eligibility.stock_in_market", gettext("stock in the shopper's country"))
    if eligibility.tier is not clauses.Tier.NEW:
        text = gettext("at least the standing “{tier}”").format(tier=phrases.TIERS[eligibility.tier])
        yield heading, Line("eligibility.tier", text)
    if eligibility.skus_min:
        text = gettext("at least {count} articles").format(count=eligibility.skus_min)
        yield heading, Line("eligibility.skus_min", text)
    for course in eligibility.training:
        yield heading, Line("eligibility.training", gettext("the course “{course}”").format(course=course))
    heading = gettext("Goods")
    if eligibility.weight_min_g:
        text = gettext("Only goods of at least {weight} g.").format(weight=eligibility.weight_min_g)
        yield heading, Line("eligibility.weight_min_g", text)
    for name, text in {
        "categories_admitted": gettext("Only {categories}."),
        "categories_excluded": gettext("Not {categories}."),
    }.items():
        if categories := getattr(eligibility, name):
            yield heading, Line(f"eligibility.{name}", text.format(categories=", ".join(categories)))
    yield from ((gettext("Visitors"), line) for line in _exposure(exposure))
    yield gettext("Where and from when"), Line("markets", _where(programme))


def _exposure(exposure: clauses.Exposure) -> Iterator[Line]:
    if exposure.guaranteed_share:
        text = gettext("At least {rate} of all places that visitors see are kept for this programme.")
        yield Line("exposure.guaranteed_share", text.format(rate=percent(exposure.guaranteed_share)))
    if exposure.boost != 1:
        text = gettext("In search and lists your goods count {factor} times.")
        yield Line("exposure.boost", text.format(factor=number(exposure.boost)))
    if exposure.badge:
        text = gettext("Your goods carry the badge “{badge}”.")
        yield Line("exposure.badge", text.format(badge=label(exposure.badge)))


def _where(programme: Programme) -> str:
    everywhere = gettext("in all markets")
    where = everywhere if "*" in programme.markets else ", ".join(programme.markets)
    return f"{where}{_period(programme)}"


def problem(found: Problem) -> str:
    """A problem of a programme file in the active language, with its key."""
    return f"{found.key}: {gettext(found.template).format(**found.values)}"


def label(texts: Mapping[str, str]) -> str:
    """The text in the active language, or its main language, or English."""
    language = (get_language() or "en").lower()
    return texts.get(language) or texts.get(language.partition("-")[0]) or texts["en"]


def number(value: Decimal) -> str:
    """A number in the habits of the active language."""
    return number_format(value, use_l10n=True)


def percent(rate: Decimal) -> str:
    """A rate as a percentage."""
    return f"{number(_short(rate * 100))}\u00a0%"


def shares(payer: Mapping[Party, Decimal]) -> str:
    """Who pays, in which shares: "the marketplace 50 %, you 50 %"."""
    if len(payer) == 1:
        return str(phrases.PARTIES[next(iter(payer))])
    return ", ".join(f"{phrases.PARTIES[party]} {percent(payer[party])}" for party in Party if party in payer)


def amounts(minor: Mapping[str, int]) -> str:
    """An amount in each of its currencies."""
    language = get_language() or "en"
    return " / ".join(money.format_minor(value, currency, language) for currency, value in minor.items())


def base(expression: Base) -> str:
    """A base in words: "what the shopper pays plus the discount that the marketplace pays less tax"."""
    words = expression.text.split()
    if words[0] != "-":
        words.insert(0, "+")
    parts = [(sign, str(phrases.COMPONENTS[name])) for sign, name in zip(words[::2], words[1::2], strict=True)]
    text = parts[0][1] if parts[0][0] == "+" else gettext("less {part}").format(part=parts[0][1])
    for sign, part in parts[1:]:
        joined = gettext("{sum} plus {part}") if sign == "+" else gettext("{sum} less {part}")
        text = joined.format(sum=text, part=part)
    return text


def days(count: int) -> str:
    """So many days."""
    return ngettext("{count} day", "{count} days", count).format(count=count)


def business_days(count: int) -> str:
    """So many business days."""
    return ngettext("{count} business day", "{count} business days", count).format(count=count)


def _short(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
