"""What was bought: carts, orders split into suborders, lines with their money and terms frozen, events, work items.

Owns the words: cart, order, suborder, line, adjustment, order event, work item, promise.
Never asks today's programme: a line carries its terms.
"""
