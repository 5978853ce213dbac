"""Two live carriers on a port of this machine: exchanges written from their public API descriptions.

Source: UPS developer portal (OAuth client credentials, Rating v2409, Shipping v2409, Tracking v1) and FedEx developer
portal (Authorization, Rates and Transit Times, Ship, Basic Integrated Visibility). They answer who signs in and asks
as described there, and nobody else.
"""

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from PIL import Image

from entrepot.domain.logistics import labels
from entrepot.domain.logistics.carriers import Address, Consignment, Item
from entrepot.domain.logistics.carriers.karrio import Karrio, list_connectors

UPS = {"client_id": "ups-client-7181", "client_secret": "ups-secret-9f3a", "account_number": "A1B2C3"}
FEDEX = {
    "api_key": "fedex-key-1127", "secret_key": "fedex-secret-55d0", "account_number": "740561073",
    "track_api_key": "fedex-track-3340", "track_secret_key": "fedex-track-secret-77c1",
}  # fmt: skip
SECRETS = {"ups": UPS, "fedex": FEDEX}
OPTIONS: dict[str, dict[str, Any]] = {
    "ups": {"services": {"ground": "ups_ground", "express": "ups_next_day_air"}},
    "fedex": {"services": {"ground": "fedex_ground", "express": "fedex_priority_overnight"}},
}
#: The second character block makes a valid check digit.
UPS_NUMBER = "1Z12345E1512345676"
FEDEX_NUMBER = "794999770000"


NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SENDER = Address("Porttown warehouse", "US", "1 Dock Road", city="Porttown", region="NY", postcode="10001",
                 phone="2125550100", email="dock@example.org")  # fmt: skip
RECIPIENT = Address("Avery Birch", "US", "7 Elm Street", city="Springfield", region="IL", postcode="62701",
                    phone="2175550199", email="avery@example.org")  # fmt: skip


def consignment(key: str = "b-1", **fields: Any) -> Consignment:
    """A parcel with two mugs from New York to Illinois, or as the fields say."""
    known: dict[str, Any] = {
        "key": key, "number": f"P-{key}", "reference": "R-7K2M-94QX-1", "carrier": "Union Parcel", "service": "",
        "sender": SENDER, "recipient": RECIPIENT, "weight_g": 1200, "currency": "USD",
        "items": (Item("Mug", "MUG-1", 2, 1100, 3998, "691200", "CN"),), "at": NOW, "sides_mm": (200, 150, 100),
    }  # fmt: skip
    return Consignment(**known | fields)


class Exchange(BaseHTTPRequestHandler):
    """One answer; what was asked is kept with the server."""

    def answer(self) -> None:
        """Find the endpoint, check who asks, answer in JSON."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        server: Any = self.server
        server.asked.append((self.command, self.path, dict(self.headers), body))
        if server.fault is not None:
            status, said = server.fault
        else:
            status, said = _route(self.command, self.path.partition("?")[0], dict(self.headers), body)
        if status == 0:  # the line is cut
            self.connection.close()
            return
        content = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def live_carriers() -> Iterator[Callable[..., Karrio]]:
    """`live("ups")` is that carrier with its server on loopback; `carrier.server` is the server."""
    servers: list[ThreadingHTTPServer] = []

    def make(connector: str, **options: Any) -> Karrio:
        if connector not in list_connectors():
            pytest.skip(f"the connector karrio-{connector} is not installed (requirements/carriers.txt)")
        server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
        server.asked, server.fault = [], None
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        known = {"connector": connector, "server_url": url, "test_mode": True, "account_country_code": "US"}
        carrier: Any = Karrio(known | OPTIONS[connector] | options, SECRETS[connector])
        carrier.server = server
        return carrier  # type: ignore[no-any-return]

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def _route(verb: str, path: str, headers: dict[str, str], body: str) -> tuple[int, Any]:
    sent = {name.lower(): value for name, value in headers.items()}
    if path == "/security/v1/oauth/token":
        pair = base64.b64encode(f"{UPS['client_id']}:{UPS['client_secret']}".encode()).decode()
        if sent.get("authorization") != f"Basic {pair}":
            return 401, {"response": {"errors": [{"code": "10401", "message": "ClientId is Invalid"}]}}
        return 200, {"token_type": "Bearer", "issued_at": "4102444800000", "access_token": "ups-token",
                     "expires_in": "14399", "status": "approved"}  # fmt: skip
    if path == "/oauth/token":
        pairs = ((FEDEX["api_key"], FEDEX["secret_key"]), (FEDEX["track_api_key"], FEDEX["track_secret_key"]))
        if not any(f"client_id={key}&client_secret={secret}" in body for key, secret in pairs):
            return 401, {"errors": [{"code": "NOT.AUTHORIZED.ERROR", "message": "The given client credentials fail"}]}
        return 200, {"access_token": "fedex-token", "token_type": "bearer", "expires_in": 3599, "scope": "CXS"}
    is_ups = path.startswith("/api/")
    if sent.get("authorization") != ("Bearer ups-token" if is_ups else "Bearer fedex-token"):
        return 401, {"response": {"errors": [{"code": "250002", "message": "Invalid Authentication Information."}]}}
    for method, start, reply in ENDPOINTS:
        if verb == method and path.startswith(start):
            return reply(path, json.loads(body) if body else {})
    return 404, {
        "errors": [{"code": "NOT.FOUND.ERROR", "message": "The resource you requested is no longer available"}]
    }


def _ups_rate(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    shipment = asked["RateRequest"]["Shipment"]
    assert shipment["Shipper"]["Address"]["CountryCode"] == "US"

    def rated(code: str, amount: str, days: str) -> dict[str, Any]:
        money = {"CurrencyCode": "USD", "MonetaryValue": amount}
        return {
            "Service": {"Code": code}, "RatedShipmentAlert": [],
            "BillingWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "3.0"},
            "TransportationCharges": money, "BaseServiceCharge": money,
            "ServiceOptionsCharges": {"CurrencyCode": "USD", "MonetaryValue": "0.00"}, "ItemizedCharges": [],
            "TotalCharges": money,
            "TimeInTransit": {"PickupDate": "20260302", "ServiceSummary": {
                "Service": {"Description": "x"},
                "EstimatedArrival": {"Arrival": {"Date": "20260304", "Time": "233000"}, "BusinessDaysInTransit": days,
                                     "Pickup": {"Date": "20260302", "Time": "170000"}, "DayOfWeek": "WED"}}},
        }  # fmt: skip

    return 200, {"RateResponse": {
        "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
        "RatedShipment": [rated("01", "48.15", "1"), rated("03", "12.37", "2")],
    }}  # fmt: skip


def _ups_ship(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    shipment = asked["ShipmentRequest"]["Shipment"]
    if shipment["Shipper"].get("ShipperNumber") != UPS["account_number"]:
        return 400, {"response": {"errors": [{"code": "120120", "message": "Missing/Invalid Shipper Number"}]}}
    if not shipment["ShipTo"]["Address"].get("PostalCode"):
        return 400, {"response": {"errors": [{"code": "120802", "message": "Address Validation Error on ShipTo"}]}}
    money = {"CurrencyCode": "USD", "MonetaryValue": "12.37"}
    return 200, {"ShipmentResponse": {
        "Response": {"ResponseStatus": {"Code": "1", "Description": "Success"}},
        "ShipmentResults": {
            "ShipmentCharges": {"TransportationCharges": money, "ServiceOptionsCharges": money, "TotalCharges": money},
            "BillingWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": "3.0"},
            "ShipmentIdentificationNumber": UPS_NUMBER,
            "PackageResults": [{
                "TrackingNumber": UPS_NUMBER,
                "ShippingLabel": {"ImageFormat": {"Code": "GIF"}, "GraphicImage": _gif()},
            }],
        },
    }}  # fmt: skip


def _ups_void(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    if not path.endswith(UPS_NUMBER):
        return 400, {"response": {"errors": [{"code": "190117", "message": "The shipment cannot be voided"}]}}
    done = {"Code": "1", "Description": "Voided"}
    return 200, {"VoidShipmentResponse": {"Response": {"ResponseStatus": done}, "SummaryResult": {"Status": done}}}


def _ups_track(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    def seen(kind: str, code: str, words: str, day: str, hour: str, city: str) -> dict[str, Any]:
        return {"location": {"address": {"city": city, "stateProvince": "IL", "country": "US"}},
                "status": {"type": kind, "description": words, "code": code}, "date": day, "time": hour}  # fmt: skip

    number = path.rpartition("/")[2]
    return 200, {"trackResponse": {"shipment": [{"inquiryNumber": number, "package": [{
        "trackingNumber": number,
        "deliveryDate": [{"type": "DEL", "date": "20260304"}],
        "deliveryTime": {"type": "DEL", "endTime": "143000"},
        "deliveryInformation": {"receivedBy": "BIRCH"},
        "activity": [
            seen("D", "FS", "DELIVERED", "20260304", "143000", "Springfield"),
            seen("O", "OT", "Out For Delivery Today", "20260304", "083000", "Springfield"),
            seen("I", "DP", "Departed from Facility", "20260303", "011500", "Chicago"),
            seen("M", "MP", "Shipper created a label, UPS has not received the package yet", "20260302", "101500",
                 "Porttown"),
        ],
    }]}]}}  # fmt: skip


def _fedex_rate(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    assert asked["accountNumber"]["value"] == FEDEX["account_number"]

    def rated(service: str, amount: float, day: str) -> dict[str, Any]:
        return {
            "serviceType": service, "serviceName": service.title(), "packagingType": "YOUR_PACKAGING",
            "ratedShipmentDetails": [{
                "rateType": "ACCOUNT", "totalDiscounts": 0.0, "totalBaseCharge": amount, "totalNetCharge": amount,
                "totalNetFedExCharge": amount, "currency": "USD",
                "shipmentRateDetail": {"rateZone": "5", "surCharges": [], "taxes": []},
            }],
            "operationalDetail": {"commitDate": day, "transitTime": "TWO_DAYS"},
        }  # fmt: skip

    return 200, {"transactionId": "x", "output": {"rateReplyDetails": [
        rated("PRIORITY_OVERNIGHT", 61.04, "2026-03-03T10:30:00"), rated("FEDEX_GROUND", 13.92, "2026-03-04T23:59:00"),
    ]}}  # fmt: skip


def _fedex_ship(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    recipient = asked["requestedShipment"]["recipients"][0]
    if not recipient["address"].get("postalCode"):
        return 400, {
            "errors": [{"code": "RECIPIENT.POSTALCODE.INVALID", "message": "Recipient postal code is invalid"}]
        }
    label = base64.b64encode(_paper()).decode()
    return 200, {"transactionId": "x", "output": {"transactionShipments": [{
        "serviceType": "FEDEX_GROUND", "serviceName": "FedEx Ground", "shipDatestamp": "2026-03-02",
        "masterTrackingNumber": FEDEX_NUMBER, "shipmentDocuments": [],
        "pieceResponses": [{
            "trackingNumber": FEDEX_NUMBER, "trackingIdType": "GROUND", "serviceCategory": "GROUND",
            "packageDocuments": [{"contentType": "LABEL", "docType": "PDF", "encodedLabel": label}],
        }],
        "completedShipmentDetail": {"carrierCode": "FDXG"},
    }]}}  # fmt: skip


def _fedex_cancel(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    if asked["trackingNumber"] != FEDEX_NUMBER:
        return 400, {"errors": [{"code": "SHIPMENT.NOTFOUND", "message": "We are unable to cancel this shipment"}]}
    return 200, {"output": {"cancelledShipment": True, "cancelledHistory": True, "successMessage": "Success"}}


def _fedex_track(path: str, asked: dict[str, Any]) -> tuple[int, Any]:
    def seen(code: str, words: str, at: str) -> dict[str, Any]:
        place = {"city": "Springfield", "stateOrProvinceCode": "IL", "countryCode": "US"}
        return {"date": at, "eventType": code, "eventDescription": words, "exceptionDescription": "",
                "scanLocation": place, "locationType": "FEDEX_FACILITY"}  # fmt: skip

    numbers = [each["trackingNumberInfo"]["trackingNumber"] for each in asked["trackingInfo"]]
    return 200, {"output": {"completeTrackResults": [{"trackingNumber": number, "trackResults": [{
        "trackingNumberInfo": {"trackingNumber": number, "carrierCode": "FDXG"},
        "latestStatusDetail": {"code": "DL", "description": "Delivered"},
        "scanEvents": [
            seen("DL", "Delivered", "2026-03-04T14:30:00-06:00"),
            seen("OD", "On FedEx vehicle for delivery", "2026-03-04T08:30:00-06:00"),
            seen("IT", "In transit", "2026-03-03T01:15:00-06:00"),
            seen("PU", "Picked up", "2026-03-02T17:15:00-05:00"),
            seen("OC", "Shipment information sent to FedEx", "2026-03-02T10:15:00-05:00"),
        ],
    }]} for number in numbers]}}  # fmt: skip


ENDPOINTS: tuple[tuple[str, str, Callable[[str, dict[str, Any]], tuple[int, Any]]], ...] = (
    ("POST", "/api/rating/v2409/", _ups_rate),
    ("POST", "/api/shipments/v2409/ship", _ups_ship),
    ("DELETE", "/api/shipments/v2409/void/cancel/", _ups_void),
    ("GET", "/api/track/v1/details/", _ups_track),
    ("POST", "/rate/v1/rates/quotes", _fedex_rate),
    ("POST", "/ship/v1/shipments", _fedex_ship),
    ("PUT", "/ship/v1/shipments/cancel", _fedex_cancel),
    ("POST", "/track/v1/trackingnumbers", _fedex_track),
)


def _gif() -> str:
    content = io.BytesIO()
    Image.new("P", (1200, 800), 1).save(content, "GIF")
    return base64.b64encode(content.getvalue()).decode()


def _paper() -> bytes:
    made = datetime(2026, 3, 2, tzinfo=UTC)
    return labels.render(labels.Label(FEDEX_NUMBER, "FedEx", "ground", ["A"], ["B"], "R-1", 1000, made))
