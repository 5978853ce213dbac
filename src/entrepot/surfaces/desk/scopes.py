"""Whose rows a member of the desk works on: their own organisation's, or, where a verb reaches that far, all."""

from uuid import UUID

from entrepot.kernel.actors import Actor

#: Those who work at the desk: the operator's people and its partners'.
DESK = ("operator", "third_party")


def scope_of(actor: Actor, verb: str, *, is_wide: bool = True) -> UUID | None:
    """The organisation whose rows are meant; None is everybody's, for a verb that reaches all and a wide view."""
    if is_wide and actor.verbs.get(verb) == "all":
        return None
    return actor.organisation_id
