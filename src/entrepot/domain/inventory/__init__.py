"""What is where and whose: stock by owner, node, SKU, lot and condition; movements; holds.

Owns the words: on hand, reserved, available, lot, condition, movement, hold, allotment.
Never knows an order: a hold carries a plain owner id.
"""
