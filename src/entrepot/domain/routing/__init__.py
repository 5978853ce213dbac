"""From which nodes, by which services and in how many parcels goods leave, at least cost.

Owns the words: need, source, plan, parcel plan, verdict, routing rule.
Never knows an order, a cart or a price list: it is given what is needed, what is free and what each way costs.
"""
