"""What things cost: supply-price quotes with their negotiation, retail prices with history, bulk pricing by rule.

Owns the words: supply price, quote, counter-offer, retail price, list price, price rule, mark-up, floor.
Never decides who may set a price: the duty table does.
"""
