"""A shop of django-oscar with one endpoint that takes an order; runs in an environment of its own."""
