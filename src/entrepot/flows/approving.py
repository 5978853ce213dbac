"""Second persons decide: what was asked for happens in the decision's transaction, once."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from entrepot.flows import correcting
from entrepot.kernel import approvals
from entrepot.kernel.actors import Actor
from entrepot.kernel.approvals import Act
from entrepot.kernel.db import atomic
from entrepot.kernel.errors import Denied, Invalid, Refused
from entrepot.kernel.models import Approval

#: What an approval of a kind sets off.
ACTS: Mapping[str, Act] = {correcting.KIND: correcting.post_correction}

VERB = "approvals.decide"


@atomic
def decide(*, approval_id: UUID, approve: bool, actor: Actor, note: str = "", now: datetime) -> Approval:
    """Approve and carry out, or refuse with a note.

    Raises: NotFound, Denied to who asked, Refused where it is decided or the books no longer allow it, Invalid unsaid.
    """
    if actor.verbs.get(VERB) != "all":
        raise Denied("accounts.verb_missing", "Your role does not include “{verb}”.", verb=VERB)
    if not approve and not note.strip():
        raise Invalid("approvals.note_missing", "Say to who asked why it is refused.", field="note")
    asked = approvals.get(approval_id)
    act = ACTS.get(asked.kind)
    if act is None:
        raise Refused("approvals.unknown_kind", "Nothing here carries out {kind}.", kind=asked.kind)
    return approvals.decide(actor=actor, approval_id=approval_id, approve=approve, now=now, note=note.strip(), act=act)
