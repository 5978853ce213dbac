-- A hold has an owner, ends at most once, and does not outlive its expiry by more than an hour.
SELECT held.id::text AS hold, held.state, held.expires_at, held.ended_at,
    CASE
        WHEN line.id IS NULL AND units.id IS NULL AND back.id IS NULL THEN 'nothing that is known owns it'
        WHEN (held.state = 'active') <> (held.ended_at IS NULL) THEN 'state and end disagree'
        ELSE 'past its expiry'
    END AS finding
FROM inventory_hold held
LEFT JOIN orders_orderline line ON line.id = held.owner_id
LEFT JOIN inventory_placeunits units ON units.id = held.owner_id
LEFT JOIN inbound_vendorreturnline back ON back.id = held.owner_id
WHERE (line.id IS NULL AND units.id IS NULL AND back.id IS NULL)
   OR (held.state = 'active') <> (held.ended_at IS NULL)
   OR (held.state = 'active' AND held.expires_at < :now - interval '1 hour')
