"""The routes of the shop."""

from django.urls import path

from entrepot.surfaces.shop import (
    account,
    browsing,
    cart,
    checkout,
    conversations,
    finding,
    notices,
    orders,
    receipts,
    returns,
)

app_name = "shop"

urlpatterns = [
    path("", browsing.home, name="home"),
    path("search", finding.search, name="search"),
    path("categories/<slug:category_code>", finding.category, name="category"),
    path("products/<uuid:product_id>", browsing.product, name="product"),
    path("market", browsing.choose_market, name="market"),
    path("cart", cart.show, name="cart"),
    path("cart/lines", cart.add, name="cart_lines"),
    path("cart/quantity", cart.change, name="cart_quantity"),
    path("cart/voucher", cart.redeem, name="cart_voucher"),
    path("checkout", checkout.show, name="checkout"),
    path("checkout/order", checkout.place, name="checkout_order"),
    path("notices", notices.notices, name="notices"),
    path("notices/read", notices.read, name="notices_read"),
    path("notices/letters", notices.letters, name="notices_letters"),
    path("notices/<uuid:notice_id>", notices.notice, name="notice"),
    path("account", account.show, name="account"),
    path("account/addresses", account.address, name="address_new"),
    path("account/addresses/<uuid:contact_id>", account.address, name="address_kept"),
    path("account/addresses/<uuid:contact_id>/dropping", account.drop, name="address_dropping"),
    path("account/data", account.export, name="account_export"),
    path("account/erasure", account.forget, name="account_forgetting"),
    path("orders", orders.index, name="orders"),
    path("orders/access/<slug:token>", orders.enter, name="order_access"),
    path("orders/<slug:number>", orders.show, name="order"),
    path("orders/<slug:number>/payment", orders.payment, name="order_payment"),
    path("orders/<slug:number>/cancellation", orders.cancel, name="order_cancellation"),
    path("orders/<slug:number>/address", orders.address, name="order_address"),
    path("orders/<slug:number>/receipt", receipts.show, name="order_receipt"),
    path("orders/<slug:number>/questions", conversations.ask, name="order_questions"),
    path("orders/<slug:number>/conversations/<slug:thread_number>", conversations.show, name="conversation"),
    path(
        "orders/<slug:number>/conversations/<slug:thread_number>/messages",
        conversations.write,
        name="conversation_messages",
    ),
    path(
        "orders/<slug:number>/conversations/<slug:thread_number>/state",
        conversations.set_state,
        name="conversation_state",
    ),
    path(
        "orders/<slug:number>/conversations/<slug:thread_number>/files/<uuid:attachment_id>",
        conversations.file,
        name="conversation_file",
    ),
    path("orders/<slug:number>/returns", returns.ask, name="order_returns"),
    path("orders/<slug:number>/returns/<slug:case_number>", returns.show, name="return"),
    path("orders/<slug:number>/returns/<slug:case_number>/photos/<int:place>", returns.photo, name="return_photo"),
    path("orders/<slug:number>/returns/<slug:case_number>/label", returns.label, name="return_label"),
    path("orders/<slug:number>/returns/<slug:case_number>/cancellation", returns.cancel, name="return_cancellation"),
]
