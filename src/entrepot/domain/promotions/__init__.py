"""What lowers a price, and who pays for it: vouchers with funders, limits and redemptions.

Owns the words: voucher, redemption, funding share, funder, limit.
Never changes a list price: a discount is an adjustment with its funder.
"""
