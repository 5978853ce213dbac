"""Drawn pictures of the demonstration's goods: simple forms in the colours of a variant, the same every time."""

import io
import tomllib
from importlib import resources

from PIL import Image, ImageDraw

SIDE = 600
#: main, dark and light tone of a palette, and its background.
PALETTES: dict[str, tuple[str, str, str, str]] = {
    "slate": ("#5b7083", "#33424f", "#cfd9e0", "#eef2f4"),
    "sand": ("#cfa874", "#8a6a3f", "#f1e3cb", "#faf5ec"),
    "moss": ("#6f8457", "#45543a", "#d9e2cb", "#f2f5ec"),
    "brick": ("#b5573f", "#743424", "#f0cdbf", "#faf0ec"),
}


def draw(shape: str, palette: str) -> bytes:
    """The picture as PNG bytes. Raises: KeyError for a shape or palette that is not drawn."""
    main, dark, light, ground = PALETTES[palette]
    tones = {"main": main, "dark": dark, "light": light}
    # Drawn at twice the size and shrunk, for smooth edges.
    canvas = Image.new("RGB", (SIDE * 2, SIDE * 2), ground)
    pen = ImageDraw.Draw(canvas)
    scale = SIDE * 2 / 100
    pen.ellipse([20 * scale, 82 * scale, 80 * scale, 90 * scale], fill=_shade(ground))
    for form in _shapes()[shape]:
        _stroke(pen, form.split(), tones, scale)
    small = canvas.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    small.save(encoded, "PNG")
    return encoded.getvalue()


def _shapes() -> dict[str, list[str]]:
    return tomllib.loads((resources.files("entrepot.demonstration") / "shapes.toml").read_text())


def _stroke(pen: ImageDraw.ImageDraw, words: list[str], tones: dict[str, str], scale: float) -> None:
    kind, tone, *rest = words
    numbers = [float(word) for word in rest]
    colour = tones[tone]
    if kind == "box":
        pen.rounded_rectangle([n * scale for n in numbers[:4]], radius=numbers[4] * scale, fill=colour)
    elif kind == "oval":
        pen.ellipse([n * scale for n in numbers], fill=colour)
    elif kind == "poly":
        pen.polygon([n * scale for n in numbers], fill=colour)
    elif kind == "line":
        pen.line([n * scale for n in numbers[1:]], fill=colour, width=round(numbers[0] * scale), joint="curve")
    else:
        width, left, top, right, bottom, start, end = numbers
        pen.arc(
            [left * scale, top * scale, right * scale, bottom * scale],
            start,
            end,
            fill=colour,
            width=round(width * scale),
        )


def _shade(colour: str) -> str:
    """A slightly darker background, for the shadow under a thing."""
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(channel * 0.93):02x}" for channel in channels)
