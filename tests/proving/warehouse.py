"""Acts in a warehouse: units move between its places, and go back to their seller."""

from datetime import timedelta
from typing import Any

from entrepot.domain.inbound import sending_back as backs
from entrepot.domain.inbound.sending_back import Back, Leaving
from entrepot.domain.inventory import places
from entrepot.domain.sellers import queries as sellers
from entrepot.flows import sending_back
from entrepot.kernel.actors import SYSTEM
from entrepot.kernel.db import fetch_rows
from proving.acts import Act, Acts, quietly
from proving.market import SHELVES
from proving.model import PLACED

PLACES = ("DOCK", *SHELVES)


class WarehouseActs(Acts):
    """What is done with goods that nobody has ordered; the same in the model."""

    def standing(self) -> dict[str, int]:
        """Where the units stand that have places."""
        rows = fetch_rows(_STANDING, [self.offers[PLACED].sku_id])
        return {row.code: row.quantity for row in rows}

    def move_act(self, a: int, b: int) -> Act:
        """Units are moved; what stood where before is the warehouse's to say, and looked up."""
        stock, self.model.standing = self.stock_row(PLACED), self.standing()
        source, target = PLACES[a % 3], PLACES[(a + 1 + b % 2) % 3]
        units, now = 1 + b % 4, self.now
        return Act(
            lambda: quietly(
                places.move(stock_id=stock.id, from_code=source, to_code=target, quantity=units, actor=SYSTEM, now=now)
            ),
            lambda model: model.move(source, target, units),
        )

    def back(self, number: int, *states: str) -> str | None:
        return self.pick([name for name, each in self.model.away.items() if each.state in states], number)

    def ask_away_act(self, b: int) -> Act:
        """The seller wants units back that are not promised to anybody."""
        stock, units, now, name = self.stock_row(PLACED), 1 + b % 4, self.now, f"v{len(self.away)}-{len(self.done)}-{b}"
        until = now + timedelta(days=5)
        actor = sellers.get_system_actor(seller_id=self.seller.pk)

        def ask() -> None:
            asked = backs.ask(
                seller_id=stock.seller_id, node_id=stock.node_id, rows=[Back(units, stock.id)], cause="surplus",
                collect_by=until, actor=actor, now=now,
            )  # fmt: skip
            self.away[name] = asked.id

        return Act(ask, lambda model: model.ask_away(name, PLACED, units, until))

    def agree_away_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        row, now = self.away[name], self.now
        return Act(
            lambda: quietly(backs.accept(return_id=row, actor=SYSTEM, now=now)), lambda model: model.agree_away(name)
        )

    def keep_away_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        row, now = self.away[name], self.now
        return Act(
            lambda: quietly(backs.cancel(return_id=row, actor=SYSTEM, reason="sold after all", now=now)),
            lambda model: model.keep_away(name),
        )

    def leave_away_act(self, name: str | None, cost: int = 0) -> Act | None:
        if name is None:
            return None
        row, now = self.away[name], self.now
        leaving = Leaving("Blue Line", "", 1, cost, "EUR" if cost else "")
        return Act(
            lambda: quietly(sending_back.hand_over(return_id=row, leaving=leaving, actor=SYSTEM, now=now)),
            lambda model: model.leave_away(name),
        )

    def dispose_away_act(self, name: str | None) -> Act | None:
        if name is None:
            return None
        row, now = self.away[name], self.now
        return Act(
            lambda: quietly(sending_back.dispose(return_id=row, actor=SYSTEM, reason="nobody came", now=now)),
            lambda model: model.dispose_away(name, now),
        )

    def do_move(self, a: int, b: int, c: int) -> None:
        self.one(self.move_act(a, b))
        found = {place: units for place, units in self.standing().items() if units}
        assert found == {place: units for place, units in self.model.standing.items() if units}, self.told()

    def do_away(self, a: int, b: int, c: int) -> None:
        """Units go back to their seller, mostly to the end of it."""
        if c % 3 < 2:
            self.one(self.ask_away_act(b))
        if c % 4 > 0:
            self.one(self.agree_away_act(self.back(a, "asked", "accepted")))
        if c % 4 > 1:
            self.one(self.leave_away_act(self.back(a, "accepted", "handed_over"), cost=250 * (b % 2)))
        if c % 5 == 0:
            self.one(self.keep_away_act(self.back(b, "asked", "accepted", "disposed")))
        if c % 5 == 1:
            self.one(self.dispose_away_act(self.back(b, "asked", "accepted", "cancelled")))

    def one(self, act: Act | None) -> Any:
        raise NotImplementedError

    def told(self) -> str:
        raise NotImplementedError


_STANDING = """
SELECT place.code, sum(units.quantity)::int AS quantity FROM inventory_placeunits units
JOIN inventory_place place ON place.id = units.place_id JOIN inventory_stock stock ON stock.id = units.stock_id
WHERE stock.sku_id = %s AND stock.condition = 'new' GROUP BY place.code
"""
