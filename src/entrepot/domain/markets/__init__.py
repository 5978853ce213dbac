"""Where is sold: markets with their currency, tax display, languages and time zone; dated tax and exchange rates.

Owns the words: market, tax rate, exchange rate.
Never computes an order's tax: it says which rate was in force.
"""
