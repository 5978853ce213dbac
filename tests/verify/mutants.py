"""Defects, each as the statements of the tables' owner that make it, with the invariants that must see it.

`"I06 a hand-over that is not booked"` is about I06; `tripped.py` says where one defect shows in more places than one.
"""

from verify import bill_mutants

#: A journal that no query asks an amount of: goods that came in. What is posted under it belongs to nothing.
STRAY = "0199d8f0-0000-7000-8000-000000000001"
STRAY_JOURNAL = f"""INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at)
    SELECT '{STRAY}', created_at, 'receipt', 'movement', id, occurred_at FROM inventory_movement
    WHERE kind = 'received' AND id NOT IN (SELECT source_id FROM ledger_journal) ORDER BY id LIMIT 1"""


def stray_posting(source: str, destination: str, currency: str, subject: str) -> list[str]:
    """One minor unit from an account of a kind to another, about something."""
    return [
        STRAY_JOURNAL,
        f"""INSERT INTO ledger_posting
        (id, created_at, journal_id, source_id, destination_id, amount_minor, currency, part, subject_id)
        SELECT '{STRAY}', now(), '{STRAY}', source.id, destination.id, 1, source.currency, 'stray', {subject}
        FROM ledger_account source, ledger_account destination
        WHERE source.kind = '{source}' AND destination.kind = '{destination}' AND source.currency = '{currency}'
          AND destination.currency = '{currency}'""",
    ]


def first(table: str, condition: str, key: str = "id") -> str:
    """The id of the first row of its kind."""
    return f"(SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT 1)"


HANDLING = first("ledger_posting", "part = 'handling.platform'")
HANDLING_OF_NOBODY = "part = 'handling.platform'"
UNSTATED = "NOT EXISTS (SELECT FROM settlement_statementline placed WHERE placed.accrual_id = settlement_accrual.id)"
AT_REST = """(SELECT id FROM orders_orderline WHERE quantity = delivered_qty AND returned_qty = 0 AND id IN
    (SELECT subject_id FROM ledger_posting WHERE part = 'earning') ORDER BY id LIMIT 1)"""
PLAIN_HANDOVER = """(SELECT id FROM ledger_journal WHERE kind = 'handover' AND id NOT IN
    (SELECT journal_id FROM settlement_accrual) AND id IN (SELECT journal_id FROM ledger_posting)
    ORDER BY id LIMIT 1)"""
ON_THE_WAY = first("settlement_payout", "state = 'in_transit'")

MUTANTS: dict[str, list[str]] = {
    **bill_mutants.MUTANTS,
    "I01 a journal without a posting": [STRAY_JOURNAL],
    "I01 a posting of nothing": [
        "ALTER TABLE ledger_posting DROP CONSTRAINT posting_amount_positive",
        f"UPDATE ledger_posting SET amount_minor = 0 WHERE id = {HANDLING}",
    ],
    "I01 a posting that moves nowhere": [
        "ALTER TABLE ledger_posting DROP CONSTRAINT posting_moves_between_two",
        f"UPDATE ledger_posting SET destination_id = source_id WHERE id = {HANDLING}",
    ],
    "I02 a posting in a currency of its own": [
        "ALTER TABLE ledger_posting DROP CONSTRAINT posting_source_currency,"
        " DROP CONSTRAINT posting_destination_currency",
        f"UPDATE ledger_posting SET currency = 'USD' WHERE id = {HANDLING}",
    ],
    "I02 money that came for a line after all of it was earned": [
        *stray_posting("provider", "shopper_funds", "EUR", AT_REST),
        """UPDATE ledger_balance SET balance_minor = balance_minor + 1 WHERE account_id =
        (SELECT id FROM ledger_account WHERE kind = 'shopper_funds')""",
    ],
    "I02 a transit that holds more than is on its way": stray_posting("bank", "payout_in_transit", "EUR", "NULL"),
    "I03 a balance that is not its postings": [
        """UPDATE ledger_balance SET balance_minor = balance_minor + 1 WHERE account_id IN
        (SELECT id FROM ledger_account WHERE kind = 'shopper_funds')"""
    ],
    "I03 a level that is not its postings": [
        f"""UPDATE ledger_level SET balance_minor = balance_minor + 1 WHERE id = {first("ledger_level", "true")}"""
    ],
    "I03 a level that forgot a posting": [
        f"""UPDATE ledger_level SET postings = postings + 1 WHERE id = {first("ledger_level", "true")}"""
    ],
    "I03 an account whose floor nobody keeps": ["DELETE FROM ledger_balance"],
    "I04 money that was earned before it came": [
        f"""UPDATE ledger_posting SET sequence = DEFAULT WHERE journal_id =
        {first("ledger_journal", "kind = 'capture'")}"""
    ],
    "I04 a floor that was not kept": [
        "ALTER TABLE ledger_balance DROP CONSTRAINT balance_above_floor",
        "UPDATE ledger_balance SET floor_minor = 100000000",
    ],
    "I05 a posting that says another thing": [
        f"UPDATE ledger_posting SET part = 'other' WHERE id = {first('ledger_posting', HANDLING_OF_NOBODY)}"
    ],
    "I05 a posting that was slipped in": [
        f"""UPDATE ledger_seal SET postings = postings - 1 WHERE number = {first("ledger_seal", "true", "number")}"""
    ],
    "I05 a link that was taken out": [
        f"""DELETE FROM ledger_seal WHERE number = {first("ledger_seal", "true", "number")}"""
    ],
    "I05 a chain that ends before what was published of it": [
        """DELETE FROM ledger_seal WHERE number >= (SELECT max(number) FROM ledger_anchor)"""
    ],
    "I05 a chain that was forged from the start": [
        "UPDATE ledger_anchor SET hash = reverse(hash)",
    ],
    "I06 a hand-over that is not booked": [
        f"DELETE FROM ledger_posting WHERE journal_id = {PLAIN_HANDOVER}",
        """DELETE FROM ledger_journal WHERE kind = 'handover'
        AND NOT EXISTS (SELECT FROM ledger_posting WHERE journal_id = ledger_journal.id)""",
    ],
    "I06 a hand-over that is booked twice": [
        "ALTER TABLE ledger_journal DROP CONSTRAINT journal_once_per_event",
        f"""INSERT INTO ledger_journal (id, created_at, kind, source_type, source_id, occurred_at)
        SELECT '{STRAY}', created_at, kind, source_type, source_id, occurred_at FROM ledger_journal
        WHERE id = {PLAIN_HANDOVER}""",
        f"""INSERT INTO ledger_posting
        (id, created_at, journal_id, source_id, destination_id, amount_minor, currency, part, subject_id)
        SELECT (left(id::text, 24) || right(gen_random_uuid()::text, 12))::uuid, created_at,
            '{STRAY}', source_id, destination_id, amount_minor, currency, part,
            subject_id
        FROM ledger_posting WHERE journal_id = {PLAIN_HANDOVER}""",
    ],
    "I06 a journal of an event that never was": [
        f"UPDATE ledger_journal SET source_id = '{STRAY}' WHERE id = {PLAIN_HANDOVER}"
    ],
    "I06 a journal of a kind that its event cannot have": [
        f"UPDATE ledger_journal SET kind = 'receipt' WHERE id = {PLAIN_HANDOVER}"
    ],
    "I06 a delivery that earned nobody anything": [
        f"""UPDATE logistics_parcel SET state = 'delivered', delivered_at = handed_over_at WHERE id =
        {first("logistics_parcel", "state = 'handed_over' AND direction = 'outbound'")}"""
    ],
    "I06 a refund that is booked and never was": [
        f"""UPDATE payments_refund SET state = 'failed' WHERE id = {first("payments_refund", "true")}"""
    ],
    "I06 an accrual that is not its posting": [
        f"""UPDATE settlement_accrual SET amount_minor = amount_minor + 1 WHERE id =
        {first("settlement_accrual", f"part = 'earning' AND {UNSTATED}")}"""
    ],
    "I06 a seller's posting without its accrual": [
        f"""DELETE FROM settlement_accrual WHERE id =
        {first("settlement_accrual", f"part = 'earning' AND {UNSTATED}")}"""
    ],
    "I07 a total that is not its lines": [
        f"""UPDATE orders_order SET total_minor = total_minor + 1 WHERE id = {first("orders_order", "true")}"""
    ],
    "I07 a capture that takes a line's units twice": [
        f"""UPDATE payments_captureline SET quantity = 99 WHERE id =
        {first("payments_captureline", "quantity = 3")}"""
    ],
    "I08 a refund of more units than were paid for": [
        f"""UPDATE payments_refundline SET quantity = 99 WHERE id = {first("payments_refundline", "true")}"""
    ],
    "I08 a refund that is not its lines": [
        f"""UPDATE payments_refund SET amount_minor = amount_minor + 1 WHERE id =
        {first("payments_refund", "true")}"""
    ],
    "I09 a sum that is not its captures": [
        f"""UPDATE payments_payment SET captured_minor = captured_minor - 1 WHERE id =
        {first("payments_payment", "captured_minor > 0 AND refunded_minor = 0")}"""
    ],
    "I09 a void that nobody remembers": [
        f"""UPDATE payments_payment SET voided_minor = 0 WHERE id =
        {first("payments_payment", "voided_minor > 0")}"""
    ],
    "I09 an order that nobody paid": [
        """UPDATE payments_payment SET state = 'declined' WHERE id = (SELECT payment.id FROM payments_payment payment
        JOIN orders_order ordered ON ordered.id = payment.reference_id AND ordered.state = 'placed'
        ORDER BY payment.id LIMIT 1)"""
    ],
    "I10 an accrual that its statement forgot": [
        f"""UPDATE settlement_accrual SET created_at = created_at - interval '1 year',
        eligible_at = eligible_at - interval '1 year' WHERE id =
        {first("settlement_accrual", f"part = 'earning' AND {UNSTATED}")}"""
    ],
    "I10 an accrual that waits for no statement": [
        f"""DELETE FROM settlement_unstated WHERE accrual_id = {first("settlement_unstated", "true", "accrual_id")}"""
    ],
    "I10 an accrual that waits though it is on a statement": [
        """INSERT INTO settlement_unstated (accrual_id, created_at, seller_id, currency, amount_minor, eligible_at)
        SELECT id, created_at, seller_id, currency, amount_minor, eligible_at FROM settlement_accrual
        WHERE id = (SELECT min(accrual_id::text)::uuid FROM settlement_statementline)"""
    ],
    "I10 an accrual on another seller's statement": [
        """UPDATE settlement_statementline placed SET statement_id = (SELECT id FROM settlement_statement other
            WHERE other.seller_id <> placed_on.seller_id AND other.currency = placed_on.currency ORDER BY id LIMIT 1)
        FROM settlement_statement placed_on
        WHERE placed_on.id = placed.statement_id AND placed.id = (SELECT line.id FROM settlement_statementline line
            JOIN settlement_statement on_it ON on_it.id = line.statement_id AND on_it.currency = 'EUR'
            ORDER BY line.id LIMIT 1)"""
    ],
    "I11 a statement that opens with what none carried": [
        f"""UPDATE settlement_statement SET opening_minor = opening_minor + 1, carried_minor = carried_minor + 1
        WHERE id = {first("settlement_statement", "true")}"""
    ],
    "I11 a reserve that was never released": [
        f"""UPDATE settlement_reservehold SET released_on_id = NULL WHERE id =
        {first("settlement_reservehold", "released_on_id IS NOT NULL")}"""
    ],
    "I12 a statement that is paid before its payout": [
        f"""UPDATE settlement_statement SET state = 'paid' WHERE id =
        (SELECT statement_id FROM settlement_payout WHERE id = {ON_THE_WAY})"""
    ],
    "I12 a payout that arrived and was never cleared": [
        f"UPDATE settlement_payout SET state = 'done' WHERE id = {ON_THE_WAY}"
    ],
    "I12 two payouts under one reference": [
        "DROP INDEX payout_reference_once",
        f"""UPDATE settlement_payout SET provider_reference = (SELECT max(provider_reference) FROM settlement_payout)
        WHERE id = {first("settlement_payout", "state = 'done'")}""",
    ],
    "I13 a sale that became a fee": [
        f"""UPDATE ledger_posting SET destination_id = (SELECT id FROM ledger_account
            WHERE kind = 'revenue_fee' AND currency = 'EUR')
        WHERE id = {first("ledger_posting", "part = 'sale'")}"""
    ],
    "I13 a cent of tax that accrues for another line": [
        """UPDATE ledger_posting SET amount_minor = amount_minor + CASE id WHEN ends.first THEN -1 ELSE 1 END
        FROM (SELECT (array_agg(posting.id ORDER BY posting.id))[1] AS first,
                (array_agg(posting.id ORDER BY posting.id DESC))[1] AS last
            FROM ledger_posting posting JOIN ledger_journal journal ON journal.id = posting.journal_id
            WHERE posting.part = 'tax.platform' AND journal.kind = 'accrual') ends
        WHERE id IN (ends.first, ends.last)"""
    ],
    "I13 a cent of tax that is undone for another return": [
        """UPDATE ledger_posting SET amount_minor = amount_minor + CASE id WHEN ends.first THEN -1 ELSE 1 END
        FROM (SELECT (array_agg(posting.id ORDER BY posting.id))[1] AS first,
                (array_agg(posting.id ORDER BY posting.id DESC))[1] AS last
            FROM ledger_posting posting JOIN ledger_journal journal ON journal.id = posting.journal_id
            WHERE posting.part = 'tax.platform' AND journal.source_type = 'return_case') ends
        WHERE id IN (ends.first, ends.last)"""
    ],
    "I14 a rate that the terms do not know": [
        f"""UPDATE settlement_accrual SET inputs = inputs || '{{"rate_ppm": 90000}}' WHERE id =
        {first("settlement_accrual", "part = 'commission'")}"""
    ],
    "I14 a commission on another base": [
        f"""UPDATE settlement_accrual SET inputs = inputs || '{{"base_minor": 1}}' WHERE id =
        {first("settlement_accrual", "part = 'commission'")}"""
    ],
    "I14 a commission of a cent too much": [
        f"""UPDATE settlement_accrual SET amount_minor = amount_minor - 1, market_minor = market_minor - 1
        WHERE id = {first("settlement_accrual", f"part = 'commission' AND {UNSTATED}")}""",
        f"""UPDATE ledger_posting SET amount_minor = amount_minor + 1 WHERE id = (SELECT posting_id
        FROM settlement_accrual WHERE id = {first("settlement_accrual", f"part = 'commission' AND {UNSTATED}")})""",
    ],
    "I14 a line that accrued under other terms": [
        f"""UPDATE settlement_accrual SET terms_id = (SELECT max(digest) FROM terms_termssnapshot
            WHERE digest <> terms_id)
        WHERE id = {first("settlement_accrual", "part = 'earning'")}"""
    ],
    "I14 a snapshot whose wording was altered": [
        """UPDATE terms_termssnapshot SET body = jsonb_set(body, '{returns,window_days}', '8')
        WHERE digest = (SELECT min(digest) FROM terms_termssnapshot)"""
    ],
    "I15 another rate than the line froze": [
        f"""UPDATE ledger_posting SET rate = rate * 1.0001 WHERE journal_id =
        {first("ledger_posting", "rate IS NOT NULL", "journal_id")} AND rate IS NOT NULL"""
    ],
    "I15 legs that do not agree": [
        f"""UPDATE ledger_posting SET amount_minor = amount_minor + 9 WHERE id =
        {first("ledger_posting", "part = 'supply' AND currency = 'EUR'")}"""
    ],
    "I15 an order at a rate of long ago": [
        """UPDATE orders_order SET created_at = created_at + interval '30 days' WHERE id = (SELECT order_id
        FROM orders_orderline WHERE fx_on IS NOT NULL ORDER BY order_id LIMIT 1)"""
    ],
    "I16 a charge of another amount": [
        f"""UPDATE payments_sandboxcharge SET amount_minor = amount_minor + 1 WHERE key =
        {first("payments_sandboxcharge", "act = 'capture'", "key")}"""
    ],
    "I16 a charge in another currency": [
        f"""UPDATE payments_sandboxcharge SET currency = 'USD' WHERE key =
        {first("payments_sandboxcharge", "act = 'refund'", "key")}"""
    ],
    "I16 a charge that the provider does not know": [
        f"""DELETE FROM payments_sandboxcharge WHERE key = {first("payments_sandboxcharge", "act = 'void'", "key")}"""
    ],
    "I16 a charge that we do not know": [
        f"""INSERT INTO payments_sandboxcharge SELECT (jsonb_populate_record(charge,
            '{{"key": "refund:{STRAY}:1", "reference": "stray"}}')).*
        FROM payments_sandboxcharge charge WHERE key = {first("payments_sandboxcharge", "act = 'refund'", "key")}"""
    ],
    "I17 a unit that came from nowhere": [
        f"""UPDATE inventory_stock SET on_hand = on_hand + 1 WHERE id = {first("inventory_stock", "true")}"""
    ],
    "I18 a unit that nobody reserved": [
        f"""UPDATE inventory_stock SET reserved = reserved + 1 WHERE id =
        {first("inventory_stock", "on_hand > reserved")}"""
    ],
    "I18 an allotment that is not set aside": ["UPDATE inventory_allotment SET quantity = quantity + 1"],
    "I19 a hold that outlived its time": [
        f"""UPDATE inventory_hold SET expires_at = '2026-01-01T00:00Z' WHERE id =
        {first("inventory_hold", "state = 'active'")}"""
    ],
    "I19 a hold of nobody": [
        f"""UPDATE inventory_hold SET owner_id = '{STRAY}' WHERE id = {first("inventory_hold", "state = 'consumed'")}"""
    ],
    "I20 a unit that left for another line": [
        f"""UPDATE inventory_movement SET subject_id = NULL WHERE id =
        {first("inventory_movement", "kind = 'shipped'")}"""
    ],
    "I20 a held unit of another line": [
        """UPDATE inventory_hold SET owner_id = (SELECT id FROM orders_orderline line WHERE line.sku_id = mine.sku_id
            AND line.id <> mine.id ORDER BY line.id LIMIT 1)
        FROM orders_orderline mine
        WHERE mine.id = inventory_hold.owner_id AND inventory_hold.id = (SELECT held.id FROM inventory_hold held
            JOIN orders_orderline line ON line.id = held.owner_id
            WHERE held.state = 'active' AND held.expires_at IS NULL AND line.cancelled_qty = 0
            ORDER BY held.id LIMIT 1)"""
    ],
    "I24 a suborder in a state that nothing led to": [
        f"""UPDATE orders_suborder SET state = 'open' WHERE id = {first("orders_suborder", "state = 'delivered'")}"""
    ],
    "I24 a delivery that nobody remembers": [
        f"""DELETE FROM orders_orderevent WHERE id = {first("orders_orderevent", "kind = 'delivered'")}"""
    ],
    "I24 an order that was never placed": [
        f"""DELETE FROM orders_orderevent WHERE id = {first("orders_orderevent", "kind = 'placed'")}"""
    ],
    "I25 a suborder under another programme": [
        f"""UPDATE orders_suborder SET programme_code = 'other' WHERE id = {first("orders_suborder", "true")}"""
    ],
    "I25 an offer in another market": [
        f"""UPDATE catalogue_offer SET sku_id = (SELECT max(id::text)::uuid FROM catalogue_sku WHERE id <> sku_id)
        WHERE id = {first("orders_orderline", "true", "offer_id")}"""
    ],
    "I26 a line that says another thing": [
        f"""UPDATE orders_orderline SET title = 'Red mug' WHERE id = {first("orders_orderline", "true")}"""
    ],
    "I26 a checkout with two orders": [
        "ALTER TABLE orders_order DROP CONSTRAINT order_checkout_key_once",
        "UPDATE orders_order SET checkout_key = 'one' WHERE id IN (SELECT id FROM orders_order ORDER BY id LIMIT 2)",
    ],
    "I27 a use that is not counted": ["UPDATE promotions_voucher SET redeemed = redeemed - 1 WHERE redeemed > 0"],
    "I27 more uses than there may be": ["UPDATE promotions_voucher SET limit_per_shopper = 0 WHERE redeemed > 0"],
    "I27 a use by an order that came to nothing": [
        f"""UPDATE promotions_redemption SET order_id = '{STRAY}' WHERE released_at IS NULL"""
    ],
    "I28 a discount that nobody funds": [
        f"""DELETE FROM orders_adjustment WHERE id = {first("orders_adjustment", "true")}"""
    ],
    "I31 a reserve of another seller's statement": [
        "ALTER TABLE settlement_reservehold DROP CONSTRAINT settlement_reservehold_statement_id_of_one_seller_id,"
        " DROP CONSTRAINT settlement_reservehold_released_on_id_of_one_seller_id",
        """UPDATE settlement_reservehold SET seller_id = (SELECT organisation_id FROM sellers_seller
            WHERE organisation_id <> seller_id ORDER BY organisation_id LIMIT 1)
        WHERE id = (SELECT id FROM settlement_reservehold ORDER BY id LIMIT 1)""",
    ],
    "I32 a view that sees what its reader may not": ["CREATE VIEW ledger_peep AS SELECT * FROM ledger_posting"],
    "I32 a function that lends its owner's rights": [
        "CREATE FUNCTION ledger_lend() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'DELETE FROM ledger_posting; SELECT 1::bigint'"
    ],
    "I32 a table whose walls are down": ["ALTER TABLE catalogue_offer DISABLE ROW LEVEL SECURITY"],
    "I32 walls that do not hold their owner": ["ALTER TABLE settlement_payout NO FORCE ROW LEVEL SECURITY"],
    "I32 a door in the wall": ["CREATE POLICY open ON orders_suborder USING (true)"],
    "I32 a wall that lets anything in": [
        "ALTER POLICY tenant ON inventory_stock WITH CHECK (true)",
    ],
    "I32 a shopper who sees the orders of all": ["ALTER POLICY shopper ON orders_order USING (true)"],
    "I32 a door in a shopper's wall": ["CREATE POLICY wide ON accounts_contact TO entrepot_shopper USING (true)"],
    "I32 a shopper who may post": ["GRANT INSERT ON ledger_posting TO entrepot_shopper"],
    "I32 who proves may write": ["GRANT INSERT ON ledger_posting TO entrepot_verify"],
    "I32 everybody may write": ["GRANT INSERT ON ledger_posting TO PUBLIC"],
    "I33 a verb that nobody knows": [
        "INSERT INTO accounts_permission (role, verb, scope) VALUES ('seller.owner', 'x', 'own')"
    ],
    "I33 a seller who reaches everybody's rows": [
        """UPDATE accounts_permission SET scope = 'all' WHERE id =
        (SELECT id FROM accounts_permission WHERE role = 'seller.owner' ORDER BY id LIMIT 1)"""
    ],
    "I33 a member in another kind's role": [
        f"""UPDATE accounts_membership SET role = 'partner.admin' WHERE id =
        {first("accounts_membership", "role = 'operator.admin'")}"""
    ],
    "I33 a key that outlived its end": [
        "UPDATE accounts_apikey SET last_used_at = created_at + interval '1 day', revoked_at = created_at"
    ],
    "I33 a key that asks what nobody knows": ["UPDATE accounts_apikey SET verbs = '{everything}'"],
    "I34 an event that waits for ever": [
        f"""UPDATE kernel_outboxevent SET status = 'pending', delivered_at = NULL WHERE id =
        {first("kernel_outboxevent", "true")}"""
    ],
    "I34 an event that died and nobody knows why": [
        f"""UPDATE kernel_outboxevent SET status = 'dead' WHERE id = {first("kernel_outboxevent", "true")}"""
    ],
    "I34 an order that nobody was told of": [
        f"""DELETE FROM kernel_outboxevent WHERE id = {first("kernel_outboxevent", "topic = 'order.placed'")}"""
    ],
    "I35 a message that was kept twice": [
        "ALTER TABLE payments_providerevent DROP CONSTRAINT provider_event_once",
        """UPDATE payments_providerevent SET event_id = (SELECT min(event_id) FROM payments_providerevent)""",
    ],
    "I35 a message that did who knows what": [
        f"""UPDATE payments_providerevent SET outcome = '' WHERE id = {first("payments_providerevent", "true")}"""
    ],
    "I36 a key that stands twice": [
        "ALTER TABLE kernel_idempotencykey DROP CONSTRAINT idempotency_key_once",
        f"""INSERT INTO kernel_idempotencykey SELECT (jsonb_populate_record(used, '{{"id": "{STRAY}"}}')).*
        FROM kernel_idempotencykey used""",
    ],
    "I36 an answer that was lost": [
        "ALTER TABLE kernel_idempotencykey DROP CONSTRAINT idempotency_key_finished_has_answer",
        "UPDATE kernel_idempotencykey SET response_status = NULL",
    ],
    "I36 a request that never ends": [
        "UPDATE kernel_idempotencykey SET finished_at = NULL, response_status = NULL, created_at = '2026-01-01T00:00Z'"
    ],
    "I38 an audit entry that was edited": [
        "UPDATE kernel_auditentry SET reason = 'another' WHERE sequence = (SELECT min(sequence) FROM kernel_auditentry)"
    ],
    "I38 an audit entry that was taken out": ["DELETE FROM kernel_auditentry WHERE sequence = 2"],
    "I38 a seller that nobody admitted": [
        """UPDATE sellers_seller SET organisation_id = gen_random_uuid() WHERE organisation_id =
        (SELECT organisation_id FROM sellers_seller ORDER BY organisation_id LIMIT 1)""",
    ],
    "I39 a guard that is switched off": ["ALTER TABLE ledger_posting DISABLE TRIGGER ledger_posting_append_only"],
    "I39 a constraint that does not look back": [
        "ALTER TABLE ledger_posting ADD CONSTRAINT posting_small CHECK (amount_minor < 5) NOT VALID"
    ],
    "I39 a limit that was lifted": ["ALTER TABLE orders_order DROP CONSTRAINT order_total_not_negative"],
    "I39 a sequence that will repeat itself": ["ALTER SEQUENCE ledger_posting_sequence_seq RESTART WITH 5"],
    "I39 a quarter for which nothing has a place": ["DROP TABLE ledger_posting_2026q4"],
    "I39 a part that takes whatever comes": [
        "CREATE TABLE ledger_posting_rest PARTITION OF ledger_posting DEFAULT",
        "CREATE TRIGGER ledger_posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting_rest"
        " FOR EACH STATEMENT EXECUTE FUNCTION entrepot_append_only()",
    ],
    "I39 a part without its table's guard": ["DROP TRIGGER ledger_posting_append_only ON ledger_posting_2026q4"],
    "I50 goods that came into stock and were never put away": [
        f"DELETE FROM inbound_putaway WHERE id = {first('inbound_putaway', 'true')}"
    ],
    "I50 units put away that nobody counted": [
        f"UPDATE inbound_count SET quantity = quantity - 1 WHERE id = {first('inbound_count', 'quantity > 1')}"
    ],
    "I50 units put away beyond what was announced": ["DELETE FROM inbound_discrepancy WHERE kind = 'over'"],
    "I51 a shortage that nobody recorded": ["DELETE FROM inbound_discrepancy WHERE kind = 'short'"],
    "I53 a bill that is not shared out whole": [
        f"""UPDATE inbound_landedshare SET amount_minor = amount_minor - 1 WHERE id =
        {first("inbound_landedshare", "true")}"""
    ],
    "I53 a landed cost that is not its bills": [
        f"UPDATE inbound_landedcost SET total_minor = total_minor + 1 WHERE id = {first('inbound_landedcost', 'true')}"
    ],
    "I53 a bill that the marketplace paid and that is said to be the seller's": [
        f"""UPDATE inbound_shipmentcost SET paid_by = 'seller', seller_minor = 0 WHERE id =
        {first("inbound_shipmentcost", "amount_minor > 0 AND seller_minor = 0")}"""
    ],
    "I53 a bill of which its seller owes less than accrued": [
        f"""UPDATE inbound_shipmentcost SET seller_minor = seller_minor - 1 WHERE id =
        {first("inbound_shipmentcost", "seller_minor > 1")}"""
    ],
    "I19 units that are kept for nothing that is known": [
        f"""UPDATE inventory_hold SET owner_id = '{STRAY}' WHERE id =
        (SELECT held.id FROM inventory_hold held JOIN inbound_vendorreturnline line ON line.id = held.owner_id
         WHERE held.state = 'active' ORDER BY held.id LIMIT 1)"""
    ],
    "I54 a place that holds more than came to it": [
        f"UPDATE inventory_placeunits SET quantity = quantity + 1 WHERE id = {first('inventory_placeunits', 'true')}"
    ],
    "I54 units that went out of quarantine and are kept from sale as if they had not": [
        """UPDATE inventory_placeunits SET quantity = 0 WHERE place_id =
        (SELECT id FROM inventory_place WHERE kind = 'quarantine')"""
    ],
    "I54 a stock row that does not know its places": [
        f"UPDATE inventory_stock SET is_placed = false WHERE id = {first('inventory_stock', 'is_placed')}"
    ],
    "I55 units on their way of which more are promised than come": [
        """UPDATE inbound_cartonline SET quantity = 4 WHERE carton_id IN (SELECT carton.id FROM inbound_carton carton
        JOIN inventory_stock stock ON stock.comes_with = carton.shipment_id AND stock.reserved > 4)"""
    ],
    "I55 units on their way of which none is kept back": ["UPDATE inbound_aheadrule SET safety_rate = 0.5"],
    "I55 a shipment that was given up while orders wait for it": [
        """UPDATE inbound_shipment SET state = 'cancelled', closed_at = now() WHERE id IN
        (SELECT comes_with FROM inventory_stock WHERE condition = 'coming' AND reserved > 0)"""
    ],
    "I55 an order whose goods came before they did": [
        """UPDATE orders_suborder SET goods_came_at = now() WHERE comes_with IS NOT NULL AND goods_came_at IS NULL"""
    ],
    "I55 goods on their way that stand in stock already": [
        """UPDATE inventory_movement SET kind = 'adjusted' WHERE kind = 'expected'"""
    ],
    "I57 a delay that its parts do not make up": [
        f"UPDATE orders_promisepart SET days = days + 1 WHERE id = {first('orders_promisepart', 'true')}"
    ],
    "I57 a day of delay that nobody counted": [
        f"""UPDATE orders_promise SET ends_on = (SELECT promised_until FROM orders_suborder WHERE id = suborder_id)
        + late_days + 1 WHERE id = {first("orders_promise", "true")}"""
    ],
    "I52 a stock order that is not its lines": [
        f"UPDATE inbound_stockorder SET asked_minor = asked_minor + 1 WHERE id = {first('inbound_stockorder', 'true')}"
    ],
    "I52 a line at a price that no quote says": [
        f"""UPDATE inbound_stockorderline SET quote_version = quote_version + 1 WHERE id =
        {first("inbound_stockorderline", "true")}"""
    ],
    "I52 a stock order that its shipment has left behind": [
        f"""UPDATE inbound_stockorder SET state = 'shipped', closed_at = NULL WHERE id =
        {first("inbound_stockorder", "state = 'received'")}"""
    ],
}
