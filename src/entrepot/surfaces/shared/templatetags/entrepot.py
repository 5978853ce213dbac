"""The components as template tags; they are builtins, so that no template loads them. Usage: docs/components.md."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django import forms, template
from django.http import QueryDict
from django.template import Context, Engine
from django.template.base import Template
from django.templatetags.static import static
from django.utils.dateformat import format as format_by
from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from entrepot.domain.logistics import queries as logistics
from entrepot.domain.terms import queries as terms
from entrepot.kernel import money as kernel_money
from entrepot.surfaces.shared import navigation as menus
from entrepot.surfaces.shared.components import (
    DutyRow,
    Event,
    Explanation,
    Link,
    Part,
    Slice,
    Step,
    Text,
    Window,
)
from entrepot.surfaces.shared.words import ERRORS, MESSAGE_ICONS, PARTIES, STEP_STATES, ErrorWords

register = template.Library()

NOTHING = mark_safe('<span class="soft">–</span>')


# Figures and moments


@register.simple_tag
def money(amount_minor: int | None, currency: str, signed: bool = False) -> str:
    """An amount in the habits of the active language; nothing known is a dash. Units: minor."""
    if amount_minor is None:
        return NOTHING
    text = kernel_money.format_minor(amount_minor, currency, get_language() or "en")
    if signed and amount_minor > 0:
        text = "+" + text
    return format_html(
        '<data class="money{}" value="{} {}">{}</data>',
        " money-below" if amount_minor < 0 else "",
        kernel_money.decimal_of(amount_minor, currency),
        currency,
        text,
    )


@register.simple_tag
def amount(amount_minor: int | None, currency: str, explain: Explanation | None = None, signed: bool = False) -> str:
    """Money that opens to its parts on a click; plain money where there is nothing to open. Units: minor."""
    shown = money(amount_minor, currency, signed)
    if explain is None or amount_minor is None:
        return shown
    rest = amount_minor - sum(part.amount_minor for part in explain.parts)
    parts = [*explain.parts, *([Part(_("Unexplained"), rest)] if rest else [])]
    return _render(
        "explain", shown=shown, explain=explain, parts=parts, total=amount_minor, currency=currency, rest=rest,
        id=_unique("explain"),
    )  # fmt: skip


@register.simple_tag
def promise(shown: Text, explain: Window | None = None) -> Text:
    """Days that open to the parts of their promise on a click; the plain words where there is nothing to open."""
    if explain is None:
        return shown
    return _render("window", shown=shown, window=explain, id=_unique("window"))


@register.simple_tag
def quantity(value: int | None) -> str:
    """A count with the grouping of the language."""
    if value is None:
        return NOTHING
    return format_html(
        '<data value="{}">{}</data>', str(value), number_format(value, force_grouping=True).replace("-", "−")
    )


@register.simple_tag
def percent(share: Decimal | None) -> str:
    """A share from 0 to 1 as per cent."""
    if share is None:
        return NOTHING
    return format_html("<span>{}\u00a0%</span>", number_format((share * 100).normalize() + Decimal(0)))


@register.simple_tag(name="date")
def moment(value: datetime | date | None, zone: str | None = None, style: str = "long") -> str:
    """A day, or a moment in a named time zone with the zone's short name; the exact UTC moment is in the title.

    `style`: long (with the time), day (the date in that zone) or time (the time alone).
    """
    if value is None:
        return NOTHING
    day_format = pgettext("date format", "j M Y")
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), date_format(value, day_format))
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone; entrepot keeps UTC")
    local = value.astimezone(ZoneInfo(zone) if zone else UTC)
    texts = {"long": f"{day_format}, H:i", "day": day_format, "time": "H:i"}
    named = format_html(' <abbr class="zone" title="{}">{}</abbr>', zone or "UTC", _zone_name(local))
    return format_html(
        '<time datetime="{}" title="{} UTC">{}{}</time>',
        local.isoformat(timespec="seconds"),
        value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        format_by(local, texts[style]),
        "" if style == "day" else named,
    )


def _zone_name(local: datetime) -> str:
    name = local.tzname() or "UTC"
    if name[0].isalpha():
        return name
    # Zones without letters of their own (such as São Paulo) are named by their offset.
    sign, digits = name[0], name[1:].ljust(4, "0")
    minutes = "" if digits[2:] == "00" else f":{digits[2:]}"
    return f"UTC{'−' if sign == '-' else '+'}{int(digits[:2])}{minutes}"


# Names that stand for codes


@register.simple_tag(takes_context=True)
def programme(context: Context, code: str) -> str:
    """What a programme is called; one question a page."""
    return _name(context, "programme", code, terms.list_labels)


@register.simple_tag(takes_context=True)
def node(context: Context, code: str) -> str:
    """What a node is called; one question a page."""
    return _name(context, "node", code, logistics.list_names)


def _name(context: Context, kind: str, code: str, read: Callable[[], Mapping[str, str]]) -> str:
    request = context.get("request")
    known = getattr(request, "names_by_code", {})
    if kind not in known:
        known[kind] = read()
        if request is not None:
            request.names_by_code = known
    return known[kind].get(code, code)


# Small things


@register.simple_tag(name="icon")
def drawing(name: str, label: Text = "") -> str:
    """A drawing from the sprite; decoration unless it has a label."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" {} focusable="false"><use href="{}#{}"></use></svg>',
        said,
        static("entrepot/icons.svg"),
        name,
    )


@register.simple_tag
def badge(text: Text, tone: str = "neutral", icon: str = "") -> str:
    """A short label. `tone`: neutral, good, warn, bad, info or accent; the words carry the meaning, not the colour."""
    return format_html('<span class="badge badge-{}">{}{}</span>', tone, drawing(icon) if icon else "", text)


@register.simple_tag
def party(code: str, share: Any = None) -> str:
    """A party of a duty as a chip; with its share of the cost where that is not the whole."""
    label, symbol = PARTIES.get(code, (code, "user"))
    percent = ""
    if share is not None and share != 1:
        percent = format_html(' <span class="share">{}&nbsp;%</span>', number_format((share * 100).normalize()))
    return format_html('<span class="party party-{}">{}{}{}</span>', code, drawing(symbol), label, percent)


@register.simple_tag
def button(
    text: Text,
    href: str = "",
    kind: str = "main",
    icon: str = "",
    small: bool = False,
    opens: str = "",
    **attributes: Any,
) -> str:
    """A button, or with `href` a link that looks like one. `kind`: main, quiet, plain or danger.

    `opens` names a dialog or popover by its id. Further attributes are written with underscores: hx_post, name, value.
    """
    kinds = {"main": "", "quiet": " button-quiet", "plain": " button-plain", "danger": " button-danger"}
    classes = f"button{kinds[kind]}{' button-small' if small else ''}"
    if extra := attributes.pop("class", ""):
        classes += f" {extra}"
    inside = format_html("{}{}", drawing(icon) if icon else "", text)
    if href:
        return format_html('<a class="{}" href="{}"{}>{}</a>', classes, href, _attributes(attributes), inside)
    attributes.setdefault("type", "button" if opens else "submit")
    if opens:
        attributes["popovertarget"] = opens
    return format_html('<button class="{}"{}>{}</button>', classes, _attributes(attributes), inside)


def _attributes(values: Mapping[str, Any]) -> str:
    """Attributes of an element; True is an attribute without value, False and None are left out."""
    kept = [(name.strip("_").replace("_", "-"), value) for name, value in values.items() if value not in (False, None)]
    return format_html_join("", "{}", ((_attribute(name, value),) for name, value in kept))


def _attribute(name: str, value: Any) -> str:
    return format_html(" {}", name) if value is True else format_html(' {}="{}"', name, value)


@register.simple_tag
def progress(value: int, maximum: int, label: Text = "") -> str:
    """How far something is: done of all, as a bar with words."""
    return format_html(
        '<div class="progress"><div class="progress-label"><span id="{id}">{label}</span>'
        "<span>{value} / {maximum}</span></div>"
        '<progress aria-labelledby="{id}" value="{raw}" max="{most}"></progress></div>',
        id=_unique("progress"),
        label=label,
        value=quantity(value),
        maximum=quantity(maximum),
        raw=str(value),
        most=str(max(maximum, 1)),
    )


@register.simple_tag
def stat(label: Text, value: Any, note: Text = "", href: str = "", tone: str = "") -> str:
    """A tile with one figure; a link where the figure leads somewhere. Tiles stand in a `.stats` element."""
    tag = format_html('a href="{}"', href) if href else mark_safe("div")
    return format_html(
        '<{} class="stat{}"><span class="stat-label">{}</span><span class="stat-value">{}</span>{}</{}>',
        tag,
        f" stat-{tone}" if tone else "",
        label,
        quantity(value) if isinstance(value, int) else value,
        format_html('<span class="stat-note">{}</span>', note) if note else "",
        "a" if href else "div",
    )


# Forms


@register.simple_tag
def field(
    bound: forms.BoundField,
    prefix: Text = "",
    suffix: Text = "",
    help: Text | None = None,
    short: bool = False,
    inline: bool = False,
    **attributes: Any,
) -> str:
    """A form field: label, control with what was typed, help and error, tied together for screen readers.

    `prefix` and `suffix` stand beside the control (a currency, a unit), `help` replaces the field's own. Further
    attributes go to the control.
    """
    if bound.is_hidden:
        return bound.as_widget()
    # A field's own help is the developer's and may hold markup, as in Django; what a template passes is escaped.
    words = mark_safe(bound.help_text) if help is None else help  # noqa: S308
    bound = copy(bound)
    bound.help_text = str(words)  # Django ties the control to the help and the error that there are
    widget = _as_text(bound.field)
    kind = "group" if widget.use_fieldset else "check" if isinstance(widget, forms.CheckboxInput) else "plain"
    return _render(
        "field",
        bound=bound,
        control=bound.as_widget(widget, {name.replace("_", "-"): value for name, value in attributes.items()}),
        kind=kind,
        prefix=prefix,
        suffix=suffix,
        short=short,
        inline=inline,
        optional=not bound.field.required and kind != "check",
    )


def _as_text(field: forms.Field) -> forms.Widget:
    """The field's widget; numbers as text, for a number control throws away what it cannot read."""
    if not isinstance(field.widget, forms.NumberInput):
        return field.widget
    widget = copy(field.widget)
    widget.input_type = "text"
    mode = "decimal" if isinstance(field, forms.DecimalField | forms.FloatField) else "numeric"
    kept = {name: value for name, value in widget.attrs.items() if name not in ("min", "max", "step")}
    widget.attrs = {"inputmode": mode, "autocomplete": "off", **kept}
    return widget


@register.simple_tag
def form_errors(form: forms.BaseForm | None) -> str:
    """What is wrong with a form, each error with a link to its field; nothing where nothing is wrong."""
    if form is None or not form.errors:
        return ""
    entries = [
        (str(bound.label).rstrip(".:?"), error, bound.id_for_label or bound.auto_id)
        for bound in form
        for error in bound.errors
    ]
    return _render("form_errors", general=form.non_field_errors(), entries=entries, id=_unique("errors"))


# Blocks


@register.simple_block_tag(end_name="end_empty_state")
def empty_state(content: str, title: Text, icon: str = "crate") -> str:
    """What a list says when it is empty: a title, a sentence and the next step."""
    return format_html('<div class="empty">{}<h2>{}</h2>{}</div>', drawing(icon), title, content)


@register.simple_block_tag(takes_context=True, end_name="end_confirm_dialog")
def confirm_dialog(
    context: Context,
    content: str,
    id: str,
    title: Text,
    action: str,
    verb: Text,
    form: forms.BaseForm | None = None,
    reason: bool = True,
    tone: str = "danger",
    **hidden: Any,
) -> str:
    """A dialog that asks before a privileged act and for its reason; a button's `opens` opens it.

    `form` brings fields of its own (and reopens the dialog where it has errors); `hidden` are hidden inputs.
    """
    own_reason = reason and (form is None or "reason" not in form.fields)
    return _render(
        "confirm_dialog",
        context,
        content=content,
        id=id,
        title=title,
        action=action,
        verb=verb,
        form=form,
        own_reason=own_reason,
        tone=tone,
        hidden=hidden,
    )


# Whole structures


@register.simple_tag(takes_context=True)
def breadcrumb(context: Context, entries: Sequence[Link]) -> str:
    """The way here; the last entry is this page, and what is not open to whoever looks is no link."""
    actor = getattr(context.get("request"), "actor", None)
    shown = [each if menus.is_open(str(each.href or ""), actor) else replace(each, href="") for each in entries]
    return _render("breadcrumb", entries=shown)


@register.simple_tag
def tabs(entries: Sequence[Link], label: Text) -> str:
    """Views of one thing, as links."""
    return _render("tabs", entries=entries, label=label)


@register.simple_tag(takes_context=True)
def navigation(context: Context, surface: str) -> str:
    """The menu of a surface; counts come from the context variable `navigation_counts`, by route."""
    request = context.get("request")
    entries = menus.links(
        surface,
        getattr(request, "path", ""),
        actor=getattr(request, "actor", None),
        counts=context.get("navigation_counts"),
    )
    return _render("navigation", entries=entries)


#: How many pages back the address of a list remembers, and what divides them.
BACK_MAX = 20
BACK_SIGN = "~"


@register.simple_tag(takes_context=True)
def paginate(context: Context, page: Slice[Any], parameter: str = "cursor") -> str:
    """Earlier and later of a list that is paged by cursor; what else is in the address stays.

    A list that only knows how to go on remembers in its address where it came from.
    """
    query = context["request"].GET.copy() if context.get("request") else QueryDict(mutable=True)
    here = query.pop(parameter, [""])[-1]
    came = [each for each in query.pop("back", [""])[-1].split(BACK_SIGN) if each]

    def address(cursor: str, back: Sequence[str] = ()) -> str:
        changed = query.copy()
        if cursor:
            changed[parameter] = cursor
        if back:
            changed["back"] = BACK_SIGN.join(back)
        return f"?{changed.urlencode()}"

    if page.previous_cursor:
        previous, back = address(page.previous_cursor), []
    else:
        previous = address(came[-1] if came else "", came[:-1]) if here else ""
        back = [*came, here][-BACK_MAX:] if here else []
    if not previous and not page.next_cursor:
        return ""
    return _render(
        "paginate",
        page=page,
        previous=previous,
        is_first=not page.previous_cursor and not came,
        next=address(page.next_cursor, back) if page.next_cursor else "",
    )


@register.simple_tag
def stepper(steps: Sequence[Step], label: Text) -> str:
    """Where an order (or anything that goes by stages) stands."""
    rows = [(number, step, STEP_STATES[step.state]) for number, step in enumerate(steps, start=1)]
    return _render("stepper", rows=rows, label=label)


@register.simple_tag
def timeline(events: Sequence[Event], zone: str | None = None) -> str:
    """What happened, in the order given."""
    return _render("timeline", events=events, zone=zone)


@register.simple_tag
def duty_matrix(rows: Sequence[DutyRow], caption: Text = "") -> str:
    """Who does, decides, pays and answers for each task."""
    return _render("duty_matrix", rows=rows, caption=caption)


@register.simple_tag
def error_words(status: int, code: str = "") -> ErrorWords:
    """What an error page says, by code or else by status."""
    return ERRORS.get(code) or ERRORS.get(status) or ERRORS[500 if status >= 500 else 400]


@register.simple_tag(takes_context=True)
def messages_list(context: Context) -> str:
    """What the last act has to say."""
    shown = [(m, m.level_tag, MESSAGE_ICONS.get(m.level_tag, "info")) for m in context.get("messages") or ()]
    return _render("messages", shown=shown) if shown else ""


@register.simple_tag
def facts(rows: Sequence[tuple[Text, Any]]) -> str:
    """Names and values, as a definition list."""
    pairs = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", rows)
    return format_html('<dl class="facts">{}</dl>', pairs)


# Machinery


@cache
def _template(name: str) -> Template:
    return Engine.get_default().get_template(f"shared/components/{name}.html")


def _render(name: str, context: Context | None = None, /, **values: Any) -> SafeString:
    """A component's own template. With the page's context it sees the token against forged requests."""
    inner = Context(values)
    if context is not None and "csrf_token" in context:
        inner["csrf_token"] = context["csrf_token"]
    return mark_safe(_template(name).render(inner).strip())  # noqa: S308 (the template escapes)


def _unique(stem: str) -> str:
    """An id that is unique in a page, fragments fetched later included."""
    return f"{stem}-{secrets.token_hex(4)}"
