"""Where somebody goes who has just signed in, and for whom they act who work in several places."""

from collections.abc import Mapping

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from entrepot.domain.accounts import queries as accounts
from entrepot.domain.accounts import words
from entrepot.domain.accounts.models import Membership
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared.guards import ACTING_FOR, ActingRequest, signed_in

#: kind of organisation -> the root of its surface
HOMES: Mapping[str, str] = {"operator": "/desk/", "third_party": "/desk/warehouse", "seller": "/seller/"}


@signed_in
@require_safe
def arrive(request: ActingRequest) -> HttpResponse:
    """Go on to one's own surface; the shop is everybody's."""
    memberships = _memberships(request)
    chosen = request.session.get(ACTING_FOR, "")
    first = next((each for each in memberships if each.organisation_id.hex == chosen), None)
    first = first or (memberships[0] if memberships else None)
    return redirect(HOMES[first.organisation.kind] if first else "/")


@signed_in
@require_safe
def workplaces(request: ActingRequest) -> HttpResponse:
    """Every organisation that one works for."""
    chosen = request.session.get(ACTING_FOR, "")
    rows = [(each, words.role(each.role), each.organisation_id.hex == chosen) for each in _memberships(request)]
    return render(request, "shared/workplaces.html", {"rows": rows})


@signed_in
@require_POST
def act_for(request: ActingRequest) -> HttpResponse:
    """Act for one of them from now on. Raises: NotFound."""
    wanted = request.POST.get("organisation", "")
    found = next((each for each in _memberships(request) if each.organisation_id.hex == wanted), None)
    if found is None:
        raise NotFound(kind="organisation")
    request.session[ACTING_FOR] = wanted
    return redirect(HOMES[found.organisation.kind])


def _memberships(request: ActingRequest) -> list[Membership]:
    assert request.user.is_authenticated
    return accounts.list_memberships(user_id=request.user.id)
