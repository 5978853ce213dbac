"""Who acts: carried from the surface to the audit row."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of the system, the organisation it acts for with its name, and the verbs it may use.

    `verbs` maps a verb to its scope: "own" (rows of the organisation) or "all".
    """

    label: str
    user_id: UUID | None = None
    organisation_id: UUID | None = None
    role: str = ""
    verbs: dict[str, str] = field(default_factory=dict, compare=False)
    organisation: str = field(default="", compare=False)

    def may(self, verb: str) -> bool:
        """Whether the actor holds the verb in any scope."""
        return verb in self.verbs

    def reaches(self, verb: str, organisation_id: UUID) -> bool:
        """Whether the actor may use the verb on this organisation's rows; the system may on everybody's."""
        scope = "all" if self == SYSTEM else self.verbs.get(verb)
        return scope == "all" or (scope == "own" and organisation_id == self.organisation_id)


#: The system itself: jobs, relays, replay.
SYSTEM = Actor(label="system", role="system")
