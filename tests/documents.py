"""What a machine reads from our documents: the text of a PDF, and a bar code from its picture."""

import io
import re
import zlib
from itertools import groupby

from barcode.charsets import code128
from PIL import Image

_SHOWN = re.compile(rb"/(?P<font>\w+) [\d.]+ Tf|\(")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_text(content: bytes) -> str:
    """The text that a PDF shows, through the character maps of its fonts; for PDFs as typst writes them."""
    objects = {int(number): body for number, body in re.findall(rb"(?ms)^(\d+) 0 obj\n(.*?)\nendobj", content)}
    streams = {number: _inflate(body) for number, body in objects.items() if b"stream" in body}
    fonts = {}
    for body in objects.values():
        for table in re.findall(rb"/Font\s*<<(.*?)>>", body, re.DOTALL):
            for name, reference in re.findall(rb"/(\w+) (\d+) 0 R", table):
                cmap = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(reference)])
                if cmap:
                    fonts[name] = _character_map(streams[int(cmap[1])])
    text = []
    for stream in streams.values():
        font: dict[int, str] = {}
        at = 0
        while match := _SHOWN.search(stream, at):
            at = match.end()
            if match["font"]:
                font = fonts.get(match["font"], {})
            elif font:
                at, codes = _literal(stream, at)
                text.append("".join(font.get(code, "\ufffd") for code in codes))
    return "".join(text)


def count_pages(content: bytes) -> int:
    """How many pages a PDF has."""
    return max(int(count) for count in re.findall(rb"/Type\s*/Pages\s*/Count (\d+)", content))


def read_code128(picture: bytes, *, rows: int = 3) -> str:
    """The text of the one Code 128 in a picture, read along pixel rows until one has a valid check digit."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    for y in range(0, image.height, rows):
        row = [pixel < 128 for pixel in image.crop((0, y, image.width, y + 1)).get_flattened_data()]
        bars = [(dark, len(list(run))) for dark, run in groupby(row)]
        text = _decode([length for _, length in bars[1:-1]])
        if text:
            return text
    return ""


def _decode(widths: list[int]) -> str:
    if len(widths) < 25 or (len(widths) - 1) % 6:
        return ""
    module = sum(widths[:6]) / 11
    patterns = {code: value for value, code in enumerate(code128.CODES)}
    values = []
    for start in range(0, len(widths) - 7, 6):
        code = "".join(
            ("0" if place % 2 else "1") * round(width / module) for place, width in enumerate(widths[start : start + 6])
        )
        if code not in patterns:
            return ""
        values.append(patterns[code])
    start, *data, check = values
    if (start + sum(place * value for place, value in enumerate(data, start=1))) % 103 != check:
        return ""
    return _letters(start, data)


def _letters(start: int, data: list[int]) -> str:
    sets = {"A": code128.A, "B": code128.B, "C": code128.C}
    letters = {name: {value: sign for sign, value in table.items()} for name, table in sets.items()}
    current = {103: "A", 104: "B", 105: "C"}[start]
    text = ""
    for value in data:
        sign = letters[current][value]
        current = {"TO_A": "A", "TO_B": "B", "TO_C": "C"}.get(str(sign), current)
        text += "" if str(sign).startswith("TO_") else str(sign)
    return text


def _inflate(body: bytes) -> bytes:
    raw = body.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]
    return zlib.decompress(raw) if b"/FlateDecode" in body else raw


def _character_map(cmap: bytes) -> dict[int, str]:
    found = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(rb"<(\w+)>\s*<(\w+)>", block):
            found[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in re.findall(rb"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            for offset in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + offset] = chr(int(text, 16) + offset)
    return found


def _literal(stream: bytes, at: int) -> tuple[int, list[int]]:
    """The two-byte codes of the string that opened before `at`, and where it ends. Source: ISO 32000-1, 7.3.4.2."""
    raw, depth = bytearray(), 1
    while True:
        sign = stream[at : at + 1]
        at += 1
        if sign == b"\\":
            escaped = re.compile(rb"(?s)[0-7]{1,3}|.").match(stream, at)
            assert escaped
            at = escaped.end()
            found = escaped[0]
            raw += bytes([int(found, 8)]) if found.isdigit() else _ESCAPES.get(found, found)
            continue
        depth += (sign == b"(") - (sign == b")")
        if not depth:
            return at, [int.from_bytes(raw[place : place + 2], "big") for place in range(0, len(raw), 2)]
        raw += sign
