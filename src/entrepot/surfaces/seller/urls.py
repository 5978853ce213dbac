"""The routes of the seller's pages."""

from django.urls import path

from entrepot.surfaces.seller import (
    applying,
    goods,
    offers,
    orders,
    overview,
    programmes,
    returns,
    statements,
    stock,
)

app_name = "seller"

urlpatterns = [
    path("", overview.show, name="overview"),
    path("apply", applying.apply, name="apply"),
    path("application", applying.application, name="application"),
    path("application/documents", applying.documents, name="application_documents"),
    path("offers", offers.index, name="offers"),
    path("offers/new", goods.new, name="offer_new"),
    path("offers/<uuid:offer_id>", offers.show, name="offer"),
    path("offers/<uuid:offer_id>/price", offers.price, name="offer_price"),
    path("offers/<uuid:offer_id>/supply-price", offers.supply_price, name="offer_supply_price"),
    path(
        "offers/<uuid:offer_id>/supply-price/<uuid:quote_id>/answer", offers.supply_answer, name="offer_supply_answer"
    ),
    path("offers/<uuid:offer_id>/sale", offers.sale, name="offer_sale"),
    path("offers/<uuid:offer_id>/pause", offers.pause, name="offer_pause"),
    path("offers/<uuid:offer_id>/archiving", offers.archive, name="offer_archiving"),
    path("products/<uuid:product_id>", goods.product, name="product"),
    path("products/<uuid:product_id>/content", goods.content, name="product_content"),
    path("products/<uuid:product_id>/offers", goods.offer, name="product_offers"),
    path("stock", stock.index, name="stock"),
    path("stock/receipts", stock.receipts, name="stock_receipts"),
    path("stock/<uuid:stock_id>", stock.show, name="stock_row"),
    path("stock/<uuid:stock_id>/adjustment", stock.adjustment, name="stock_adjustment"),
    path("orders", orders.index, name="orders"),
    path("orders/all", orders.everything, name="orders_all"),
    path("orders/acceptances", orders.acceptances, name="acceptances"),
    path("orders/<str:number>", orders.show, name="order"),
    path("orders/<str:number>/acceptance", orders.acceptance, name="order_acceptance"),
    path("orders/<str:number>/parcels", orders.parcels, name="order_parcels"),
    path("orders/<str:number>/parcels/<str:parcel_number>/label", orders.label, name="parcel_label"),
    path("orders/<str:number>/parcels/<str:parcel_number>/handover", orders.handover, name="parcel_handover"),
    path("orders/<str:number>/parcels/<str:parcel_number>/unpacking", orders.unpacking, name="parcel_unpacking"),
    path("returns", returns.index, name="returns"),
    path("returns/<str:number>", returns.show, name="return"),
    path("returns/<str:number>/receipt", returns.receipt, name="return_receipt"),
    path("returns/<str:number>/refund", returns.refund, name="return_refund"),
    path("statements", statements.index, name="statements"),
    path("statements/upcoming", statements.upcoming, name="upcoming"),
    path("statements/amounts/<uuid:accrual_id>", statements.accrual, name="accrual"),
    path("statements/<str:number>", statements.show, name="statement"),
    path("statements/<str:number>/paper", statements.paper, name="statement_paper"),
    path("statements/<str:number>/sheet", statements.sheet, name="statement_sheet"),
    path("programmes", programmes.index, name="programmes"),
    path("programmes/<str:market_code>/comparison", programmes.comparison, name="programme_comparison"),
    path("programmes/<str:market_code>/<uuid:version_id>", programmes.show, name="programme"),
    path("programmes/<str:market_code>/<uuid:version_id>/acceptance", programmes.acceptance, name="acceptance"),
    path("enrolments/<uuid:enrolment_id>/end", programmes.ending, name="enrolment_end"),
]
