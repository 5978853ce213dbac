"""Letters that are kept in a folder instead of being sent, each in a file of its own whose name says when."""

from pathlib import Path

from django.core.mail.backends.filebased import EmailBackend as OneFileBackend

from entrepot.kernel import clock, ids


class EmailBackend(OneFileBackend):
    """Django's, whose files may hold several letters of one second, with a file a letter."""

    _fname: str | None

    def _get_filename(self) -> str:
        if self._fname is None:
            self._fname = str(Path(self.file_path) / f"{ids.new_id(clock.now()).hex}.log")
        return self._fname
