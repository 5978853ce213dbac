"""What shoppers ask the marketplace or its partners; the operator sees every conversation."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from entrepot.surfaces.desk.acting import render
from entrepot.surfaces.desk.scopes import DESK
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.inbox import Inbox

inbox = Inbox("desk", render)


@allow("conversations.read", kind=DESK)
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """What waits for an answer, and everything else."""
    return inbox.index(request)


@allow("conversations.read", kind=DESK)
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One conversation."""
    return inbox.show(request, number)


@allow("conversations.answer", kind=DESK)
@require_POST
def write(request: ActingRequest, number: str) -> HttpResponse:
    """Answer the shopper."""
    return inbox.write(request, number)


@allow("conversations.answer", kind=DESK)
@require_POST
def hand_on(request: ActingRequest, number: str) -> HttpResponse:
    """Let the other party answer."""
    return inbox.hand_on(request, number)


@allow("conversations.answer", kind=DESK)
@require_POST
def set_state(request: ActingRequest, number: str) -> HttpResponse:
    """Close a conversation, or open it again."""
    return inbox.set_state(request, number)


@allow("conversations.read", kind=DESK)
@require_safe
def file(request: ActingRequest, number: str, attachment_id: UUID) -> HttpResponse:
    """A picture or paper of a conversation."""
    return inbox.file(request, number, attachment_id)
