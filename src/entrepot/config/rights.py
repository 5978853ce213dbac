"""What each role of the database may do with each table: least rights, granted anew whenever the tables change.

Roles that nobody signs in as; a run-time role takes one on for a request or a job (decision 18). What is named for a
role it may do, and nothing else; the run-time roles themselves read and write all rows, but none may alter a table.
"""

from collections.abc import Mapping

from entrepot.config.embedded import RELAY, SETTLEMENT, SHOPPER, TAKEN_ON

ROLES = TAKEN_ON

#: What lets somebody in: read by those only who ask for it by name.
SECRETS = "!account_emailconfirmation !accounts_apikey !accounts_invitation !django_session !mfa_authenticator".split()

#: What everybody reads who shops: the catalogue, what it costs, what it takes to say when it arrives, words and days.
#: Of what is people's, the marketplace's own or its sellers', only what a quote needs.
SHARED = [
    "*",
    *SECRETS,
    *"!account_* !accounts_* !aftersales_* !auth_* !conversations_* !django_* !inbound_* !kernel_* !ledger_*".split(),
    *"!notices_* !orders_* !payments_* !procrastinate_* !sellers_* !settlement_* !uploads_*".split(),
    *"!inventory_movement !inventory_place* !logistics_billtolerance !logistics_carrier* !logistics_manifest".split(),
    *"!logistics_sandbox* !logistics_trackingdoubt !pricing_pricerule !pricing_retailproposal".split(),
    *"accounts_organisation accounts_permission kernel_processheartbeat kernel_version".split(),
    *"sellers_enrolment sellers_seller".split(),
]

#: What a shopper reads of their own; row-level security says which rows.
OWN = (
    "accounts_contact accounts_user aftersales_returncase aftersales_returnline conversations_attachment "
    "conversations_message conversations_thread kernel_idempotencykey logistics_booking logistics_parcel "
    "logistics_parcelline logistics_trackingevent notices_notice notices_silence orders_adjustment orders_cart "
    "orders_cartline orders_order orders_orderevent orders_orderline orders_promise orders_promisepart "
    "orders_suborder payments_capture payments_captureline payments_payment payments_refund payments_refundline "
    "payments_void"
).split()

#: Whoever waits for rows that another changes must be allowed to change a column of them: a key, which nothing changes.
LOCK = "UPDATE (id)"

#: Role -> right -> tables, in this order: "*" stands for anything, and what begins with "!" is taken out again.
RIGHTS: Mapping[str, Mapping[str, list[str]]] = {
    SHOPPER: {
        "SELECT": [*SHARED, *OWN],
        # Carts, addresses, questions, returns with their labels, what was read, and that it is told.
        "INSERT": (
            "accounts_contact aftersales_returncase aftersales_returnline conversations_attachment "
            "conversations_message conversations_thread kernel_idempotencykey kernel_outboxevent logistics_parcel "
            "logistics_parcelline logistics_trackingevent notices_silence orders_cart orders_cartline orders_orderevent"
        ).split(),
        "UPDATE": (
            "accounts_contact aftersales_returncase conversations_thread kernel_idempotencykey logistics_parcel "
            "notices_notice orders_cart orders_cartline orders_order"
        ).split(),
        "DELETE": "kernel_idempotencykey notices_silence orders_cartline".split(),
        LOCK: ["accounts_user", "orders_orderline"],
    },
    # Tells what happened: claims events, and writes who is told.
    RELAY: {
        "SELECT": ["*", *SECRETS, "accounts_invitation"],
        "INSERT": ["notices_notice"],
        "UPDATE": ["kernel_outboxevent"],
    },
    # Closes the day: what accrued, statements, reserves, their postings; and that it is told.
    SETTLEMENT: {
        "SELECT": ["*", *SECRETS],
        "INSERT": (
            "kernel_auditentry kernel_outboxevent ledger_account ledger_balance ledger_journal ledger_posting "
            "settlement_accrual settlement_reservehold settlement_statement settlement_statementline "
            "settlement_unstated"
        ).split(),
        "UPDATE": "ledger_balance settlement_reservehold settlement_statement".split(),
        "DELETE": ["settlement_unstated"],
        LOCK: ["orders_orderline"],
    },
}
