"""What components and error pages say of themselves."""

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from entrepot.surfaces.shared.components import State, Text


class ErrorWords(NamedTuple):
    """What happened, in a heading and a sentence, and the way on."""

    heading: Text
    words: Text
    advice: Text


PARTIES: Mapping[str, tuple[Text, str]] = {
    "platform": (_("Platform"), "gable"),
    "seller": (_("Seller"), "storefront"),
    "third_party": (_("Third party"), "forklift"),
    "shopper": (_("Shopper"), "user"),
}
STEP_STATES: Mapping[State, Text] = {
    "done": _("done"),
    "current": _("now"),
    "todo": _("to come"),
    "failed": _("failed"),
}
MESSAGE_ICONS = {"success": "check", "warning": "warning", "error": "warning"}
ERRORS: Mapping[int | str, ErrorWords] = {
    400: ErrorWords(
        _("We could not read that"),
        _("The address or the form arrived garbled or cut short."),
        _("Go back, reload the page and try once more."),
    ),
    403: ErrorWords(
        _("This is closed to you"),
        _("Your sign-in does not include this page or act."),
        _("Somebody with the right role in your organisation can do it, or give you the role."),
    ),
    404: ErrorWords(
        _("Nothing is stored here"),
        _("The address leads nowhere, or to something that is not yours to see."),
        _("Check the address, or start from a page that you know."),
    ),
    405: ErrorWords(
        _("There is nothing to see here"),
        _("This address only takes what a form sends."),
        _("Go back to the page with the form, and send it from there."),
    ),
    409: ErrorWords(
        _("That cannot be done as things stand"),
        _("Something has changed since the page was shown to you."),
        _("Go back, reload the page to see how things stand now, and decide again."),
    ),
    422: ErrorWords(
        _("Please check what was sent"),
        _("Something that was sent is missing or breaks a rule."),
        _("Go back: what you typed should still be there."),
    ),
    429: ErrorWords(
        _("That was a little fast"),
        _("More came from here in a short time than we can bear."),
        _("Wait a moment, then go on. Nothing was done."),
    ),
    500: ErrorWords(
        _("Something broke on our side"),
        _("The fault is ours and has been recorded."),
        _("What you sent may not have been carried out: look before you send it again."),
    ),
    503: ErrorWords(
        _("We cannot answer just now"),
        _("A part of the system, or a service that it needs, does not answer."),
        _("It is usually a matter of moments. Please try again shortly."),
    ),
    "form.expired": ErrorWords(
        _("The form had expired"),
        _("For safety a form is good for one sign-in only, and needs cookies."),
        _("Go back, reload the page and send it again. Nothing was done."),
    ),
}
