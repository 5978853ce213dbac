"""Roles and verbs in plain words."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Said(NamedTuple):
    """What something is called, and what it means."""

    title: str | Promise
    words: str | Promise = ""


ROLES: Mapping[str, Said] = {
    "operator.admin": Said(_("Administrator"), _("May do everything, and decides who else may do what.")),
    "operator.finance": Said(_("Finance"), _("Settles, pays out, corrects the books and proves them.")),
    "operator.merchandiser": Said(_("Merchandiser"), _("Publishes goods, sets prices, answers supply prices.")),
    "operator.warehouse": Said(_("Warehouse"), _("Receives, packs, hands over and takes returns at own nodes.")),
    "operator.service": Said(_("Customer service"), _("Answers shoppers, sees orders and returns.")),
    "seller.owner": Said(_("Owner"), _("May do everything for the seller, accepts programmes, edits the team.")),
    "seller.staff": Said(_("Staff"), _("Packs, ships and takes returns; sees goods, prices and stock.")),
    "partner.admin": Said(_("Manager"), _("Does what the floor does, and edits the team and its keys.")),
    "partner.warehouse": Said(_("Floor"), _("Receives, packs, hands over and takes returns at own nodes.")),
}

VERBS: Mapping[str, str | Promise] = {
    "programmes.read": _("See programmes"),
    "programmes.edit": _("Write programmes"),
    "programmes.publish": _("Publish and open programmes"),
    "sellers.read": _("See sellers"),
    "sellers.admit": _("Admit and suspend sellers"),
    "sellers.apply": _("Hand in documents"),
    "enrolments.read": _("See accepted programmes"),
    "enrolments.accept": _("Accept and leave programmes"),
    "catalogue.read": _("See the catalogue"),
    "catalogue.edit": _("Edit the catalogue"),
    "offers.read": _("See offers"),
    "offers.edit": _("Edit offers"),
    "prices.read": _("See prices"),
    "prices.set": _("Set prices"),
    "quotes.make": _("Ask for supply prices"),
    "quotes.decide": _("Decide supply prices"),
    "stock.read": _("See stock"),
    "stock.receive": _("Receive stock"),
    "stock.adjust": _("Correct stock"),
    "orders.read": _("See orders"),
    "orders.cancel": _("Cancel orders"),
    "work.read": _("See work to ship"),
    "work.perform": _("Pack and hand over"),
    "returns.read": _("See returns"),
    "returns.handle": _("Receive and refund returns"),
    "ledger.read": _("See the books"),
    "statements.read": _("See statements"),
    "settlement.run": _("Settle, and say what things cost"),
    "payouts.confirm": _("Send and confirm payouts"),
    "bills.read": _("Read the bills of carriers"),
    "bills.decide": _("Bring in, accept, dispute and pay the bills of carriers"),
    "promotions.edit": _("Make vouchers"),
    "verify.run": _("Prove the books"),
    "team.edit": _("Edit the team"),
    "approvals.decide": _("Decide as the second person"),
    "ledger.correct": _("Correct the books"),
    "keys.edit": _("Make API keys"),
    "stock_orders.read": _("See stock orders"),
    "stock_orders.ask": _("Ask for stock"),
    "stock_orders.answer": _("Answer stock orders"),
    "shipments.read": _("See shipments on their way in"),
    "shipments.send": _("Send shipments"),
    "conversations.read": _("Read conversations"),
    "conversations.answer": _("Answer in conversations"),
    "routing.read": _("See where goods leave from"),
    "routing.edit": _("Decide where goods leave from"),
    "setup.edit": _("Set the marketplace up"),
    "audit.read": _("See the audit trail"),
}


def said(code: str) -> Said:
    """A role and what it may do; one that nobody named as it stands."""
    return ROLES.get(code, Said(code))


def role(code: str) -> str:
    """A role in words; one that nobody named as it stands."""
    return str(said(code).title)


def verb(code: str) -> str:
    """A verb in words; one that nobody named as it stands."""
    return str(VERBS.get(code, code))
