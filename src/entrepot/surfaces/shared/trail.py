"""The audit trail as people read it: who did what, when and why, and what it changed. Once for all surfaces."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import words as account_words
from entrepot.kernel import audit
from entrepot.kernel.models import AuditEntry
from entrepot.surfaces.shared.components import Slice, Text
from entrepot.surfaces.shared.guards import ActingRequest

PAGE = 50

#: What was done, by the verb of its entry.
ACTS: Mapping[str, Text] = {
    "team.join": _("Joined a team"),
    "team.invite": _("Invited somebody"),
    "team.uninvite": _("Took an invitation back"),
    "team.role": _("Changed a role"),
    "team.leave": _("Ended a membership"),
    "keys.create": _("Made an API key"),
    "keys.revoke": _("Revoked an API key"),
    "organisation.create": _("Added an organisation"),
    "organisation.describe": _("Changed an organisation's name or country"),
    "markets.open": _("Opened a market"),
    "markets.change": _("Changed a market"),
    "markets.close": _("Closed a market"),
    "markets.reopen": _("Reopened a market"),
    "markets.tax": _("Set a tax rate"),
    "markets.rates": _("Published exchange rates"),
    "nodes.create": _("Added a node"),
    "nodes.change": _("Changed a node"),
    "nodes.close": _("Closed a node for some days"),
    "nodes.reopen": _("Opened a node on days that were closed"),
    "nodes.archive": _("Archived a node"),
    "categories.keep": _("Changed the categories"),
    "settlement.cost_rate": _("Set a cost rate"),
    "settlement.run": _("Closed statements"),
    "settlement.request": _("Asked for a settlement act"),
    "payouts.send": _("Sent payouts"),
    "payments.confirm": _("Confirmed a payment"),
    "payments.refuse": _("Said that a payment did not come"),
    "payments.capture": _("Tried a capture again"),
    "payments.void": _("Tried a void again"),
    "payments.refund": _("Tried a refund again"),
    "programmes.publish": _("Published a programme"),
    "programmes.copy": _("Copied a programme"),
    "programmes.edit": _("Edited a programme's draft"),
    "programmes.discard": _("Threw a draft away"),
    "programmes.archive": _("Archived a programme"),
    "programmes.choose": _("Chose which programmes are open"),
    "sellers.active": _("Admitted a seller"),
    "sellers.suspended": _("Suspended a seller"),
    "sellers.closed": _("Closed a seller"),
    "sellers.tier": _("Changed a seller's standing"),
    "sellers.document_accepted": _("Accepted a paper"),
    "sellers.document_refused": _("Refused a paper"),
    "enrolments.accept": _("Accepted a programme"),
    "enrolments.end": _("Left a programme"),
    "catalogue.archive": _("Archived products"),
    "prices.rule": _("Set a price rule"),
    "promotions.create": _("Made a voucher"),
    "promotions.end": _("Ended a voucher"),
    "stock.adjust": _("Corrected stock"),
    "orders.cancel": _("Cancelled units"),
    "orders.change": _("Changed an address"),
    "orders.substitute": _("Replaced a product"),
    "accounts.forget": _("Forgot a person"),
    "claims.confirm": _("Confirmed what a carrier did not scan"),
    "conversations.hand_on": _("Handed a conversation on"),
    "conversations.read": _("Read a conversation of others"),
    "customs.load": _("Loaded customs tables"),
    "freight.publish": _("Published a rate card"),
    "letters.try": _("Tried whether letters leave"),
    "sellers.document_request": _("Asked for a paper"),
    "shipments.send": _("Sent a shipment"),
    "shipments.refuse": _("Turned a shipment away"),
    "shipments.lose": _("Gave a shipment up as lost"),
    "shipments.sell_ahead": _("Changed whether a shipment is sold ahead"),
    "shipments.sell_ahead_rule": _("Changed what is sold ahead"),
    "shipments.values": _("Gave the value of a shipment for customs"),
    "shipments.costs": _("Shared a shipment's costs"),
    "stock.receive": _("Set the hours of a dock"),
    "vendor_returns.ask": _("Asked for goods to go back to their seller"),
    "vendor_returns.accept": _("Agreed that goods go back"),
    "vendor_returns.cancel": _("Took back that goods go back"),
    "vendor_returns.give_up": _("Gave goods up"),
    "vendor_returns.hand_over": _("Sent goods back to their seller"),
    "vendor_returns.dispose": _("Disposed of goods"),
    "stock.places": _("Changed the places of a warehouse"),
    "bookings.give_up": _("Gave up a booking with a carrier"),
    "carriers.set": _("Set up a carrier"),
    "bills.enter": _("Brought in a carrier's bill"),
    "bills.accept": _("Accepted lines of a carrier's bill"),
    "bills.dispute": _("Disputed lines of a carrier's bill"),
    "bills.pay": _("Paid a carrier"),
    "bills.tolerance": _("Set how far carriers' bills may differ"),
    "tracking.standard": _("Set when tracking is doubted"),
    "tracking.decide": _("Decided a doubt about tracking"),
    "freight.holidays": _("Published public holidays"),
    "freight.charge": _("Set what shoppers pay for freight"),
    "routing.rule_added": _("Added a routing rule"),
    "routing.rule_changed": _("Changed a routing rule"),
    "routing.rules_published": _("Published routing rules"),
    "customs.assume": _("Took a border without rows as free"),
    "stock_orders.ask": _("Asked for stock"),
    "stock_orders.answer": _("Answered a stock order"),
    "stock_orders.cancel": _("Cancelled a stock order"),
    "stock_orders.settings": _("Changed how stock is asked for"),
    "uploads.carry_out": _("Carried a table out"),
    "ledger.correct.request": _("Asked for a correction of the books"),
    "ledger.correct.approved": _("Approved a correction of the books"),
    "ledger.correct.refused": _("Refused a correction of the books"),
}

#: What it was done to.
SUBJECTS: Mapping[str, Text] = {
    "membership": _("member"),
    "invitation": _("invitation"),
    "api_key": _("API key"),
    "organisation": _("organisation"),
    "market": _("market"),
    "exchange_rates": _("exchange rates"),
    "node": _("node"),
    "freight": _("freight table"),
    "categories": _("categories"),
    "cost_rate": _("cost rate"),
    "settlement": _("settlement"),
    "payout_batch": _("batch of payouts"),
    "payment": _("payment"),
    "capture": _("capture"),
    "void": _("void"),
    "refund": _("refund"),
    "programme": _("programme"),
    "programmes": _("programmes"),
    "programme_version": _("programme version"),
    "seller": _("seller"),
    "enrolment": _("enrolment"),
    "product": _("product"),
    "price_rule": _("price rule"),
    "voucher": _("voucher"),
    "stock": _("stock"),
    "order": _("order"),
    "journal": _("journal"),
    "carrier_bill": _("carrier's bill"),
    "carrier_payment": _("payment to a carrier"),
    "bill_tolerance": _("tolerance of bills"),
    "user": _("person"),
    "conversation": _("conversation"),
    "parcel": _("parcel"),
    "payout": _("payout"),
    "price_batch": _("batch of prices"),
    "shipment": _("shipment"),
    "booking": _("booking with a carrier"),
    "carrier_account": _("carrier"),
    "dock_hours": _("hours of a dock"),
    "vendor_return": _("return to a seller"),
    "regime": _("border law"),
    "tariff": _("tariff"),
    "routing_rule": _("routing rule"),
    "routing_rules": _("routing rules"),
    "tracking_doubt": _("doubt about tracking"),
    "tracking_standard": _("standard of tracking"),
    "stock_adjustment": _("correction of stock"),
    "stock_order": _("stock order"),
    "stock_orders": _("stock orders"),
    "inbound_setting": _("setting for stock orders"),
    "supply_quotes": _("supply prices"),
    "upload": _("table"),
    "demonstration": _("demonstration"),
    "approval": _("approval"),
}

#: The values of an entry, by their key.
KEYS: Mapping[str, Text] = {
    "email": _("address"),
    "role": _("role"),
    "organisation": _("organisation"),
    "code": _("code"),
    "status": _("state"),
    "from": _("from"),
    "until": _("until"),
    "version": _("version"),
    "verbs": _("may"),
    "label": _("label"),
    "class": _("tax class"),
    "content_hash": _("fingerprint"),
    "amount_minor": _("amount in minor units"),
}


class TrailForm(forms.Form):
    """Which entries are looked for."""

    person = forms.CharField(label=_("Who"), required=False, max_length=120)
    verb = forms.ChoiceField(label=_("What"), required=False)
    subject = forms.CharField(label=_("On what"), required=False, max_length=60, widget=forms.Select)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "trail-%s"} | kwargs)
        acts = sorted(((verb, str(text)) for verb, text in ACTS.items()), key=lambda each: each[1])
        self.fields["verb"].choices = [("", _("anything")), *acts]  # type: ignore[attr-defined]
        kinds = sorted(((kind, str(text)) for kind, text in SUBJECTS.items()), key=lambda each: each[1])
        asked = self.data.get("subject", "")
        beside = [] if not asked or asked in SUBJECTS else [(asked, _("this one"))]
        self.fields["subject"].widget.choices = [("", _("anything")), *beside, *kinds]


def context(request: ActingRequest) -> dict[str, Any]:
    """What the page of the trail shows: everybody's to whoever reads all, else that of the own organisation."""
    sees_all = request.actor.verbs.get("audit.read") == "all"
    form = TrailForm(request.GET)
    asked = {name: form.cleaned_data.get(name) or None for name in form.fields} if form.is_valid() else {}
    cursor = request.GET.get("cursor", "")
    found = audit.list_entries(
        organisation_id=None if sees_all else request.actor.organisation_id,
        person=asked.get("person") or "",
        verb=asked.get("verb") or "",
        subject=asked.get("subject") or "",
        since=asked.get("since"),
        until=asked.get("until"),
        before=int(cursor) if cursor.isdecimal() and len(cursor) < 18 else None,
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    names = accounts.list_organisation_names(
        {each.actor_organisation_id for each in shown if each.actor_organisation_id}
    )
    return {
        "form": form,
        "sees_all": sees_all,
        "is_filtered": any(asked.values()),
        "page": Slice(
            [_row(each, names) for each in shown], next_cursor=str(shown[-1].sequence) if len(found) > PAGE else ""
        ),
    }


def act(verb: str) -> str:
    """An act in words; one that nobody named as it stands."""
    return str(ACTS.get(verb, verb))


def _row(each: AuditEntry, names: Mapping[UUID, str]) -> dict[str, Any]:
    is_system = each.actor_user_id is None
    return {
        "entry": each,
        "act": act(each.verb),
        "subject": SUBJECTS.get(each.subject_kind, each.subject_kind.replace("_", " ")),
        "who": _("The system") if is_system else each.actor_label,
        "role": "" if is_system else account_words.role(each.actor_role),
        "organisation": names.get(each.actor_organisation_id, "") if each.actor_organisation_id else "",
        "changes": _changes(each.before or {}, each.after or {}),
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[Text, str, str]]:
    """(what, before, after) of every value that an entry holds."""
    keys = [*before, *(key for key in after if key not in before)]
    return [(KEYS.get(key, key.replace("_", " ")), _text(before.get(key)), _text(after.get(key))) for key in keys]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_text(part)}" for key, part in value.items())
    text = str(value)
    return account_words.role(text) if text in account_words.ROLES else text
