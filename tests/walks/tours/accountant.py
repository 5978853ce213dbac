"""The walk of docs/tours/accountant.md."""

from walks.tours.guide import Guide


def walk(guide: Guide) -> None:
    guide.step("See what was settled")
    finance = guide.person("finance")
    finance.sign_in("finance@entrepot.example", to="/desk/")
    finance.go("Settlement")
    finance.expect_title("Settlement")

    guide.step("Open a statement")
    row = finance.page.locator("tbody tr").first
    number = row.locator("th a").inner_text()
    finance.follow(number)
    finance.expect("To pay")

    guide.step("Follow one amount to its event")
    finance.page.locator("tbody .explain-button").first.click()
    finance.picture("the parts of an amount")
    finance.page.locator(".sheet[popover]:popover-open .sum-label a").first.click()
    finance.expect("Posting")

    guide.step("Find it in the books")
    finance.go("Books")
    finance.expect_title("Books")

    guide.step("Have everything proved")
    finance.go("Verify")
    finance.press("Check everything now")
    finance.needs(finance.page.locator("tbody .badge-bad").count() == 0, "an invariant does not hold")
