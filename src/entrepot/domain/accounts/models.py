"""Organisations, users, memberships, permission rows, API keys, and the vault."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from entrepot.kernel import clock, ids
from entrepot.kernel.models import Record


class Organisation(Record):
    """The tenant: an operator, a seller or a third party such as a warehouse."""

    class Kind(models.TextChoices):
        OPERATOR = "operator"
        SELLER = "seller"
        THIRD_PARTY = "third_party"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="operator"), name="organisation_one_operator")
        ]


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address; the sign-up pages need it."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """A user with a password, or without one that can be used."""
        now = clock.now()
        user = self.model(id=ids.new_id(now), email=self.normalize_email(email).lower(), date_joined=now, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in; a shopper where there is no membership."""

    id = models.UUIDField(primary_key=True, default=ids.new_id_now, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=clock.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def get_full_name(self) -> str:
        """The name, or the address where none was given."""
        return self.name or self.email


class Membership(Record):
    """A user's role in an organisation, until it ends."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"], condition=Q(ended_at__isnull=True), name="membership_one_live"
            )
        ]


class Invitation(Record):
    """An address that is asked to join an organisation in a role, until it is accepted, revoked, or its day comes."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField()
    role = models.CharField(max_length=40)
    language = models.CharField(max_length=10, blank=True)
    invited_by = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_one_open",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, revoked_at__isnull=True),
                name="invitation_accepted_by_someone",
            ),
        ]


class Permission(models.Model):
    """A role may use a verb, on its own organisation's rows or on all. What no row allows is denied."""

    class Scope(models.TextChoices):
        OWN = "own"
        ALL = "all"

    role = models.CharField(max_length=40)
    verb = models.CharField(max_length=60)
    scope = models.CharField(max_length=3, choices=Scope.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "verb"], name="permission_once")]


class ApiKey(Record):
    """A key for the API: shown once, kept as a digest, bound to a membership."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    label = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    verbs = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)


class Contact(Record):
    """The vault: a person's name and address, apart from everything that must outlive them.

    Orders, parcels and nodes carry only the id; erasure empties the row and leaves the id. A row with `kept_at` stands
    in its owner's address book.
    """

    owner_user_id = models.UUIDField(null=True)
    name = models.CharField(max_length=150, blank=True)
    company = models.CharField(max_length=150, blank=True)
    line1 = models.CharField(max_length=200, blank=True)
    line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=120, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    erased_at = models.DateTimeField(null=True)
    kept_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["owner_user_id"], name="contact_owner")]
