"""The contact sheet of a screenshot tour: every picture on one page, to be looked at."""

from html import escape
from pathlib import Path

HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Screenshot tour</title>
<style>
  body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; }
  .row { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; }
  figure { margin: 0; width: 22rem; } figure.narrow { width: 11rem; }
  img { width: 100%; border: 1px solid #bbb; max-height: 30rem; object-fit: cover; object-position: top; }
  figcaption { overflow-wrap: anywhere; color: #444; }
</style></head><body><h1>Screenshot tour</h1>
"""


def write(folder: Path) -> Path | None:
    """An index.html over <tour>/<width>/*.png; None where there is no picture."""
    parts = [HEAD]
    for tour in sorted(each for each in folder.iterdir() if each.is_dir()) if folder.exists() else ():
        for width in sorted(tour.iterdir(), key=lambda each: -int(each.name)):
            kind = ' class="narrow"' if int(width.name) < 800 else ""
            parts.append(f'<h2>{escape(tour.name)}, {width.name} px</h2><div class="row">')
            for picture in sorted(width.glob("*.png")):
                path = escape(picture.relative_to(folder).as_posix(), quote=True)
                parts.append(
                    f'<figure{kind}><a href="{path}"><img src="{path}" alt="" loading="lazy"></a>'
                    f"<figcaption>{escape(picture.stem)}</figcaption></figure>"
                )
            parts.append("</div>")
    if len(parts) == 1:
        return None
    index = folder / "index.html"
    index.write_text("\n".join([*parts, "</body></html>\n"]))
    return index
