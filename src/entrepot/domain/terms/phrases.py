"""The words in which `words` speaks: per task, per party, per key. Whoever reads them is the seller, "you"."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from entrepot.domain.terms import clauses
from entrepot.domain.terms.tasks import Cause, Party, Role, Task, Until


@dataclass(frozen=True, slots=True)
class TaskWords:
    """A task in plain words: `does` follows "You", `sets` "You decide", `costs` "You pay for", `fails` "if"."""

    title: str | Promise
    does: str | Promise
    sets: str | Promise
    costs: str | Promise
    fails: str | Promise


TASKS: Mapping[Task, TaskWords] = {
    Task.STORE_MANAGEMENT: TaskWords(
        _("Running the shop"),
        _("run the shop on the marketplace day by day"),
        _("how the shop is run"),
        _("running the shop"),
        _("the shop is not looked after"),
    ),
    Task.PRODUCT_SELECTION: TaskWords(
        _("Choosing products"),
        _("choose which products to offer"),
        _("which products are sold"),
        _("samples and product research"),
        _("a product turns out to be the wrong choice"),
    ),
    Task.LISTING_CONTENT: TaskWords(
        _("Product pages"),
        _("write the product pages and make the pictures"),
        _("what the product pages say and show"),
        _("texts, pictures and translations"),
        _("a product page is wrong or misleading"),
    ),
    Task.SUPPLY_PRICE: TaskWords(
        _("Supply price"),
        _("quote the supply price, what you ask for each unit"),
        _("the supply price"),
        _("quoting supply prices"),
        _("a supply price was quoted wrongly"),
    ),
    Task.RETAIL_PRICE: TaskWords(
        _("Retail price"),
        _("work out the price that the shopper sees"),
        _("the price that the shopper sees"),
        _("price research"),
        _("a price was set wrongly"),
    ),
    Task.PROMOTION: TaskWords(
        _("Promotions"),
        _("plan discounts, vouchers and sales events"),
        _("which discounts there are"),
        _("the discounts that shoppers get"),
        _("a promotion goes wrong"),
    ),
    Task.ADVERTISING: TaskWords(
        _("Advertising"),
        _("advertise the products"),
        _("where and for how much to advertise"),
        _("advertising"),
        _("advertising brings no sales"),
    ),
    Task.TRAFFIC: TaskWords(
        _("Visitors"),
        _("bring visitors to the products"),
        _("which products visitors see first"),
        _("bringing visitors"),
        _("too few visitors come"),
    ),
    Task.STORAGE: TaskWords(
        _("Storage"),
        _("store the goods until they are sold"),
        _("in which warehouse the goods stand"),
        _("storage"),
        _("goods are lost, damaged or missing in the warehouse"),
    ),
    Task.FIRST_MILE: TaskWords(
        _("Way to the warehouse"),
        _("bring the goods from the factory to the warehouse or hub"),
        _("how the goods come to the warehouse or hub"),
        _("the way to the warehouse or hub"),
        _("goods do not arrive at the warehouse or hub as agreed"),
    ),
    Task.CONSOLIDATION: TaskWords(
        _("Bundling at the hub"),
        _("collect parcels at a hub and bundle them for the long way"),
        _("how parcels are bundled"),
        _("bundling at the hub"),
        _("something goes wrong at the hub"),
    ),
    Task.QUALITY_INSPECTION: TaskWords(
        _("Checking the goods"),
        _("check the goods when they come in"),
        _("whether incoming goods pass"),
        _("checking incoming goods"),
        _("faulty goods pass the check"),
    ),
    Task.LINE_HAUL: TaskWords(
        _("Transport abroad"),
        _("carry the goods to the shopper's country by air, sea or land"),
        _("by which way the goods travel abroad"),
        _("the transport to the shopper's country"),
        _("goods are lost, damaged or late on the way abroad"),
    ),
    Task.CUSTOMS: TaskWords(
        _("Customs clearance"),
        _("clear the goods through customs, as importer of record"),
        _("how the goods are declared"),
        _("customs clearance"),
        _("customs hold the goods or fine the importer"),
    ),
    Task.DUTY_AND_TAX: TaskWords(
        _("Customs duty and import tax"),
        _("pay customs duty and import tax"),
        _("how customs duty is paid"),
        _("customs duty and import tax"),
        _("customs duty turns out higher than planned"),
    ),
    Task.PACKAGING_AND_LABEL: TaskWords(
        _("Packing and labelling"),
        _("pack the goods and put the label on"),
        _("how the goods are packed"),
        _("packing material, labels and the work"),
        _("goods are packed or labelled badly"),
    ),
    Task.LAST_MILE: TaskWords(
        _("Delivery to the shopper"),
        _("send the parcel to the shopper's door"),
        _("which carrier delivers"),
        _("the delivery to the shopper"),
        _("a parcel is late, lost or damaged on its way to the shopper"),
    ),
    Task.CUSTOMER_SERVICE: TaskWords(
        _("Answering shoppers"),
        _("answer the shopper's questions and complaints"),
        _("how shoppers are answered"),
        _("customer service"),
        _("shoppers are answered late or wrongly"),
    ),
    Task.RETURNS_HANDLING: TaskWords(
        _("Returns"),
        _("take returned goods back and look at them"),
        _("whether a return is accepted"),
        _("return labels and handling"),
        _("goods have to be sent back"),
    ),
    Task.REFUND_COST: TaskWords(
        _("Refunds"),
        _("bear what is given back to the shopper"),
        _("how much is given back"),
        _("refunds"),
        _("a shopper has to be refunded"),
    ),
    Task.INVENTORY_PLANNING: TaskWords(
        _("Planning the stock"),
        _("plan how much to keep in stock"),
        _("how many units are ordered and when"),
        _("planning the stock"),
        _("there is too little or too much in stock"),
    ),
    Task.STOCK_OWNERSHIP: TaskWords(
        _("Owning the stock"),
        _("own the goods"),
        _("what becomes of goods one owns"),
        _("the money that is tied up in stock"),
        _("goods that are still in stock lose their value"),
    ),
    Task.UNSOLD_STOCK: TaskWords(
        _("Unsold stock"),
        _("take unsold goods back or clear them"),
        _("what becomes of unsold goods"),
        _("taking back or clearing unsold goods"),
        _("goods do not sell"),
    ),
    Task.PRODUCT_QUALITY: TaskWords(
        _("Quality of the goods"),
        _("make or choose goods that are as described, safe and lawful"),
        _("which quality is good enough"),
        _("good quality and the papers that prove it"),
        _("the goods are not as described, unsafe or unlawful"),
    ),
    Task.SELLER_OF_RECORD: TaskWords(
        _("Seller on the invoice"),
        _("be the seller in law: the name on the shopper's invoice"),
        _("who stands on the invoice"),
        _("invoices"),
        _("the shopper has a claim against the seller"),
    ),
    Task.TAX_COLLECTION: TaskWords(
        _("Sales tax and VAT"),
        _("collect sales tax or VAT from the shopper and pay it to the state"),
        _("how sales tax or VAT is paid"),
        _("tax returns"),
        _("sales tax or VAT is paid wrongly"),
    ),
    Task.PAYMENT_COLLECTION: TaskWords(
        _("Taking the payment"),
        _("take the shopper's payment"),
        _("how shoppers can pay"),
        _("payment providers"),
        _("a payment fails or is taken back"),
    ),
}

PARTIES: Mapping[Party, str | Promise] = {
    Party.SELLER: _("you"),
    Party.PLATFORM: _("the marketplace"),
    Party.THIRD_PARTY: _("an outside partner"),
}

ROLES: Mapping[Role, str | Promise] = {
    Role.WAREHOUSE: _("an outside warehouse"),
    Role.FORWARDER: _("a freight forwarder"),
    Role.CARRIER: _("a carrier"),
}

DOES: Mapping[Party | None, str | Promise] = {
    Party.SELLER: _("You"),
    Party.PLATFORM: _("The marketplace"),
    Party.THIRD_PARTY: _("Outside partners"),
    None: _("Nobody; this programme does without"),
}
DECIDES: Mapping[Party, str | Promise] = {
    Party.SELLER: _("You decide"),
    Party.PLATFORM: _("The marketplace decides"),
    Party.THIRD_PARTY: _("An outside partner decides"),
}
APPROVES: Mapping[Party, str | Promise] = {
    Party.SELLER: _("once you agree"),
    Party.PLATFORM: _("once the marketplace agrees"),
    Party.THIRD_PARTY: _("once an outside partner agrees"),
}
PROPOSES: Mapping[Party, str | Promise] = {
    Party.SELLER: _("you may suggest"),
    Party.PLATFORM: _("the marketplace may suggest"),
    Party.THIRD_PARTY: _("an outside partner may suggest"),
}
PAYS: Mapping[Party, str | Promise] = {
    Party.SELLER: _("You pay for"),
    Party.PLATFORM: _("The marketplace pays for"),
    Party.THIRD_PARTY: _("Outside partners pay for"),
}
SHARED = _("Shared between several, the cost of")
BEARS: Mapping[Party, str | Promise] = {
    Party.SELLER: _("You bear the loss if"),
    Party.PLATFORM: _("The marketplace bears the loss if"),
    Party.THIRD_PARTY: _("Outside partners bear the loss if"),
}
CAUSES: Mapping[Cause, str | Promise] = {
    Cause.DEFAULT: _("in all other cases"),
    Cause.LATE: _("because it was late"),
    Cause.QUALITY: _("because the goods were faulty"),
    Cause.STOCK_OUT: _("because the goods were not there"),
    Cause.CARRIER: _("because the carrier failed"),
    Cause.CHANGE_OF_MIND: _("because the shopper changed their mind"),
    Cause.WEIGHT: _("because a parcel weighs more than was said"),
}

COMPONENTS: Mapping[str, str | Promise] = {
    "list_price": _("the list price"),
    "goods_net": _("the goods without tax"),
    "goods_tax": _("the tax on the goods"),
    "goods_gross": _("the goods with tax"),
    "shipping_net": _("shipping without tax"),
    "shipping_tax": _("the tax on shipping"),
    "customs_duty": _("customs duty"),
    "tax": _("tax"),
    "seller_discount": _("the discount that you pay"),
    "platform_discount": _("the discount that the marketplace pays"),
    "discount": _("all discounts"),
    "customer_payment": _("what the shopper pays"),
    "supply_price": _("your supply price"),
}

UNTIL = {
    Until.SALE: _("until they are sold"),
    Until.RECEIPT: _("until the marketplace has received them"),
    Until.DELIVERY: _("until the shopper has them"),
}

ACCRUES = {
    clauses.Accrual.DELIVERY: _("You have earned it when the goods are delivered to the shopper."),
    clauses.Accrual.RECEIPT: _("You have earned it when the marketplace has received the goods from you."),
    clauses.Accrual.PERIOD: _("You have earned it at the end of each period, for all that was delivered in it."),
}

PER = {
    clauses.Per.ORDER: _("per order"),
    clauses.Per.LINE: _("per order line"),
    clauses.Per.UNIT: _("per unit"),
    clauses.Per.PARCEL: _("per parcel"),
}

WEEKDAYS = {
    clauses.Weekday.MONDAY: _("Monday"),
    clauses.Weekday.TUESDAY: _("Tuesday"),
    clauses.Weekday.WEDNESDAY: _("Wednesday"),
    clauses.Weekday.THURSDAY: _("Thursday"),
    clauses.Weekday.FRIDAY: _("Friday"),
    clauses.Weekday.SATURDAY: _("Saturday"),
    clauses.Weekday.SUNDAY: _("Sunday"),
}

CADENCE = {
    clauses.Cadence.DAILY: _("A statement is closed every day."),
    clauses.Cadence.WEEKLY: _("A statement is closed every {weekday}."),
    clauses.Cadence.SEMI_MONTHLY: _("A statement is closed on the 1st and the 16th of every month."),
    clauses.Cadence.MONTHLY: _("A statement is closed on day {month_day} of every month."),
}

INCENTIVES = {
    clauses.IncentiveKind.COMMISSION_HOLIDAY: _("{label}: the commission is {rate}"),
    clauses.IncentiveKind.CASH_PER_ORDER: _("{label}: {amount} for each order"),
    clauses.IncentiveKind.LABEL_SUBSIDY: _("{label}: the marketplace pays {rate} of each shipping label"),
}

CAPTURE = {
    clauses.Capture.HAND_OVER: _("The shopper's payment is taken when a parcel is handed to the carrier."),
    clauses.Capture.ORDER: _("The shopper's payment is taken at the time of the order."),
}

DISPOSITION = {
    clauses.Disposition.INSPECT: _("Returned goods are looked at before anything else happens to them."),
    clauses.Disposition.RESTOCK: _("Returned goods go back into stock."),
    clauses.Disposition.RETURN_TO_OWNER: _("Returned goods go back to their owner."),
    clauses.Disposition.DISCARD: _("Returned goods are discarded."),
}

DOCUMENTS = {
    clauses.Document.BUSINESS_LICENCE: _("a business licence"),
    clauses.Document.IDENTITY: _("proof of identity of the legal representative"),
    clauses.Document.BANK_ACCOUNT: _("a bank account in the company's name"),
    clauses.Document.VAT_NUMBER: _("a VAT number in the country of sale"),
    clauses.Document.IMPORTER_OF_RECORD: _("an importer of record in the country of sale"),
    clauses.Document.RESPONSIBLE_PERSON: _("a responsible person for product safety"),
    clauses.Document.PRODUCT_SAFETY: _("test reports of product safety"),
    clauses.Document.PACKAGING_REGISTRATION: _("a packaging registration number"),
    clauses.Document.BRAND_AUTHORISATION: _("the brand owner's authorisation"),
    clauses.Document.WAREHOUSE_CONTRACT: _("a contract with a warehouse"),
}

TIERS = {
    clauses.Tier.NEW: _("new"),
    clauses.Tier.STANDARD: _("standard"),
    clauses.Tier.PREFERRED: _("preferred"),
}
