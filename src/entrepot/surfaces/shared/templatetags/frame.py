"""What pages stand in: the bell, the clock of a demonstration, ways that are open. Builtins, as `entrepot` is."""

import secrets
from collections.abc import Sequence
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language

from entrepot.demonstration import clock as clock_of_all
from entrepot.domain.notices.queries import MANY
from entrepot.kernel import clock
from entrepot.kernel import money as kernel_money
from entrepot.surfaces.shared import navigation as menus
from entrepot.surfaces.shared import notices

register = template.Library()

CLOCK_ROUTES = {"status_url": "desk:clock_status", "advance_url": "desk:clock_advances", "clock_url": "desk:clock"}


@register.simple_tag(takes_context=True)
def bell(context: Context, words: str = "") -> str:
    """The way to the notices of the page's surface, with how many are new; nothing for whoever has none.

    `words` is a class of what the link says.
    """
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    surface = match.namespace if match else ""
    actor = getattr(request, "actor", None)
    if request is None or surface not in notices.HEARD or actor is None or actor.user_id is None:
        return ""
    if surface != "shop" and actor.organisation_id is None:
        return ""
    href = reverse(f"{surface}:notices")
    unread = notices.unread_of(request, surface)
    shown = {"href": href, "is_here": request.path == href, "words_class": words}
    return render_to_string(
        "shared/layouts/_bell.html", shown | {"unread": f"{unread - 1}+" if unread >= MANY else unread}
    )


@register.simple_tag(takes_context=True)
def clock_bar(context: Context) -> str:
    """In a demonstration: that the clock is not real, what it shows, and for the operator's people its controls."""
    state = clock_of_all.state()
    if state is None:
        return ""
    request = context.get("request")
    actor = getattr(request, "actor", None)
    is_operator = actor is not None and actor.role.startswith("operator.") and settings.DEMONSTRATION
    return render_to_string(
        "shared/layouts/_clock.html",
        {
            "now": clock.now(),
            "zone": getattr(context.get("market"), "time_zone", "UTC"),
            "state": state,
            "is_operator": is_operator,
            "was_going": context.get("was_going", False),
            "key": secrets.token_urlsafe(16),
            "here": _here(request),
            **({name: reverse(route) for name, route in CLOCK_ROUTES.items()} if is_operator else {}),
        },
        request=request,
    )


def _here(request: Any) -> str:
    """The address of the page, which is not that of a part of it that is fetched again."""
    if request is None or request.method != "GET":
        return ""
    if htmx := getattr(request, "htmx", None):
        return str(htmx.current_url_abs_path or "")
    return str(request.get_full_path())


@register.simple_block_tag(takes_context=True, end_name="end_way")
def way(context: Context, content: str, href: str) -> str:
    """A link where its page is open to whoever looks, else its words."""
    actor = getattr(context.get("request"), "actor", None)
    return format_html('<a href="{}">{}</a>', href, content) if menus.is_open(href, actor) else content


@register.simple_tag(takes_context=True)
def may_open(context: Context, href: str) -> bool:
    """Whether the page at an address is open to whoever looks."""
    return menus.is_open(href, getattr(context.get("request"), "actor", None))


@register.simple_tag
def languages() -> Sequence[tuple[str, str]]:
    """The languages one may choose, each in its own words."""
    return settings.LANGUAGES


@register.simple_tag
def money_words(amount_minor: int, currency: str) -> str:
    """An amount as text, for letters. Units: minor."""
    return kernel_money.format_minor(amount_minor, currency, get_language() or "en")
