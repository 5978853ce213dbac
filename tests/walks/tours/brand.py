"""The walk of docs/tours/brand.md."""

import csv
import io

from walks.tours.guide import Guide, Person

OWNER = "owner@hearthhome.example"
PASTED = "Or pasted rows (optional)"
GOODS = (
    "product\ttitle\tcategory\tsku\toption_1_name\toption_1\tweight_g\tlength_mm\twidth_mm\theight_mm\ths_code\torigin\n"
    "LAMP\tPaper lantern\t{category}\tLAMP-S\tSize\tS\t320\t200\t200\t60\t940521\tCN\n"
    "LAMP\t\t\tLAMP-M\tSize\tM\t540\t260\t260\t80\t940521\tCN\n"
)
BROKEN = "VASE\tTall vase\t{category}\tVASE-1\t\t\theavy\t120\t120\t300\t691310\tCN\n"


def walk(guide: Guide) -> None:
    guide.step("See what you agreed to")
    owner = guide.person("owner")
    owner.sign_in(OWNER, to="/seller/")
    owner.go("Programmes")

    guide.step("Bring the catalogue in from a sheet")
    owner.go("Offers")
    category = _category(owner)
    owner.go("Offers")
    owner.follow("Sheets")
    _open_sheet(owner, "Catalogue")
    owner.expect("required")
    owner.fill(PASTED, (GOODS + BROKEN).format(category=category))
    owner.press("Look at what it would do")
    owner.expect("2 rows would change something")
    owner.picture("what it would do")
    owner.press("Carry it out")
    owner.expect("Done: 2 rows changed something")

    guide.step("Mend what could not be taken")
    owner.expect("Download these rows")
    owner.follow("Bring in the mended rows")
    heads = GOODS.splitlines()[0] + "\n"
    owner.fill(PASTED, heads + BROKEN.format(category=category).replace("heavy", "900"))
    owner.press("Look at what it would do")
    owner.press("Carry it out")
    owner.expect("Done: 1 row changed something")

    guide.step("Say what stands in your warehouse")
    owner.go("Stock")
    owner.follow("By sheet")
    owner.fill(PASTED, "sku\ton_hand\nLAMP-S\t40\nLAMP-M\t25\nVASE-1\t12\n")
    owner.press("Look at what it would do")
    owner.press("Carry it out")
    owner.expect("Done: 3 rows changed something")

    guide.step("Set prices within the rules")
    _prices(owner)

    guide.step("Ship many orders at once")
    owner.go("Orders to ship")
    boxes = owner.page.locator("tbody input[name=work]")
    owner.needs(boxes.count() > 0, "no order waits")
    numbers = [text.strip() for text in owner.page.locator("tbody th a.row-link").all_inner_texts()]
    for place in range(boxes.count()):
        boxes.nth(place).check()
    owner.press("Pick list")
    owner.expect_title("Pick list")
    owner.picture("the pick list")
    owner.page.go_back()
    for place in range(boxes.count()):
        boxes.nth(place).check()
    owner.press("Pack each whole")
    owner.expect("packed. Print")
    owner.expect("Print the labels")

    guide.step("Hand over with your carrier's numbers")
    owner.follow("Tracking numbers")
    rows = "".join(f"{number}\tParcelForce\tPF{place:06}\n" for place, number in enumerate(numbers))
    owner.fill(PASTED, "order\tcarrier\ttracking_number\n" + rows)
    owner.press("Look at what it would do")
    owner.press("Carry it out")
    owner.expect("Carried out")
    owner.go("Orders to ship")
    owner.expect("Nothing is waiting to be shipped")

    guide.step("Follow a statement to one cent")
    owner.go("Statements")
    owner.expect("Why money is still held")
    owner.page.locator("tbody th a.row-link").first.click()
    owner.expect("they sum to the statement")
    owner.page.locator("tbody .explain-button").first.click()
    owner.picture("the parts of an amount")
    owner.page.locator(".sheet[popover]:popover-open .sum-label a").first.click()
    owner.expect("Where it comes from")


def _rows(owner: Person, sheet: str) -> list[dict[str, str]]:
    """One's own rows of a sheet, as the button downloads them."""
    answer = owner.context.request.get(f"{owner.address}/seller/offers/sheets/{sheet}/content")
    return list(csv.DictReader(io.StringIO(answer.text().lstrip("\ufeff"))))


def _category(owner: Person) -> str:
    return next(row["category"] for row in _rows(owner, "catalogue") if row["category"])


def _open_sheet(owner: Person, title: str) -> None:
    card = owner.page.locator("section.panel").filter(has=owner.page.get_by_role("heading", name=title, exact=True))
    card.get_by_role("link", name="Bring in").click()
    owner.look()
    owner.expect_title(title)


def _prices(owner: Person) -> None:
    cells = _rows(owner, "prices")[0]
    owner.go("Offers")
    owner.follow("Sheets")
    _open_sheet(owner, "Retail prices")
    told = f"{cells['sku']}\t{cells['market']}\t{cells['programme']}\t49.00\n"
    owner.fill(PASTED, "sku\tmarket\tprogramme\tretail_price\n" + told)
    owner.press("Look at what it would do")
    owner.press("Carry it out")
    owner.expect("Done: 1 row changed something")
    owner.go("Offers")
    row = owner.page.locator("tbody tr").filter(has_text=cells["sku"]).first
    row.locator("a.row-link").click()
    owner.look()
    owner.follow("Prices over time, and planning ahead")
    owner.expect("What you may set, and why")
