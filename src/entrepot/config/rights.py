"""What each role of the database may do with each table: least rights, granted anew whenever the tables change.

Roles that nobody signs in as; a run-time role takes one on for a request or a job (decision 16). What is named for a
role it may do, and nothing else; the run-time roles themselves read and write all rows, but none may alter a table.
"""

from collections.abc import Mapping

from entrepot.config.embedded import RELAY, SETTLEMENT, SHOPPER, TAKEN_ON

ROLES = TAKEN_ON

#: What lets somebody in: read by those only who ask for it by name.
SECRETS = "account_emailconfirmation accounts_apikey accounts_invitation django_session mfa_authenticator".split()

#: What everybody reads who shops: the catalogue, what it costs, what it takes to say when it arrives, words and days.
SHARED = (
    "accounts_organisation accounts_permission catalogue_category catalogue_offer catalogue_picture catalogue_product "
    "catalogue_producttext catalogue_sku catalogue_skucomponent customs_edition customs_importtax customs_levy "
    "customs_listedcode customs_membership customs_overlay customs_regime customs_tariffline demonstration_clock "
    "inventory_allotment inventory_hold inventory_stock kernel_processheartbeat kernel_version "
    "logistics_carrieraccount logistics_holiday logistics_lane logistics_node logistics_nodeclosure logistics_ratecard "
    "logistics_shippingcharge markets_exchangerate markets_market markets_taxrate pricing_retailprice "
    "pricing_supplyquote promotions_redemption promotions_voucher routing_routingrule routing_ruleedition "
    "sellers_enrolment sellers_seller terms_programme terms_programmeversion terms_termssnapshot"
).split()

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

#: Role -> right -> tables.
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
        "SELECT": ["*", "accounts_invitation"],
        "INSERT": ["notices_notice"],
        "UPDATE": ["kernel_outboxevent"],
    },
    # Closes the day: what accrued, statements, reserves, their postings and the seal of these; and that it is told.
    SETTLEMENT: {
        "SELECT": ["*"],
        "INSERT": (
            "kernel_auditentry kernel_outboxevent ledger_account ledger_anchor ledger_balance ledger_journal "
            "ledger_posting ledger_seal settlement_accrual settlement_reservehold settlement_statement "
            "settlement_statementline"
        ).split(),
        "UPDATE": "ledger_balance settlement_reservehold settlement_statement".split(),
        LOCK: ["orders_orderline"],
    },
}
