"""One endpoint: an order, placed as django-oscar's checkout places it, by its own classes."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oscar.core.loading import get_class, get_model

Basket, Product = get_model("basket", "Basket"), get_model("catalogue", "Product")
ShippingAddress = get_model("order", "ShippingAddress")
Source, SourceType = get_model("payment", "Source"), get_model("payment", "SourceType")
Selector, Applicator = get_class("partner.strategy", "Selector"), get_class("offer.applicator", "Applicator")
Repository = get_class("shipping.repository", "Repository")
OrderTotalCalculator = get_class("checkout.calculators", "OrderTotalCalculator")
OrderCreator, OrderNumberGenerator = (
    get_class("order.utils", "OrderCreator"),
    get_class("order.utils", "OrderNumberGenerator"),
)


@csrf_exempt
@require_POST
def place(request: HttpRequest) -> HttpResponse:
    """A basket, its lines as far as they are available, then what the checkout does when it is submitted."""
    asked = json.loads(request.body)
    basket = Basket.objects.create()
    basket.strategy = Selector().strategy(request=request, user=None)
    products = Product.objects.in_bulk([line["product_id"] for line in asked["lines"]])
    for line in asked["lines"]:
        product = products[line["product_id"]]
        info = basket.strategy.fetch_for_product(product)
        if not info.availability.is_purchase_permitted(line["quantity"])[0]:
            return JsonResponse({"code": "sold_out"}, status=409)
        basket.add_product(product, line["quantity"])
    Applicator().apply(basket, None, request)
    for line in basket.all_lines():
        info = basket.strategy.fetch_for_line(line)
        if not info.availability.is_purchase_permitted(line.quantity)[0]:
            return JsonResponse({"code": "sold_out"}, status=409)
    basket.freeze()
    address = ShippingAddress(**asked["ship_to"])
    method = Repository().get_default_shipping_method(basket=basket, shipping_addr=address, request=request)
    charge = method.calculate(basket)
    total = OrderTotalCalculator().calculate(basket, charge)
    address.save()
    order = OrderCreator().place_order(
        basket, total, method, charge, shipping_address=address, guest_email=asked["email"], request=request,
        order_number=OrderNumberGenerator().order_number(basket),
    )  # fmt: skip
    Source.objects.create(
        order=order,
        source_type=SourceType.objects.get(name="Test card"),
        currency=total.currency,
        amount_allocated=total.incl_tax,
        reference="approve",
    )
    basket.submit()
    return JsonResponse({"number": order.number, "total": str(total.incl_tax)}, status=201)


def healthz(request: HttpRequest) -> HttpResponse:
    """It runs."""
    return HttpResponse("ok")


urlpatterns = [path("orders", place), path("healthz", healthz)]
