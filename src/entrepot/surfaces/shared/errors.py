"""A refusal as people read it: a page with a way on; the status comes from the kind of error."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.utils.translation import gettext

from entrepot.kernel.errors import EntrepotError, TooMany, Unavailable


def sentence(error: EntrepotError) -> str:
    """The error's message in the reader's language, filled with its values."""
    text = gettext(str(error.message))
    values = dict(error.values)
    if isinstance(values.get("kind"), str):
        values["kind"] = gettext(values["kind"])
    try:
        return text.format(**values)
    except (KeyError, IndexError, ValueError):
        return text


def render(request: HttpRequest, error: EntrepotError) -> HttpResponse:
    """The error page."""
    context = {"status": error.status, "code": error.code, "sentence": sentence(error)}
    response = render_template(request, "shared/errors/error.html", context, status=error.status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.values.get("seconds", 60))
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(error.values.get("seconds", 1))
    return response


def not_a_page(request: HttpRequest, allowed: str) -> HttpResponse:
    """What an address says that only takes forms, to somebody who comes to look."""
    status = HTTPStatus.METHOD_NOT_ALLOWED.value
    response = render_template(request, "shared/errors/error.html", {"status": status}, status=status)
    response.headers["Allow"] = allowed
    return response
