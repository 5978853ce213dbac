"""Which role may use which verb: the rows that a new installation starts with; the operator edits them afterwards."""

#: role -> verbs on rows of the own organisation; a verb that ends in "*" stands for its family.
#: Operator roles act on all rows.
VERBS: tuple[str, ...] = (
    "programmes.read",
    "programmes.edit",
    "programmes.publish",
    "sellers.read",
    "sellers.admit",
    "sellers.apply",
    "enrolments.read",
    "enrolments.accept",
    "catalogue.read",
    "catalogue.edit",
    "offers.read",
    "offers.edit",
    "prices.read",
    "prices.set",
    "quotes.make",
    "quotes.decide",
    "stock.read",
    "stock.receive",
    "stock.adjust",
    "stock_orders.read",
    "stock_orders.ask",
    "stock_orders.answer",
    "shipments.read",
    "shipments.send",
    "orders.read",
    "orders.cancel",
    "work.read",
    "work.perform",
    "returns.read",
    "returns.handle",
    "conversations.read",
    "conversations.answer",
    "ledger.read",
    "statements.read",
    "settlement.run",
    "payouts.confirm",
    "promotions.edit",
    "verify.run",
    "team.edit",
    "approvals.decide",
    "ledger.correct",
    "keys.edit",
    "setup.edit",
    "audit.read",
)

#: What is done on the floor of a warehouse.
WAREHOUSE: tuple[str, ...] = (
    "work.read",
    "work.perform",
    "stock.read",
    "stock.receive",
    "shipments.read",
    "returns.read",
    "returns.handle",
    "conversations.read",
    "conversations.answer",
)

ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "operator.admin": ("all", VERBS),
    "operator.finance": (
        "all",
        (
            "programmes.read",
            "sellers.read",
            "orders.read",
            "ledger.read",
            "statements.read",
            "settlement.run",
            "payouts.confirm",
            "verify.run",
            "approvals.decide",
            "ledger.correct",
            "returns.read",
            "enrolments.read",
            "offers.read",
            "audit.read",
        ),
    ),
    "operator.merchandiser": (
        "all",
        (
            "programmes.read",
            "sellers.read",
            "catalogue.read",
            "catalogue.edit",
            "offers.read",
            "offers.edit",
            "prices.read",
            "prices.set",
            "quotes.decide",
            "stock.read",
            "stock_orders.read",
            "stock_orders.ask",
            "shipments.read",
            "promotions.edit",
            "enrolments.read",
            "orders.read",
        ),
    ),
    "operator.service": (
        "all",
        (
            "sellers.read",
            "orders.read",
            "orders.cancel",
            "offers.read",
            "returns.read",
            "conversations.read",
            "conversations.answer",
        ),
    ),
    "operator.warehouse": (
        "own",
        (
            "stock.read",
            "stock.receive",
            "shipments.read",
            "work.read",
            "work.perform",
            "returns.read",
            "returns.handle",
        ),
    ),
    "seller.owner": (
        "own",
        (
            "programmes.read",
            "sellers.read",
            "sellers.apply",
            "enrolments.read",
            "enrolments.accept",
            "catalogue.read",
            "catalogue.edit",
            "offers.read",
            "offers.edit",
            "prices.read",
            "prices.set",
            "quotes.make",
            "stock.read",
            "stock.receive",
            "stock.adjust",
            "stock_orders.read",
            "stock_orders.answer",
            "shipments.read",
            "shipments.send",
            "orders.read",
            "orders.cancel",
            "work.read",
            "work.perform",
            "returns.read",
            "returns.handle",
            "conversations.read",
            "conversations.answer",
            "statements.read",
            "team.edit",
            "keys.edit",
            "audit.read",
        ),
    ),
    "seller.staff": (
        "own",
        (
            "programmes.read",
            "catalogue.read",
            "offers.read",
            "prices.read",
            "stock.read",
            "stock_orders.read",
            "shipments.read",
            "shipments.send",
            "orders.read",
            "work.read",
            "work.perform",
            "returns.read",
            "returns.handle",
            "conversations.read",
            "conversations.answer",
        ),
    ),
    "partner.admin": ("own", (*WAREHOUSE, "team.edit", "keys.edit", "audit.read")),
    "partner.warehouse": ("own", WAREHOUSE),
}

#: The roles of each kind of organisation begin with this.
FAMILIES: dict[str, str] = {"operator": "operator.", "seller": "seller.", "third_party": "partner."}
#: Whoever holds this may edit a team; an organisation always keeps somebody who does.
KEEPER = "team.edit"


def permission_rows() -> list[tuple[str, str, str]]:
    """(role, verb, scope) of every permission a new installation has."""
    return [(role, verb, scope) for role, (scope, verbs) in ROLES.items() for verb in verbs]


def roles_of(kind: str) -> tuple[str, ...]:
    """The roles that a member of this kind of organisation can have, the one that holds most first."""
    return tuple(role for role in ROLES if role.startswith(FAMILIES[kind]))
