"""Conversations as pages show them, to the shopper and to those who answer; contact details are masked here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from entrepot.domain.conversations import queries, rules
from entrepot.domain.conversations.models import Attachment, Message, Thread
from entrepot.domain.conversations.services import SHOPPER
from entrepot.domain.terms.rules import Party
from entrepot.kernel.errors import NotFound
from entrepot.surfaces.shared import files
from entrepot.surfaces.shared.acting import ActForm
from entrepot.surfaces.shared.components import Text, Tone

SUBJECTS: Mapping[str, Text] = {
    "where_is_it": gettext_lazy("Where is it?"),
    "wrong_item": gettext_lazy("Something else came"),
    "damaged": gettext_lazy("It is damaged or does not work"),
    "change": gettext_lazy("I want to change or cancel"),
    "invoice": gettext_lazy("Invoice or payment"),
    "other": gettext_lazy("Something else"),
}

#: Pictures and papers of one message together. Units: bytes.
UPLOAD_MAX = 25_000_000
ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"


class FilesInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Pictures and papers, each as its bytes."""

    widget = FilesInput(attrs={"accept": ACCEPT})

    def __init__(self, *, most: int = rules.FILES_MAX, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def clean(self, data: Any, initial: Any = None) -> list[bytes]:
        sent: list[UploadedFile] = [each for each in (data if isinstance(data, list | tuple) else [data]) if each]
        if len(sent) > self.most:
            raise forms.ValidationError(_("Attach {most} files at most.").format(most=self.most))
        if sum(each.size or 0 for each in sent) > UPLOAD_MAX:
            raise forms.ValidationError(
                _("All files together may have {most} megabytes.").format(most=UPLOAD_MAX // 1_000_000)
            )
        return [each.read() for each in sent]


class WriteForm(ActForm):
    """Something to say, with files."""

    text = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=rules.TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Write something.")},
    )
    attachments = FilesField(
        label=gettext_lazy("Pictures or a PDF"),
        required=False,
        help_text=gettext_lazy("Up to four files. Only you and those who answer see them."),
    )


@dataclass(frozen=True, slots=True)
class File:
    """An attached picture or paper, and where this reader finds it."""

    href: str
    is_picture: bool
    kilobytes: int


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said or done, as its reader sees it."""

    at: datetime
    by: str
    is_mine: bool
    is_note: bool
    text: str
    files: Sequence[File]


@dataclass(frozen=True, slots=True)
class View:
    """A thread as its reader sees it."""

    thread: Thread
    subject: Text
    state: tuple[Text, Tone]
    answered_by: str
    said: Sequence[Said]
    is_masked: bool
    is_late: bool


def show(
    thread: Thread, *, reader: Party | None, route: str, arguments: Sequence[object], operator: str, now: datetime
) -> View:
    """A thread for a party, or for its shopper (None); files are found under `route` with their id as last argument."""
    attached = queries.list_attachments(thread_id=thread.id)
    masked = rules.is_masked_for(reader, thread.service_party)
    me = reader or SHOPPER

    def file(each: Attachment) -> File:
        return File(reverse(route, args=[*arguments, each.id]), each.is_picture, max(1, each.size // 1000))

    def said(message: Message) -> Said:
        text = message.text
        is_note = message.kind != Message.Kind.SAID
        # Why a thread was handed on is between those who answer.
        if is_note:
            reason = "" if reader is None else text
            text = _done(message, thread, operator) + (f" {reason}" if reason else "")
        return Said(
            message.created_at,
            _name(message.side, message, thread, operator, reader),
            message.side == me,
            is_note,
            rules.mask(text) if masked else text,
            [file(each) for each in attached.get(message.id, ())],
        )

    return View(
        thread,
        SUBJECTS[thread.subject],
        state_of(thread, now, for_shopper=reader is None),
        name_of(thread.party, thread, operator),
        [said(each) for each in queries.list_messages(thread_ids=[thread.id]).get(thread.id, ())],
        masked,
        bool(thread.due_at and thread.due_at < now),
    )


def state_of(thread: Thread, now: datetime, *, for_shopper: bool) -> tuple[Text, Tone]:
    """Where a thread stands, in a word with its tone."""
    if thread.state == Thread.State.CLOSED:
        return _("Closed"), "neutral"
    if thread.due_at is None:
        return (_("Answered"), "good") if thread.has_answer else (_("Open"), "neutral")
    if thread.due_at < now:
        return (_("Answer overdue"), "bad")
    return (_("Waiting for an answer"), "info") if for_shopper else (_("To answer"), "warn")


def name_of(party: str, thread: Thread, operator: str) -> str:
    """Who a party is in a thread."""
    if party == Party.SELLER:
        return thread.seller.organisation.name
    if party == Party.THIRD_PARTY:
        return thread.organisation.name
    return operator


def _name(side: str, message: Message, thread: Thread, operator: str, reader: Party | None) -> str:
    if side == SHOPPER:
        return _("You") if reader is None else _("The shopper")
    return message.organisation.name if message.organisation else name_of(side, thread, operator)


def _done(message: Message, thread: Thread, operator: str) -> str:
    match message.kind:
        case Message.Kind.HANDED_ON:
            return _("Handed on to {name}, who answers from here on.").format(
                name=name_of(message.party, thread, operator)
            )
        case Message.Kind.CLOSED:
            return _("The conversation was closed.")
    return _("The conversation was opened again.")


def send_photo(photos: Sequence[str], place: int, number: str) -> HttpResponse:
    """A photograph of a return, by its place. Raises: NotFound."""
    if place >= len(photos):
        raise NotFound(kind="picture")
    return files.send(photos[place], f"{number}-{place + 1}")


def send_file(thread: Thread, attachment_id: Any) -> HttpResponse:
    """A file of a thread that its reader may see. Raises: NotFound."""
    found = queries.get_attachment(attachment_id=attachment_id, thread_id=thread.id)
    return files.send(found.media, f"{thread.number}-{found.id.hex[-6:]}")
