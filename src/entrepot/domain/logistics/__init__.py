"""How goods move: nodes with calendars, lanes, rate cards, carriers, parcels and their tracking.

Owns the words: node, operator, calendar, cut-off, carrier, service, freight rate, parcel, tracking event.
Never knows an order: a parcel carries a plain reference and plain line ids.
"""
