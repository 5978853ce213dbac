"""What the marketplace does, in the order of an order's life: enrolling, listing, inbound, checkout, fulfilment, returns, settling."""
