"""What shoppers ask the seller, and what it reads along where the marketplace asked it."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from entrepot.surfaces.seller.frame import render
from entrepot.surfaces.shared.guards import ActingRequest, allow
from entrepot.surfaces.shared.inbox import Inbox

inbox = Inbox("seller", render)


@allow("conversations.read", kind="seller")
@require_safe
def index(request: ActingRequest) -> HttpResponse:
    """What waits for an answer, and everything else."""
    return inbox.index(request)


@allow("conversations.read", kind="seller")
@require_safe
def show(request: ActingRequest, number: str) -> HttpResponse:
    """One conversation."""
    return inbox.show(request, number)


@allow("conversations.answer", kind="seller")
@require_POST
def write(request: ActingRequest, number: str) -> HttpResponse:
    """Answer the shopper."""
    return inbox.write(request, number)


@allow("conversations.answer", kind="seller")
@require_POST
def hand_on(request: ActingRequest, number: str) -> HttpResponse:
    """Let the marketplace answer."""
    return inbox.hand_on(request, number)


@allow("conversations.answer", kind="seller")
@require_POST
def set_state(request: ActingRequest, number: str) -> HttpResponse:
    """Close a conversation, or open it again."""
    return inbox.set_state(request, number)


@allow("conversations.read", kind="seller")
@require_safe
def file(request: ActingRequest, number: str, attachment_id: UUID) -> HttpResponse:
    """A picture or paper of a conversation."""
    return inbox.file(request, number, attachment_id)
