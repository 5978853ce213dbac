"""What the marketplace does, in the order of an order's life: from enrolling and listing to settling."""
