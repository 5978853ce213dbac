"""Where somebody goes who has just signed in: to the surface on which they work, else into the shop."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from entrepot.domain.accounts import queries as accounts
from entrepot.surfaces.shared.guards import signed_in

#: kind of organisation -> the root of its surface
HOMES: Mapping[str, str] = {"operator": "/desk/", "third_party": "/desk/", "seller": "/seller/"}


@signed_in
@require_safe
def arrive(request: HttpRequest) -> HttpResponse:
    """Go on to one's own surface; the shop is everybody's."""
    assert request.user.is_authenticated
    memberships = accounts.list_memberships(user_id=request.user.id)
    return redirect(HOMES[memberships[0].organisation.kind] if memberships else "/")
