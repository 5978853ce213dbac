"""Addresses are found by their first word, and it is the same view that Django finds by trying all."""

import pytest
from django.urls import Resolver404, URLResolver, include, path, re_path

from entrepot.surfaces.shared.finding import ByWord, by_word


def view(request):
    """Answers nothing; addresses are only looked up."""


PATTERNS = [
    path("", view, name="root"),
    path("orders", view, name="orders"),
    path("orders/new", view, name="new"),
    path("orders/<uuid:order_id>", view, name="order"),
    path("<str:anything>/new", view, name="generic"),
    path("orders/<str:number>/new", view, name="late"),
    path("stock/", include(([path("", view, name="list"), path("<int:row>", view, name="row")], "goods"))),
    path("sto", include([path("re", view, name="glued")])),
    re_path(r"^files/(?P<name>.+)$", view, name="file"),
    path("<path:rest>", view, name="rest"),
]
ADDRESSES = [
    "", "orders", "orders/", "orders/new", "orders/0197c5a0-0000-7000-8000-000000000000", "orders/x/new", "x/new",
    "stock/", "stock/7", "stock/x", "store", "files/a/b", "x", "x/y/z", "orders/orders/orders",
]  # fmt: skip


def resolvers(patterns):
    ours = by_word("at/", include((patterns, "app")))
    assert isinstance(ours, ByWord)
    return ours, URLResolver(ours.pattern, ours.urlconf_name, ours.default_kwargs, ours.app_name, ours.namespace)


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_same_view_with_the_same_names_and_values(address):
    ours, theirs = (each.resolve(f"at/{address}") for each in resolvers(PATTERNS))
    for name in ("func", "args", "kwargs", "view_name", "route", "namespaces", "captured_kwargs"):
        assert getattr(ours, name) == getattr(theirs, name), name


@pytest.mark.parametrize("address", ["nowhere", "at/x", "at/orders/x", "at/stock", ""])
def test_what_leads_nowhere_leads_nowhere(address):
    for each in resolvers(PATTERNS[:4] + PATTERNS[6:7]):
        with pytest.raises(Resolver404):
            each.resolve(address)


def test_only_what_can_fit_is_tried():
    ours, _ = resolvers(PATTERNS)
    of_orders = [getattr(each, "name", "") for each in ours._of_word["orders"].url_patterns]
    of_none = [getattr(each, "name", "") for each in ours._of_no_word.url_patterns]
    assert of_orders == ["orders", "new", "order", "generic", "late", "", "file", "rest"]
    assert of_none == ["generic", "", "file", "rest"]
