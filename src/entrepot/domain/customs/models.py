"""Dated rows of border law, and the tariffs that are loaded. An operator's own rows stand beside ours."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from entrepot.domain.customs.rows import Collector, Level, Per, Rounding
from entrepot.kernel.models import Record


class Sourced(Record):
    """A row that holds from a day on, says where it was read, and whether it came along."""

    valid_from = models.DateField()
    valid_until = models.DateField(null=True)
    source = models.TextField()
    is_shipped = models.BooleanField(default=False)

    class Meta:
        abstract = True


def _period(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")), name=name)


def _values(words: type[Rounding] | type[Level] | type[Per] | type[Collector]) -> list[tuple[str, str]]:
    return [(str(word), str(word)) for word in words]


class Membership(Sourced):
    """A country belongs to a customs union over a period."""

    union = models.CharField(max_length=8)
    country = models.CharField(max_length=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["union", "country", "valid_from"], name="customs_membership_once"),
            _period("customs_membership_period"),
        ]


class Regime(Sourced):
    """How a country or union reckons what it takes at its border."""

    destination = models.CharField(max_length=8)
    currency = models.CharField(max_length=3)
    schedule = models.CharField(max_length=8)
    duty_base = models.CharField(max_length=200)
    value_base = models.CharField(max_length=200)
    retail_importers = models.CharField(max_length=100, blank=True)
    rounding = models.CharField(max_length=10, choices=_values(Rounding))
    rounding_level = models.CharField(max_length=12, choices=_values(Level))
    decides = models.CharField(max_length=200, blank=True)
    second_column = models.CharField(max_length=200, blank=True)
    reviewed_on = models.DateField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="customs_regime_one_a_day",
                index_type="gist",
                expressions=[
                    (F("destination"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            _period("customs_regime_period"),
        ]


class Announced(Sourced):
    """A row that was announced on a day, and perhaps withdrawn before it came into force."""

    announced_on = models.DateField(null=True)
    withdrawn_on = models.DateField(null=True)
    confidence = models.CharField(max_length=2, blank=True)

    class Meta:
        abstract = True


class Levy(Announced):
    """One charge on goods that enter: for whom it holds, what it is a share of, who collects it."""

    destination = models.CharField(max_length=8)
    code = models.CharField(max_length=40)
    part = models.CharField(max_length=20)
    step = models.PositiveSmallIntegerField()
    origin = models.CharField(max_length=2, blank=True)
    importers = models.CharField(max_length=100, blank=True)
    collected = models.CharField(max_length=10, blank=True)
    modes = models.CharField(max_length=100, blank=True)
    value_above_minor = models.BigIntegerField(default=0)
    value_up_to_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    per = models.CharField(max_length=12, choices=_values(Per))
    base = models.CharField(max_length=200, blank=True)
    rate = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    rate_of = models.CharField(max_length=40, blank=True)
    is_inside = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField(default=0)
    floor_minor = models.BigIntegerField(default=0)
    cap_minor = models.BigIntegerField(null=True)
    collector = models.CharField(max_length=10, choices=_values(Collector))

    class Meta:
        constraints = [
            _period("customs_levy_period"),
            models.CheckConstraint(
                condition=Q(currency__gt="")
                | Q(value_above_minor=0, value_up_to_minor__isnull=True, amount_minor=0, cap_minor__isnull=True),
                name="customs_levy_amounts_have_currency",
            ),
            models.CheckConstraint(
                condition=Q(is_inside=False) | Q(rate__isnull=True) | Q(rate__lt=1), name="customs_levy_inside_its_base"
            ),
        ]
        indexes = [models.Index(fields=["destination", "valid_from"], name="customs_levy_destination")]


class ImportTax(Sourced):
    """VAT, GST or sales tax of a country or of a state of it."""

    place = models.CharField(max_length=8)
    tax_class = models.CharField(max_length=40)
    rate = models.DecimalField(max_digits=9, decimal_places=6)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="customs_tax_one_a_day",
                index_type="gist",
                expressions=[
                    (F("place"), RangeOperators.EQUAL),
                    (F("tax_class"), RangeOperators.EQUAL),
                    (Func(F("valid_from"), F("valid_until"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lt=1), name="customs_tax_is_a_share"),
            _period("customs_tax_period"),
        ]


class Overlay(Announced):
    """A duty on top of a schedule's own, by origin, for listed goods, by an authority."""

    schedule = models.CharField(max_length=8)
    authority = models.CharField(max_length=40)
    heading = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=[(word, word) for word in ("add", "top_up", "content")])
    rate = models.DecimalField(max_digits=9, decimal_places=6)
    origins = models.CharField(max_length=300)
    lists = models.TextField()
    except_lists = models.TextField(blank=True)
    yields_to = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            _period("customs_overlay_period"),
            models.CheckConstraint(condition=Q(rate__gte=0), name="customs_overlay_adds"),
        ]
        indexes = [models.Index(fields=["schedule", "valid_from"], name="customs_overlay_schedule")]


class Edition(Sourced):
    """The lines of a schedule, or one of its lists, as loaded from one source. Its rows never change."""

    schedule = models.CharField(max_length=8)
    name = models.CharField(max_length=60, blank=True, help_text="of a list; blank for the tariff itself")
    is_complete = models.BooleanField()
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["schedule", "name", "valid_from", "is_complete", "digest"], name="customs_edition_once"
            ),
            _period("customs_edition_period"),
        ]


class TariffLine(models.Model):
    """One code with its rate: as written, and as numbers where it can be computed."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    column = models.CharField(max_length=12)
    code = models.CharField(max_length=10)
    heading = models.CharField(max_length=4)
    text = models.TextField()
    duty = models.JSONField(null=True)
    description = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "column", "code"], name="customs_line_once"),
        ]
        indexes = [models.Index(fields=["edition", "heading"], name="customs_line_heading")]


class ListedCode(models.Model):
    """A code, or the beginning of codes, on a list."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=10)
    heading = models.CharField(max_length=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "code"], name="customs_listed_once"),
        ]
        indexes = [models.Index(fields=["edition", "heading"], name="customs_listed_heading")]
