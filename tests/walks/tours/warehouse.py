"""The walk of docs/tours/warehouse.md."""

from walks.tours.guide import Guide

PARTNER = "partner@easternquay.example"


def walk(guide: Guide) -> None:
    guide.step("See your day")
    hand = guide.person("hand")
    hand.sign_in(PARTNER, to="/desk/warehouse")
    hand.expect("To leave today")

    guide.step("Fetch what leaves")
    hand.follow("Pick list")
    hand.expect_title("Pick list")

    guide.step("Pack")
    hand.go("Warehouse")
    boxes = hand.page.locator("tbody input[name=work]")
    hand.needs(boxes.count() > 1, "too little work waits")
    for place in range(2):
        boxes.nth(place).check()
    hand.press("Pack each whole")
    hand.expect("2 parcels are packed")

    guide.step("Scan to find")
    hand.follow("Hand over")
    parcel = hand.page.locator("tbody th a.row-link").first.inner_text().strip()
    hand.go("Warehouse")
    hand.follow("Scan")
    hand.fill("Number", parcel)
    hand.page.keyboard.press("Enter")
    hand.expect(parcel)
    hand.needs("/desk/work-items/" in hand.page.url, "the scan leads to no work")

    guide.step("Hand over to the carrier")
    hand.go("Warehouse")
    hand.follow("Hand over")
    hand.fill("Carrier", "Swiftline")
    hand.press("Hand over the chosen parcels")
    hand.expect_title("Hand-over list")
    hand.expect(parcel)

    guide.step("Take goods in")
    hand.go("Goods in")

    guide.step("Take returns back")
    hand.go("Returns")
    hand.expect_title("Returns")

    guide.step("See what stands where")
    hand.go("Warehouse")
    hand.follow("Stock")
    hand.expect_title("Stock")
