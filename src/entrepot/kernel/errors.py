"""The kinds of refusal: Invalid, NotFound, Denied, Refused and Unavailable; TooMany (429) is a kind of Refused.

Each carries a stable code, the values of the case and, for input, the field.

An error is defined where it is raised, as a subclass or by its code; it holds values, and `message` is a template
that the surface translates and fills. What is not one of these kinds is a defect.
"""

from typing import Any, ClassVar


class EntrepotError(Exception):
    """A refusal that a user can understand and act on."""

    status: ClassVar[int] = 500
    code: str = "kernel.unexpected"
    message: str = "Something went wrong."

    def __init__(self, code: str = "", message: str = "", /, *, field: str = "", **values: Any) -> None:
        self.code = code or type(self).code
        self.message = message or type(self).message
        self.field = field
        self.values = values
        super().__init__(self.code)

    def __str__(self) -> str:
        try:
            text = str(self.message).format(**self.values)
        except (KeyError, IndexError, ValueError):
            text = str(self.message)
        return f"{self.field}: {text}" if self.field else text


class Invalid(EntrepotError):
    """The input cannot be read or breaks a rule of form."""

    status = 422
    code = "kernel.invalid"


class NotFound(EntrepotError):
    """There is no such thing, or none that the actor may see."""

    status = 404
    code = "kernel.not_found"
    message = "There is no such {kind}."


class Denied(EntrepotError):
    """The actor may not do this."""

    status = 403
    code = "kernel.denied"
    message = "You may not do this."


class Refused(EntrepotError):
    """The act is well-formed and allowed, and the state of things forbids it."""

    status = 409
    code = "kernel.refused"


class TooMany(Refused):
    """Too much in too short a time; its value `seconds` says when to come back."""

    status = 429
    code = "kernel.too_many"
    message = "That was too much in too short a time. Please try again in {seconds} seconds."


class Unavailable(EntrepotError):
    """An outside party or a part of the system does not answer; try again."""

    status = 503
    code = "kernel.unavailable"
