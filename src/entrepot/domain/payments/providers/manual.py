"""Bank transfer: the operator sees the money on the bank statement and says so."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from entrepot.domain.payments.providers.interface import Act, Answer, Call, Notice, Outcome, Provider
from entrepot.kernel.errors import NotFound


class Manual(Provider):
    """An authorisation waits for the operator; what follows is done by hand at the bank and counts as done."""

    code = "manual"
    label = _("Bank transfer")
    hold_for = timedelta(days=7)
    wait_for = timedelta(days=14)

    def authorise(self, call: Call) -> Answer:
        return Answer(call.key, Outcome.PENDING)

    def capture(self, call: Call) -> Answer:
        return Answer(call.key, Outcome.APPROVED)

    def void(self, call: Call) -> Answer:
        return Answer(call.key, Outcome.APPROVED)

    def refund(self, call: Call) -> Answer:
        return Answer(call.key, Outcome.APPROVED)

    def pay_out(self, call: Call) -> Answer:
        return Answer(call.key, Outcome.PENDING)

    def lookup(self, key: str, at: datetime) -> Answer | None:
        waits = key.startswith((Act.AUTHORISE, Act.PAY_OUT))
        return Answer(key, Outcome.PENDING if waits else Outcome.APPROVED)

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[Notice]:
        raise NotFound("payments.no_webhooks", "{provider} sends no messages.", provider=self.code)
