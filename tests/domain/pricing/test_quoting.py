"""The supply price as a negotiation: quoted, countered, accepted, refused, expired, superseded; versions count up."""

from datetime import timedelta

import pytest

from entrepot.domain.pricing import queries, quoting
from entrepot.domain.pricing.models import SupplyQuote
from entrepot.kernel.actors import Actor
from entrepot.kernel.errors import Denied, Invalid, NotFound, Refused
from entrepot.kernel.models import AuditEntry
from worlds import World


class Table:
    """A seller and the platform over one offer."""

    def __init__(self, world: World, programme: str = "fully-managed") -> None:
        self.world = world
        self.seller_row = world.seller(programme=programme, currency="CNY")
        self.seller = world.seller_actor(self.seller_row)
        self.platform = world.operator_actor()
        self.offer = world.offer(self.seller_row, price="19.99", supply="70.00")

    def quote(self, amount: int, actor: Actor | None = None, days: int = 7) -> SupplyQuote:
        until = self.world.now + timedelta(days=days)
        return quoting.quote(
            rows=[quoting.NewQuote(self.offer.id, amount)],
            valid_until=until,
            actor=actor or self.seller,
            now=self.world.now,
        )[0]

    def counter(self, quote: SupplyQuote, amount: int, actor: Actor) -> SupplyQuote:
        until = self.world.now + timedelta(days=7)
        return quoting.counter(rows=[(quote.id, amount)], valid_until=until, actor=actor, now=self.world.now)[0]

    def accept(self, quote: SupplyQuote, actor: Actor) -> None:
        quoting.accept(quote_ids=[quote.id], actor=actor, now=self.world.now)

    @property
    def in_force(self) -> tuple[int | None, str]:
        price = queries.prices([self.offer.id], self.world.now)[self.offer.id]
        return price.supply_minor, price.supply_currency

    @property
    def steps(self) -> list[tuple[int, int, str, str]]:
        rows = SupplyQuote.objects.filter(offer=self.offer).order_by("version")
        return [(row.version, row.amount_minor, row.made_by_party, row.status) for row in rows]


@pytest.fixture
def world(database) -> World:
    return World()


@pytest.fixture
def table(world) -> Table:
    return Table(world)


def test_a_negotiation_step_by_step(table):
    world = table.world
    before = world.now
    first = table.quote(6500)
    assert table.in_force == (7000, "CNY"), "what was agreed holds while they talk"
    second = table.counter(first, 5000, table.platform)
    third = table.counter(second, 5800, table.seller)
    world.pass_time(hours=1)
    table.accept(third, table.platform)
    assert table.in_force == (5800, "CNY")
    assert queries.prices([table.offer.id], before)[table.offer.id].supply_minor == 7000
    assert table.steps == [
        (1, 7000, "seller", "superseded"),
        (2, 6500, "seller", "superseded"),
        (3, 5000, "platform", "superseded"),
        (4, 5800, "seller", "accepted"),
    ]
    entries = AuditEntry.objects.filter(verb__startswith="quotes.").order_by("sequence")
    verbs = list(entries.values_list("verb", flat=True))
    assert verbs[-4:] == ["quotes.make", "quotes.counter", "quotes.counter", "quotes.accept"]


def test_nobody_answers_their_own_step(table):
    quote = table.quote(6500)
    for act in (lambda: table.accept(quote, table.seller), lambda: table.counter(quote, 1, table.seller)):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "pricing.own_quote"


def test_a_new_step_of_ones_own_takes_the_place_of_the_one_that_waits(table):
    old = table.quote(6500)
    table.quote(6400)
    assert table.steps[1:] == [(2, 6500, "seller", "superseded"), (3, 6400, "seller", "quoted")]
    with pytest.raises(Refused) as refused:
        table.accept(old, table.platform)
    assert refused.value.code == "pricing.quote_closed"


def test_a_step_of_the_other_side_is_answered_and_not_passed_over(table):
    counter = table.counter(table.quote(6500), 5000, table.platform)
    with pytest.raises(Refused) as refused:
        table.quote(6400)
    assert (refused.value.code, refused.value.values) == ("pricing.counter_first", {"quote_id": str(counter.id)})


def test_a_refusal_says_why_and_leaves_what_was_agreed(table):
    quote = table.quote(6500)
    with pytest.raises(Invalid):
        quoting.refuse(quote_ids=[quote.id], actor=table.platform, reason="", now=table.world.now)
    quoting.refuse(quote_ids=[quote.id], actor=table.platform, reason="too high", now=table.world.now)
    assert table.steps[-1] == (2, 6500, "seller", "refused")
    assert table.in_force == (7000, "CNY")
    table.quote(6000)


def test_a_step_lapses_with_its_time(table):
    quote = table.quote(6500, days=7)
    assert quoting.expire(now=table.world.now + timedelta(days=6)) == []
    table.world.pass_time(days=7)
    with pytest.raises(Refused) as refused:
        table.accept(quote, table.platform)
    assert refused.value.code == "pricing.quote_expired"
    assert quoting.expire(now=table.world.now) == [table.offer.id]
    assert table.steps[-1] == (2, 6500, "seller", "expired")
    assert table.in_force == (7000, "CNY"), "what was agreed does not lapse"


def test_a_programme_without_a_supply_price_knows_no_quote(world):
    table = Table(world, programme="self-managed")
    for actor in (table.seller, table.platform):
        with pytest.raises(Denied) as denied:
            table.quote(6500, actor)
        assert denied.value.values["task"] == "supply_price"


def test_another_seller_and_a_shopper_have_no_seat(table):
    quote = table.quote(6500)
    stranger = table.world.seller_actor(table.world.seller(programme="fully-managed"))
    for act in (lambda: table.quote(1, stranger), lambda: table.accept(quote, stranger)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Denied):
        table.quote(1, Actor(label="guest", role="shopper"))
    with pytest.raises(NotFound):
        quoting.accept(quote_ids=[table.offer.id], actor=table.platform, now=table.world.now)


@pytest.mark.parametrize("amount", [0, -5, 10**13])
def test_an_amount_that_cannot_be_paid_is_no_quote(table, amount):
    with pytest.raises(Invalid):
        table.quote(amount)


def test_a_quote_looks_ahead_and_names_an_offer_once(table):
    with pytest.raises(Invalid):
        table.quote(100, days=0)
    row = quoting.NewQuote(table.offer.id, 100)
    with pytest.raises(Invalid):
        quoting.quote(
            rows=[row, row], valid_until=table.world.now + timedelta(days=1), actor=table.seller, now=table.world.now
        )


def test_quotes_are_listed_for_who_may_see_them(table):
    table.world.pass_time(minutes=1)
    quote = table.quote(6500)
    assert queries.list_quotes(seller_id=table.seller_row.pk, is_open=True) == [quote]
    assert len(queries.list_quotes(offer_id=table.offer.id)) == 2
    assert queries.list_quotes(seller_id=table.world.operator.id) == []
    assert queries.list_quotes(after=quote.id) == []
