"""`entrepot …`: what can be done from a terminal or a script."""
