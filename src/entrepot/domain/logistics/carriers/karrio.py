"""Live carriers through the Karrio SDK, whose connectors are optional packages (requirements/carriers.txt).

Only the mapping and the call are Karrio's; keys, breakers, records and retries are ours. Its fluent interface is left
aside on purpose: that one logs a failure with every local variable, credentials among them.
Source: Karrio SDK 2026.1, `karrio.core.models` and `karrio.api`.
"""

import base64
import importlib
import json
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from entrepot.domain.logistics.carriers.interface import (
    Address,
    Answer,
    Cancellation,
    Carrier,
    Closing,
    Consignment,
    Outcome,
    Quote,
    Sighting,
)
from entrepot.kernel.errors import Invalid, Unavailable
from entrepot.kernel.money import exponent

#: The SDK gives its sockets no patience of its own; ours is this many seconds.
PATIENCE_S = 30

#: Karrio's word for where a parcel is, and ours; what is not here is an exception.
KINDS: Mapping[str, str] = {
    "pending": "label_made",
    "picked_up": "in_transit",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "ready_for_pickup": "out_for_delivery",
    "delivered": "delivered",
}


class NotInstalled(Unavailable):
    """The SDK or the connector is not there."""

    code = "carriers.not_installed"
    message = "The connector {connector} is not installed; install karrio and its package for it."


class Karrio(Carrier):
    """A live carrier. `options`: `connector`, `test_mode`, `server_url`, `services` (ours -> theirs), and what the
    connector takes that is no secret; `secrets` are its credentials.
    """

    kind = "karrio"
    label = _("Live carrier")
    remembers = False

    def __init__(self, options: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        self.connector = options.get("connector", "")
        self.options = dict(options)
        self.secrets = dict(secrets)

    def quote(self, consignment: Consignment) -> list[Quote]:
        rates, said = self._ask("rate", "get_rates", self._shipment(consignment))
        ours = {theirs: name for name, theirs in self.options.get("services", {}).items()}
        quotes = [
            Quote(ours.get(rate.service, rate.service), rate.currency, _minor(rate.total_charge, rate.currency),
                  (rate.transit_days, rate.transit_days) if rate.transit_days else None)
            for rate in rates or ()
        ]  # fmt: skip
        if not quotes and said:
            return [Quote(consignment.service, consignment.currency, 0, refusal=said)]
        return sorted(quotes, key=lambda each: (each.currency, each.cost_minor, each.service))

    def book(self, consignment: Consignment) -> Answer:
        request = self._shipment(consignment) | {"service": self._service(consignment.service), "label_type": "PDF"}
        found, said = self._ask("shipment", "create_shipment", request)
        if found is None:
            return Answer(consignment.key, Outcome.DECLINED, reason=said or "refused")
        rate = found.selected_rate
        return Answer(
            consignment.key,
            Outcome.DONE,
            str(found.shipment_identifier),
            str(found.tracking_number),
            _minor(rate.total_charge, rate.currency) if rate and rate.currency else None,
            rate.currency if rate and rate.currency else "",
            _pdf(found.docs.label if found.docs else ""),
        )

    def cancel(self, cancellation: Cancellation) -> Answer:
        request = {"shipment_identifier": cancellation.reference, "service": self._service(cancellation.service)}
        found, said = self._ask("cancel_shipment", "cancel_shipment", request)
        done = found is not None and found.success
        return Answer(cancellation.key, Outcome.DONE if done else Outcome.DECLINED, cancellation.reference,
                      reason="" if done else said or "refused")  # fmt: skip

    def lookup(self, key: str, at: datetime) -> Answer | None:
        """No carrier of these can be asked for what we called a booking: somebody has to look."""
        return Answer(key, Outcome.UNKNOWN, reason="look at the carrier's own site")

    def track(self, numbers: Sequence[str], at: datetime) -> list[Sighting]:
        found, _said = self._ask("tracking", "get_tracking", {"tracking_numbers": list(numbers)})
        seen = [sighting for each in found or () for sighting in _sightings(each)]
        return sorted((each for each in seen if each.occurred_at <= at), key=lambda each: each.occurred_at)

    def manifest(self, closing: Closing) -> Answer:
        if not hasattr(type(self._gateway().proxy), "create_manifest") or "manifest" not in self._capabilities():
            # The carrier keeps none: the day is closed by our own hand-over list.
            return Answer(closing.key, Outcome.DONE, closing.key)
        request = {
            "shipment_identifiers": [reference for reference, _number in closing.parcels],
            "address": _address(closing.sender),
        }
        found, said = self._ask("manifest", "create_manifest", request)
        if found is None:
            return Answer(closing.key, Outcome.DECLINED, reason=said or "refused")
        doc = found.doc.manifest if found.doc else ""
        return Answer(closing.key, Outcome.DONE, str(found.id or closing.key), paper=_pdf(doc))

    def _ask(self, verb: str, send: str, request: dict[str, Any]) -> tuple[Any, str]:
        """What the SDK makes of an exchange, and the carrier's words without our secrets.

        Raises: ConnectionError where no readable answer came, Invalid for what cannot even be asked.
        """
        gateway = self._gateway()
        models, lib = importlib.import_module("karrio.core.models"), importlib.import_module("karrio.lib")
        kind = {"rate": "RateRequest", "shipment": "ShipmentRequest", "cancel_shipment": "ShipmentCancelRequest",
                "tracking": "TrackingRequest", "manifest": "ManifestRequest"}[verb]  # fmt: skip
        build = f"create_{verb}_request"
        try:
            wanted = getattr(gateway.mapper, build)(lib.to_object(getattr(models, kind), request))
        except Exception as error:
            raise Invalid(
                "carriers.unfit_request", "{carrier} cannot be asked that: {why}", carrier=self.connector,
                why=self._hushed(str(error)),
            ) from None  # fmt: skip
        try:
            response = getattr(gateway.proxy, send)(wanted)
            parsed, messages = getattr(gateway.mapper, f"parse_{verb}_response")(response)
        except Exception as error:
            said = getattr(error, "messages", None)  # a refused sign-in comes as one
            if said:
                return None, self._said(said)
            raise ConnectionError(self._hushed(f"{type(error).__name__}: {error}")) from None
        return parsed, self._said(messages)

    def _said(self, messages: Sequence[Any]) -> str:
        texts = [": ".join(str(part) for part in (each.code, each.message) if part) for each in messages or ()]
        return self._hushed("; ".join(texts))

    def _hushed(self, text: str) -> str:
        for secret in self.secrets.values():
            if len(secret) > 3:
                text = text.replace(secret, "…")
        return text[:300]

    def _gateway(self) -> Any:
        """A gateway of its own for every exchange, so that no trace of one outlives it."""
        sdk, references = _sdk(), importlib.import_module("karrio.references")
        provider = references.collect_providers_data().get(self.connector)
        if provider is None:
            raise NotInstalled(connector=self.connector[:40])
        ours = {"connector", "server_url", "services", "currency"}
        plain = {name: value for name, value in self.options.items() if name not in ours}
        settings_type = provider.Settings
        if url := self.options.get("server_url"):
            settings_type = type("Settings", (provider.Settings,), {"server_url": property(lambda _: url)})
        try:
            settings = settings_type(**{"carrier_id": self.connector} | plain | self.secrets)
        except TypeError as error:
            raise Invalid(
                "carriers.settings", "The connector {connector} does not take these settings: {why}",
                connector=self.connector, why=self._hushed(str(error)), field="options",
            ) from None  # fmt: skip
        return sdk.gateway[self.connector].create(settings)

    def _capabilities(self) -> Sequence[str]:
        return tuple(str(each) for each in self._gateway().capabilities)

    def _service(self, service: str) -> str:
        return str(self.options.get("services", {}).get(service, service))

    def _shipment(self, consignment: Consignment) -> dict[str, Any]:
        parcel: dict[str, Any] = {"weight": consignment.weight_g / 1000, "weight_unit": "KG"}
        if all(consignment.sides_mm):
            length, width, height = (side / 10 for side in consignment.sides_mm)
            parcel |= {"length": length, "width": width, "height": height, "dimension_unit": "CM"}
        request: dict[str, Any] = {
            "shipper": _address(consignment.sender),
            "recipient": _address(consignment.recipient),
            "parcels": [parcel],
            "reference": consignment.reference,
            "options": {"shipment_date": consignment.at.date().isoformat(), "currency": consignment.currency},
            "payment": {"paid_by": "sender"},
        }
        if consignment.service:
            request["services"] = [self._service(consignment.service)]
        if consignment.sender.country != consignment.recipient.country:
            request["customs"] = _customs(consignment)
        return request


@lru_cache(maxsize=1)
def _sdk() -> Any:
    """The SDK, with its own logging off and its sockets patient for a while and no longer."""
    try:
        sdk = importlib.import_module("karrio.sdk")
    except ImportError:
        raise NotInstalled(connector="karrio") from None
    importlib.import_module("loguru").logger.disable("karrio")
    if socket.getdefaulttimeout() is None:
        socket.setdefaulttimeout(PATIENCE_S)
    return sdk


def _address(address: Address) -> dict[str, Any]:
    wanted = {
        "person_name": address.name,
        "company_name": address.company or address.name,
        "address_line1": address.line1,
        "address_line2": address.line2,
        "city": address.city,
        "state_code": address.region,
        "postal_code": address.postcode,
        "country_code": address.country,
        "phone_number": address.phone,
        "email": address.email,
    }
    return {name: value for name, value in wanted.items() if value}


def _customs(consignment: Consignment) -> dict[str, Any]:
    scale = 10 ** exponent(consignment.currency)
    return {
        "content_type": "merchandise",
        "incoterm": consignment.incoterm,
        "invoice": consignment.number,
        "invoice_date": consignment.at.date().isoformat(),
        "certify": True,
        "signer": consignment.sender.name,
        "duty": {
            "paid_by": "sender" if consignment.incoterm == "DDP" else "recipient",
            "currency": consignment.currency,
            "declared_value": consignment.value_minor / scale,
        },
        "commodities": [
            {
                "sku": item.sku,
                "title": item.title,
                "description": item.title,
                "quantity": item.quantity,
                "hs_code": item.hs_code or None,
                "weight": item.weight_g / 1000,
                "weight_unit": "KG",
                "value_amount": item.value_minor / scale / item.quantity,
                "value_currency": consignment.currency,
                "origin_country": item.origin or consignment.sender.country,
            }
            for item in consignment.items
        ],
    }


def _minor(amount: float, currency: str) -> int:
    return round(Decimal(str(amount)) * 10 ** exponent(currency))


def _pdf(content: str | None) -> bytes:
    """The paper that came, if it is a PDF; of another kind our own is drawn instead."""
    try:
        paper = base64.b64decode(content or "", validate=False)
    except ValueError:
        return b""
    return paper if paper.startswith(b"%PDF-") else b""


def _sightings(details: Any) -> list[Sighting]:
    """The events of a tracking answer. A time without a zone counts as UTC."""
    seen = []
    for place, event in enumerate(reversed(details.events or ())):
        at = _moment(event)
        if at is None:
            continue
        kind = KINDS.get(str(event.status or "").lower()) or _kind(event)
        code = str(event.code or event.description or "")[:30]
        seen.append(
            Sighting(
                str(details.tracking_number), kind, at, f"{at:%Y%m%dT%H%M%S}-{code}-{place}",
                str(event.location or "")[:120], str(event.description or "")[:200],
            )
        )  # fmt: skip
    return seen


def _kind(event: Any) -> str:
    """Connectors that name no normalised status are read by their words; what these do not say is an exception."""
    text = f"{event.description or ''}".lower()
    words = (("out for delivery", "out_for_delivery"), ("delivered", "delivered"), ("customs", "customs"),
             ("clearance", "customs"), ("label", "label_made"), ("information sent", "label_made"),
             ("picked up", "in_transit"), ("transit", "in_transit"), ("departed", "in_transit"),
             ("arrived", "in_transit"), ("facility", "in_transit"))  # fmt: skip
    return next((kind for word, kind in words if word in text), "exception")


def _moment(event: Any) -> datetime | None:
    if event.timestamp:
        try:
            at = datetime.fromisoformat(str(event.timestamp))
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        except ValueError:
            pass
    for form in ("%Y-%m-%d %H:%M %p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %I:%M %p"):
        try:
            return datetime.strptime(f"{event.date} {event.time}", form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(str(event.date)).replace(tzinfo=UTC)
    except ValueError:
        return None


def list_connectors() -> dict[str, str]:
    """The connectors that are installed: their code and name; empty without the SDK."""
    try:
        _sdk()
    except NotInstalled:
        return {}
    references = importlib.import_module("karrio.references")
    return {code: str(each.label) for code, each in sorted(references.collect_providers_data().items())}


def write_json(found: Mapping[str, Any]) -> str:
    """An object in JSON as an operator reads it."""
    return json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True)


def read_json(text: str, *, field: str = "options") -> dict[str, Any]:
    """An object in JSON as an operator types it. Raises: Invalid."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Invalid("carriers.unreadable_options", "Write an object in JSON, in braces.", field=field)
    return found
