"""The payment providers of this installation, by code."""

from collections.abc import Callable, Mapping

from django.conf import settings

from entrepot.domain.payments.providers.interface import Act, Answer, Call, Notice, Outcome, Provider
from entrepot.domain.payments.providers.manual import Manual
from entrepot.domain.payments.providers.recorded import Recorded
from entrepot.domain.payments.providers.sandbox import Sandbox
from entrepot.kernel.errors import Invalid

__all__ = ["PROVIDERS", "Act", "Answer", "Call", "Notice", "Outcome", "Provider", "get_provider", "list_offered"]

#: Those that a shopper can be offered; the settings say which are.
KINDS: Mapping[str, Callable[[], Provider]] = {
    "sandbox": lambda: Sandbox(settings.SANDBOX_SECRET),
    "manual": Manual,
}

if unknown := set(settings.PAYMENT_PROVIDERS) - KINDS.keys():
    raise RuntimeError(f"ENTREPOT_PAYMENT_PROVIDERS: {', '.join(sorted(unknown))} is none of {', '.join(KINDS)}")

PROVIDERS: Mapping[str, Provider] = {
    **{code: KINDS[code]() for code in settings.PAYMENT_PROVIDERS},
    Recorded.code: Recorded(),
}


def get_provider(code: str) -> Provider:
    """The provider of this code. Raises: Invalid."""
    if code not in PROVIDERS:
        raise Invalid(
            "payments.unknown_provider",
            "There is no way to pay called {provider}; choose one of {known}.",
            field="provider",
            provider=code[:40],
            known=", ".join(settings.PAYMENT_PROVIDERS),
        )
    return PROVIDERS[code]


def list_offered() -> list[Provider]:
    """The providers that a shopper can choose, in the order of the settings."""
    return [PROVIDERS[code] for code in settings.PAYMENT_PROVIDERS]
