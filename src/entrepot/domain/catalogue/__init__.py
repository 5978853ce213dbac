"""What is sold: products with text per language, SKUs with measures and components, categories, pictures, offers.

Owns the words: product, SKU, component, kit, category, picture, offer, draft, missing.
Never knows a price or a stock level.
"""
