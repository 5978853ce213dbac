"""How the models refuse."""


class No(Exception):
    """The act must be refused."""


def demand(condition: bool) -> None:
    """Raises: No where it does not hold."""
    if not condition:
        raise No
