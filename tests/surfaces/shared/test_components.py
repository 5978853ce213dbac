"""What the component tags draw: amounts, moments, fields, explanations; in every language, whatever the data holds."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qsl

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import include, path, set_urlconf
from django.utils.translation import override

from entrepot.kernel.actors import Actor
from entrepot.surfaces.shared import gallery, guards, navigation
from entrepot.surfaces.shared.components import DutyRow, Event, Explanation, Link, Part, Share, Slice, Step, Trace
from entrepot.surfaces.shared.templatetags.entrepot import register
from entrepot.surfaces.shared.words import ERRORS
from surfaces.shared.markup import Markup, ids, references, render

AT = datetime(2026, 7, 4, 23, 30, tzinfo=UTC)
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(1)>" onclick="alert(1)' onfocus='alert(1)"""


# Figures


@pytest.mark.parametrize(
    ("minor", "currency", "language", "shown", "value"),
    [
        (123456, "EUR", "en-gb", "€1,234.56", "1234.56 EUR"),
        (123456, "EUR", "de", "1.234,56 €", "1234.56 EUR"),
        (123456, "BRL", "pt-br", "R$ 1.234,56", "1234.56 BRL"),
        (1280, "JPY", "en-gb", "¥1,280", "1280 JPY"),
        (12750, "KWD", "de", "12,750 KWD", "12.750 KWD"),
        (-5, "USD", "en-gb", "−$0.05", "-0.05 USD"),
        (0, "EUR", "en-gb", "€0.00", "0.00 EUR"),
    ],
)
def test_money_follows_currency_and_language(minor, currency, language, shown, value):
    with override(language):
        markup = render("{% money minor currency %}", minor=minor, currency=currency)
    assert markup.text == shown
    assert markup.one("data")["value"] == value


def test_money_below_nothing_is_marked_by_more_than_colour():
    markup = render('{% money -250 "EUR" %}')
    assert markup.text.startswith("−")
    assert markup.all("data", class_="money-below")


def test_signed_money_says_plus_and_unknown_money_is_a_dash():
    assert render('{% money 250 "EUR" signed=True %}').text == "+€2.50"
    assert render('{% money 0 "EUR" signed=True %}').text == "€0.00"
    assert render('{% money nothing "EUR" %}', nothing=None).text == "–"


def test_money_is_not_touched_by_the_grouping_of_the_template_engine():
    with override("de"):
        assert render('{% money 100000000 "EUR" %}').one("data")["value"] == "1000000.00 EUR"
        assert render("{% quantity 1234567 %}").one("data")["value"] == "1234567"
        assert render("{% quantity 1234567 %}").text == "1.234.567"


# Moments


@pytest.mark.parametrize(
    ("zone", "language", "shown"),
    [
        ("Europe/Berlin", "en-gb", "5 Jul 2026, 01:30 CEST"),
        ("Europe/Berlin", "pt-br", "5 Jul 2026, 01:30 CEST"),
        ("America/Sao_Paulo", "en-gb", "4 Jul 2026, 20:30 UTC−3"),
        ("America/New_York", "de", "4 Jul 2026, 19:30 EDT"),
        ("Asia/Kathmandu", "en-gb", "5 Jul 2026, 05:15 UTC+5:45"),
        (None, "en-gb", "4 Jul 2026, 23:30 UTC"),
    ],
)
def test_a_moment_names_its_zone(zone, language, shown):
    with override(language):
        markup = render("{% date at zone %}", at=AT, zone=zone)
    # The German catalogue may put a point after the day.
    assert markup.text.replace("4. Jul", "4 Jul") == shown
    drawn = markup.one("time")
    assert datetime.fromisoformat(drawn["datetime"]) == AT
    assert drawn["title"] == "2026-07-04 23:30:00 UTC"


def test_the_day_of_a_moment_is_the_day_in_its_zone():
    assert render('{% date at "Asia/Tokyo" style="day" %}', at=AT).text == "5 Jul 2026"
    assert render('{% date at "America/New_York" style="day" %}', at=AT).text == "4 Jul 2026"
    assert render("{% date at %}", at=date(2026, 1, 31)).text == "31 Jan 2026"
    assert render("{% date at %}", at=None).text == "–"


def test_a_moment_without_a_zone_is_a_defect():
    with pytest.raises(ValueError, match="time zone"):
        render("{% date at %}", at=AT.replace(tzinfo=None))


# Explained amounts

EARNING = Explanation(
    "What you earn",
    [Part("Supply price", 2150, "rate of 3 March"), Part("Late", -120, href="/penalty")],
    [Trace("Rule", "version 3"), Trace("Event", "Delivered", "/event")],
)


def test_an_amount_opens_to_parts_that_sum_to_it():
    markup = render('{% amount 2030 "EUR" explain=why %}', why=EARNING)
    assert [each["value"] for each in markup.all("data")] == ["20.30 EUR", "21.50 EUR", "-1.20 EUR", "20.30 EUR"]
    for words in ("What you earn", "Supply price", "rate of 3 March", "version 3", "Delivered"):
        assert words in markup.text
    assert "Unexplained" not in markup.text
    assert [each["href"] for each in markup.all("a")] == ["/penalty", "/event"]


def test_what_the_parts_do_not_explain_is_shown():
    markup = render('{% amount 2031 "EUR" explain=why %}', why=EARNING)
    assert "Unexplained" in markup.text
    assert "0.01 EUR" in [each["value"] for each in markup.all("data")]


def test_an_explained_amount_opens_without_script_and_may_stand_in_a_sentence():
    markup = render('{% amount 2030 "EUR" explain=why %}{% amount 2030 "EUR" explain=why %}', why=EARNING)
    assert len(set(ids(markup))) == len(ids(markup))
    assert set(references(markup)) <= set(ids(markup))
    opened = [each["id"] for each in markup.all() if "popover" in each]
    assert {each["popovertarget"] for each in markup.all("button")} == set(opened)
    # Only phrasing elements: a <div> or <dl> would end the paragraph around it.
    assert {tag for tag, _ in markup.elements} <= {"span", "button", "data", "a", "strong", "small", "svg", "use"}


def test_an_amount_with_nothing_to_open_is_plain_money():
    assert render('{% amount 2030 "EUR" %}').source == render('{% money 2030 "EUR" %}').source


# Hostile data


class HostileForm(forms.Form):
    """Everything a form shows comes from outside."""

    name = forms.CharField(label=HOSTILE, help_text="plain", max_length=3)
    kind = forms.ChoiceField(choices=[(HOSTILE, HOSTILE)], widget=forms.RadioSelect)


@pytest.mark.parametrize(
    "source",
    [
        '{% amount 1 "EUR" explain=why %}',
        "{% badge x x %}",
        "{% party x %}",
        "{% button x href=x id=x name=x %}{% button x opens=x hx_post=x %}",
        "{% icon x x %}",
        "{% stat x x note=x href=x tone=x %}",
        "{% progress 1 2 label=x %}",
        "{% facts rows %}",
        "{% breadcrumb links %}{% tabs links label=x %}",
        "{% stepper steps label=x %}",
        "{% timeline events %}",
        "{% duty_matrix duties caption=x %}",
        "{% paginate page %}",
        "{% empty_state x icon=x %}{{ x }}{% end_empty_state %}",
        "{% confirm_dialog id=x title=x action=x verb=x tone=x key=x %}{{ x }}{% end_confirm_dialog %}",
        "{% form_errors form %}{% field form.name prefix=x suffix=x help=x placeholder=x %}{% field form.kind %}",
        "{% messages_list %}",
    ],
)
def test_nothing_that_data_says_becomes_markup(source):
    markup = render(
        source,
        x=HOSTILE,
        why=Explanation(HOSTILE, [Part(HOSTILE, 1, HOSTILE, HOSTILE)], [Trace(HOSTILE, HOSTILE, HOSTILE)]),
        rows=[(HOSTILE, HOSTILE)],
        links=[Link(HOSTILE, HOSTILE), Link(HOSTILE, HOSTILE, current=True)],
        steps=[Step(HOSTILE, "current", HOSTILE)],
        events=[Event(AT, HOSTILE, HOSTILE, HOSTILE, "bad", HOSTILE)],
        duties=[DutyRow(HOSTILE, HOSTILE, HOSTILE, [Share(HOSTILE, Decimal("0.5"))], [], HOSTILE, changed=True)],
        page=Slice([], HOSTILE, HOSTILE, 3),
        form=HostileForm({"name": HOSTILE, "kind": HOSTILE}),
        messages=[type("Message", (), {"level_tag": "error", "__str__": lambda self: HOSTILE})()],
    )
    assert "<script" not in markup.source
    assert not markup.all("script")
    assert markup.all("img") == []
    assert [name for _tag, each in markup.elements for name in each if name.startswith("on")] == []
    assert (
        HOSTILE in "".join(markup.words)
        or any(HOSTILE in each.values() for each in markup.all())
        or ("%3Cscript%3E" in markup.source)
    )


# Forms


class OfferForm(forms.Form):
    """A form as a seller meets it."""

    price = forms.DecimalField(label="Retail price", help_text="With tax", min_value=0)
    stock = forms.IntegerField(label="Stock", required=False)
    speed = forms.ChoiceField(label="Speed", choices=[("a", "Fast"), ("b", "Slow")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="I accept.")
    key = forms.CharField(widget=forms.HiddenInput)

    def clean(self):
        """Refuse the form as a whole."""
        raise forms.ValidationError("The programme has ended.")


def test_a_refused_field_keeps_what_was_typed_and_is_tied_to_its_error():
    markup = render("{% field form.price %}", form=OfferForm({"price": "24,9o"}))
    typed = markup.one("input")
    # A control of type number would drop what it cannot read.
    assert (typed["value"], typed["type"], typed["inputmode"]) == ("24,9o", "text", "decimal")
    assert typed["aria-invalid"] == "true"
    assert typed["aria-describedby"].split() == ["id_price_helptext", "id_price_error"]
    assert set(references(markup)) <= set(ids(markup))
    assert "Enter a number." in markup.text


def test_a_field_in_order_says_nothing_of_errors():
    markup = render("{% field form.stock %}", form=OfferForm({"stock": "7"}))
    typed = markup.one("input")
    assert (typed["value"], typed["inputmode"]) == ("7", "numeric")
    assert not {"aria-invalid", "aria-describedby"} & set(typed)
    assert "(optional)" in markup.text


def test_choices_are_a_group_with_a_legend_and_a_tick_has_its_words_beside_it():
    group = render("{% field form.speed %}", form=OfferForm())
    assert [tag for tag, _ in group.elements][:2] == ["fieldset", "legend"]
    assert len(group.all("input", type="radio")) == 2
    tick = render("{% field form.agreed %}", form=OfferForm())
    assert tick.one("label")["for"] == tick.one("input", type="checkbox")["id"]
    assert render("{% field form.key %}", form=OfferForm()).one("input")["type"] == "hidden"


def test_a_field_may_carry_a_unit_other_help_and_attributes():
    source = '{% field form.price prefix="€" help="Net" autocomplete="off" data_x="1" %}'
    markup = render(source, form=OfferForm())
    assert markup.text == "Retail price Net €"
    assert (markup.one("input")["autocomplete"], markup.one("input")["data-x"]) == ("off", "1")
    assert markup.one("input")["aria-describedby"] == "id_price_helptext"
    assert "aria-describedby" not in render('{% field form.price help="" %}', form=OfferForm()).one("input")


def test_the_summary_names_every_field_and_leads_to_it():
    markup = render("{% form_errors form %}", form=OfferForm({"price": "-1", "speed": "a"}))
    assert "The programme has ended." in markup.text
    assert [each["href"] for each in markup.all("a")] == ["#id_price", "#id_agreed", "#id_key"]
    assert markup.one("div")["role"] == "alert"
    assert render("{% form_errors form %}", form=OfferForm()).source == ""
    assert render("{% form_errors form %}", form=None).source == ""


def test_a_privileged_act_asks_for_its_reason_and_carries_the_token():
    source = '{% confirm_dialog id="s" title="S?" action="/stop" verb="Stop" key="k1" %}Sure{% end_confirm_dialog %}'
    markup = render(source, csrf_token="token")
    assert markup.one("form")["action"] == "/stop"
    assert markup.one("input", name="csrfmiddlewaretoken")["value"] == "token"
    assert markup.one("input", name="key")["value"] == "k1"
    assert "required" in markup.one("textarea", name="reason")
    assert "data-open" not in markup.one("dialog")
    assert set(references(markup)) <= set(ids(markup))


def test_a_dialog_with_a_refused_form_opens_again_with_what_was_typed():
    class Stop(forms.Form):
        reason = forms.CharField(min_length=10)

    source = '{% confirm_dialog id="s" title="S" action="/" verb="S" form=form %}{% end_confirm_dialog %}'
    markup = render(source, form=Stop({"reason": "short"}))
    assert "data-open" in markup.one("dialog")
    assert markup.one("input", name="reason")["value"] == "short"
    assert not markup.all("textarea")


# Buttons, paging, menus


def test_a_button_acts_and_a_link_leads():
    assert render('{% button "Save" name="act" value="save" %}').one("button") == {
        "class": "button",
        "name": "act",
        "value": "save",
        "type": "submit",
    }
    link = render('{% button "Back" href="/x" kind="quiet" small=True rel="prev" %}').one("a")
    assert link == {"class": "button button-quiet button-small", "href": "/x", "rel": "prev"}
    opener = render('{% button "Stop" opens="stop" disabled=True hidden=False %}').one("button")
    assert (opener["type"], opener["popovertarget"]) == ("button", "stop")
    assert "disabled" in opener and "hidden" not in opener


def links_of(address: dict[str, str], **page: str) -> list[str]:
    request = RequestFactory().get("/orders", address)
    markup = render("{% paginate page %}", page=Slice([], **page), request=request)
    return [each["href"] for each in markup.all("a")] if markup.source else []


def test_paging_keeps_what_else_the_address_says():
    found = links_of({"q": "tea & cups", "state": "late"}, next_cursor="n=1")
    assert found == ["?q=tea+%26+cups&state=late&cursor=n%3D1"]
    assert links_of({}) == []


def test_paging_leads_back_the_way_one_came():
    seen, address = [], {"state": "late"}
    for cursor in ("b", "c", "d"):
        seen.append(address)
        [*_earlier, following] = links_of(address, next_cursor=cursor)
        address = dict(parse_qsl(following[1:]))
        assert address["cursor"] == cursor and address["state"] == "late"
    while seen:
        [earlier] = links_of(address)
        address = dict(parse_qsl(earlier[1:]))
        assert address == seen.pop()
    assert address == {"state": "late"}


def test_a_page_in_the_middle_leads_to_the_first():
    assert links_of({"cursor": "m", "state": "late"}, next_cursor="n") == [
        "?state=late", "?state=late&cursor=n&back=m"
    ]  # fmt: skip
    assert links_of({"cursor": "m"}, previous_cursor="l", next_cursor="n") == ["?cursor=l", "?cursor=n"]


@pytest.fixture
def pages():
    """Three pages of the desk exist; two of them need a verb."""

    def view(request):
        return HttpResponse()

    def guarded(verb):
        return guards.allow(verb, kind="operator")(lambda request: HttpResponse())

    desk = [
        path("desk/", view, name="overview"),
        path("desk/orders/", guarded("orders.read"), name="orders"),
        path("desk/settlement/", guarded("settlement.run"), name="settlement"),
    ]
    module = ModuleType("pages")
    module.urlpatterns = [path("", include((desk, "desk")))]
    set_urlconf(module)
    yield
    set_urlconf(None)


def test_a_menu_shows_the_pages_that_exist_and_marks_where_one_is(pages):
    shown = navigation.links("desk", "/desk/orders/ord_1/")
    assert [(link.href, link.current) for link in shown] == [
        ("/desk/", False),
        ("/desk/orders/", True),
        ("/desk/settlement/", False),
    ]
    assert [link.current for link in navigation.links("desk", "/desk/")] == [True, False, False]
    assert not any(link.current for link in navigation.links("desk", "/desk/elsewhere/"))


def test_a_menu_leaves_out_what_the_actor_may_not_open(pages):
    packer = Actor("packer", verbs={"orders.read": "all"})
    shown = navigation.links("desk", actor=packer, counts={"desk:orders": 4})
    assert [(link.href, link.count) for link in shown] == [("/desk/", None), ("/desk/orders/", 4)]


def test_the_menu_tag_reads_path_actor_and_counts(pages):
    request = RequestFactory().get("/desk/orders/")
    request.actor = Actor("packer", verbs={"orders.read": "all"})
    markup = render('{% navigation "desk" %}', request=request, navigation_counts={"desk:orders": 4})
    assert markup.one("a", aria_current="page")["href"] == "/desk/orders/"
    assert markup.text == "Overview Orders 4"


# Whole pages


@pytest.mark.parametrize("language", ["en-gb", "de", "pt-br"])
def test_the_gallery_is_sound_markup(language):
    request = RequestFactory().get("/desk/components")
    request.user = AnonymousUser()
    with override(language):
        markup = Markup(gallery.components(request).content.decode())
    assert markup.unclosed == []
    assert sorted(set(ids(markup))) == sorted(ids(markup))
    assert set(references(markup)) <= set(ids(markup))
    assert markup.one("html")["lang"] == language
    assert len(markup.all("h1")) == len(markup.all("main")) == 1
    assert [each for each in markup.all("img") if "alt" not in each] == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 503])
def test_an_error_page_needs_nothing_but_its_status(status):
    markup = render('{% include "shared/errors/error.html" %}', status=status)
    assert str(status) in markup.text
    assert len(markup.all("h1")) == 1
    assert str(ERRORS[status].heading) in markup.text
    assert markup.all("a", class_="button")[0]["href"] == "/"
    assert markup.unclosed == []


def test_an_error_page_says_what_the_refusal_says():
    markup = render(
        '{% include "shared/errors/error.html" %}', status=409, code="orders.shipped", sentence=HOSTILE, home="/desk/"
    )
    assert "orders.shipped" in markup.text
    assert HOSTILE in "".join(markup.words)
    assert markup.all("a", class_="button")[0]["href"] == "/desk/"


@pytest.mark.parametrize(
    ("name", "heading"),
    [("404", "Nothing is stored here"), ("500", "Something broke on our side"), ("403_csrf", "The form had expired")],
)
def test_the_pages_that_the_framework_asks_for_by_name(name, heading):
    assert heading in render(f'{{% include "{name}.html" %}}').text


def test_the_guide_for_page_authors_shows_every_tag():
    guide = (Path(__file__).parents[3] / "docs" / "components.md").read_text()
    inner = {"error_words", "navigation"}  # of the layouts, not of pages
    assert {name for name in register.tags if f"{{% {name} " not in guide} == inner
