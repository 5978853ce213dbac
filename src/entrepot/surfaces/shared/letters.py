"""Letters about accounts, which the sign-in pages send at once; where none can leave, the page says so."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from entrepot.kernel.errors import Unavailable
from entrepot.surfaces.shared import throttle


class Adapter(DefaultAccountAdapter):
    """What the library asks of us."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a letter. Raises: Unavailable where none can leave."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            raise Unavailable(
                "letters.no_way_out",
                "A letter to {email} is needed now, and none can leave. Please tell whoever runs this marketplace.",
                email=email,
            ) from None

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where a sign-in comes from, as all other doors see it."""
        return throttle.address(request)
