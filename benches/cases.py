"""What is measured: a picture, and the format that its thumbnails are to have."""

import dataclasses
import pathlib

OUTPUT_NAMES = {"jpeg": "JPEG", "webp": "WebP"}
LABEL_CHARACTERS = 24

# The generator's pictures, by the names that it gives them, with what is made of them. An alpha channel would be lost
# in JPEG, so nobody asks for that.
GENERATED = (
    ("24mp.jpg", "24 MP JPEG", ("jpeg", "webp")),
    ("12mp.jpg", "12 MP JPEG", ("jpeg", "webp")),
    ("3mp.jpg", "3 MP JPEG", ("jpeg", "webp")),
    ("12mp-progressive.jpg", "12 MP progressive", ("jpeg", "webp")),
    ("12mp.png", "12 MP PNG", ("jpeg", "webp")),
    ("12mp-rgba.png", "12 MP RGBA PNG", ("webp",)),
    ("12mp.webp", "12 MP WebP", ("jpeg", "webp")),
)
QUICK = "3mp.jpg"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the tables."""

    file: pathlib.Path
    source: str
    output_format: str

    @property
    def label(self):
        goal = f" → {OUTPUT_NAMES[self.output_format]}"
        room = LABEL_CHARACTERS - len(goal)
        source = self.source if len(self.source) <= room else self.source[: room - 1] + "…"
        return source + goal


def generated(folder, quick):
    """The generator's pictures, or just the smallest of them."""
    chosen = [entry for entry in GENERATED if entry[0] == QUICK or not quick]
    return [Case(folder / file, source, goal) for file, source, goals in chosen for goal in goals]


def of_folder(folder):
    """Somebody's own pictures: each file to each format."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    return [Case(file, file.name, goal) for file in files for goal in OUTPUT_NAMES]
