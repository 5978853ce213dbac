"""The pictures of a product: several at once, their order, what each says to who cannot see it, what it shows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.catalogue import queries as catalogue
from entrepot.domain.catalogue.models import Picture, Sku
from entrepot.domain.catalogue.services import PictureRow
from entrepot.flows import listing
from entrepot.kernel import clock, media
from entrepot.surfaces.seller.frame import languages
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Text
from entrepot.surfaces.shared.guards import ActingRequest

#: Pictures of one product.
MOST = 12


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Several pictures in one control."""

    widget = _Files

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each of them, of a size that is taken in."""
        found = [super(PicturesField, self).clean(each, initial) for each in data or ()]
        if not found and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if any(each.size > media.PICTURE_BYTES_MAX for each in found):
            raise ValidationError(_("A picture may have ten megabytes at most."))
        if len(found) > MOST:
            raise ValidationError(_("Send twelve pictures at most."))
        return found


class UploadForm(ActForm):
    """New pictures, and what they show."""

    pictures = PicturesField(
        label=gettext_lazy("Add pictures"), help_text=gettext_lazy("JPEG, PNG or WebP; several at once if you like.")
    )
    shows = forms.ChoiceField(label=gettext_lazy("They show"), required=False)

    def __init__(self, *args: Any, skus: Sequence[Sku], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shows"].choices = shows_choices(skus)  # type: ignore[attr-defined]


class ArrangeForm(ActForm):
    """The order of the pictures, with a text and what is shown for each."""

    def __init__(self, *args: Any, pictures: Sequence[Picture], skus: Sequence[Sku], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pictures, choices = pictures, shows_choices(skus)
        places = [(str(place), str(place)) for place in range(1, len(pictures) + 1)]
        for place, each in enumerate(pictures, start=1):
            number = {"number": place}
            self.fields[f"place-{each.id}"] = forms.ChoiceField(
                label=_("Place of picture {number}").format(**number), choices=places, initial=str(place)
            )
            self.fields[f"alt-{each.id}"] = forms.CharField(
                label=_("What one sees on picture {number}").format(**number), max_length=300, required=False,
                initial=each.alt.get(_language(), ""),
            )  # fmt: skip
            self.fields[f"shows-{each.id}"] = forms.ChoiceField(
                label=_("Picture {number} shows").format(**number), choices=choices, required=False,
                initial=_written(each.options),
            )  # fmt: skip
            self.fields[f"remove-{each.id}"] = forms.BooleanField(
                label=_("Remove picture {number}").format(**number), required=False
            )

    def rows(self) -> list[tuple[Picture, Sequence[forms.BoundField]]]:
        """Each picture with its controls."""
        names = ("place", "alt", "shows", "remove")
        return [(each, [self[f"{name}-{each.id}"] for name in names]) for each in self.pictures]


def put(request: ActingRequest, product_id: UUID, kept: Sequence[Picture], typed: Mapping[str, Any]) -> None:
    """Put the pictures in order, say what they show, take some away."""
    for each in kept:
        if typed[f"remove-{each.id}"]:
            listing.remove_picture(actor=request.actor, product_id=product_id, picture_id=each.id)
    left = [each for each in kept if not typed[f"remove-{each.id}"]]
    left.sort(key=lambda each: (int(typed[f"place-{each.id}"]), each.position))
    rows = [PictureRow(each.id, _alt(each, typed[f"alt-{each.id}"]), read(typed[f"shows-{each.id}"])) for each in left]
    listing.arrange_pictures(actor=request.actor, product_id=product_id, rows=rows)


def keep(
    request: ActingRequest, product_id: UUID, uploads: Sequence[Any], *, options: Mapping[str, str] | None = None
) -> None:
    """Keep uploaded pictures of a product, in their order; the title says what they show until somebody writes more."""
    text = catalogue.texts([product_id], languages=languages()).get(product_id)
    for each in uploads:
        listing.upload_picture(
            actor=request.actor,
            product_id=product_id,
            content=each.read(),
            alt={_language(): text.title} if text else {},
            options=options,
            now=clock.now(),
        )


def shows_choices(skus: Sequence[Sku]) -> list[tuple[str, Text]]:
    """What a picture may show: everything, or one option."""
    found = dict.fromkeys(
        _written({axis: value}) for sku in skus for axis, value in sku.options.items() if len(skus) > 1
    )
    return [("", _("All variants")), *((each, each.replace("=", ": ")) for each in found)]


def _written(options: Mapping[str, str]) -> str:
    return ", ".join(f"{axis}={value}" for axis, value in options.items())


def read(text: str) -> dict[str, str]:
    """What a picture shows, from what was chosen."""
    axis, sign, value = text.partition("=")
    return {axis: value} if sign else {}


def _alt(picture: Picture, text: str) -> dict[str, str]:
    """The texts of a picture, with that of the language of the page."""
    return {each: said for each, said in (dict(picture.alt) | {_language(): text.strip()}).items() if said}


def _language() -> str:
    return languages()[0].partition("-")[0]
