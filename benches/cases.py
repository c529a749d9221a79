"""What is measured: a picture, the format that its thumbnails are to have, and how far we mean to get."""

import dataclasses
import pathlib

OUTPUT_NAMES = {"jpeg": "JPEG", "webp": "WebP"}
LABEL_CHARACTERS = 27


@dataclasses.dataclass(frozen=True)
class Goal:
    """The most that we mean to need, as multiples of what sharp needs."""

    cpu: float
    peak: float


@dataclasses.dataclass(frozen=True)
class Case:
    """One row of the tables."""

    file: pathlib.Path
    source: str
    output_format: str
    goal: Goal | None = None
    # Of a process that makes just one.
    process_goal: Goal | None = None
    # Whether every contender has a go, or just we and sharp.
    all_contenders: bool = True

    @property
    def label(self):
        made = f" → {OUTPUT_NAMES[self.output_format]}"
        room = LABEL_CHARACTERS - len(made)
        source = self.source if len(self.source) <= room else self.source[: room - 1] + "…"
        return source + made


# File, what it is, and the goals of each output. An alpha channel would be lost in JPEG, so nobody asks for that.
GENERATED = (
    ("24mp.jpg", "24 MP JPEG", {"jpeg": Goal(0.35, 0.12), "webp": Goal(0.58, 0.15)}),
    ("12mp.jpg", "12 MP JPEG", {"jpeg": Goal(0.40, 0.12), "webp": Goal(0.65, 0.12)}),
    ("3mp.jpg", "3 MP JPEG", {"jpeg": Goal(0.35, 0.10), "webp": Goal(0.60, 0.10)}),
    ("12mp-progressive.jpg", "12 MP progressive", {"jpeg": Goal(0.55, 0.30), "webp": Goal(0.65, 0.30)}),
    ("12mp.png", "12 MP PNG", {"jpeg": Goal(0.50, 0.25), "webp": Goal(0.60, 0.25)}),
    ("12mp-rgba.png", "12 MP RGBA PNG", {"webp": Goal(0.60, 0.30)}),
    ("12mp.webp", "12 MP WebP", {"jpeg": Goal(0.50, 0.12), "webp": Goal(0.65, 0.12)}),
    ("12mp.avif", "12 MP AVIF", {"jpeg": Goal(0.50, 0.50)}),
    ("animation.gif", "GIF, first frame", {"jpeg": Goal(0.20, 0.15)}),
)
# What other cameras make of it: less usual samplings, profiles, turned pictures, more and less grain.
CAMERAS = (
    ("24mp-422.jpg", "24 MP 4:2:2, grainy"),
    ("12mp-p3-upright.jpg", "12 MP P3, turned"),
    ("8mp-444.jpg", "8 MP 4:4:4"),
    ("9mp-wide.jpg", "9 MP 16:9, grainy"),
)
# The picture whose row has a goal for a whole process as well, and which each program is held against itself with.
USUAL = "12mp.jpg"
ONE_PROCESS = Goal(0.20, 0.20)
QUICK = "3mp.jpg"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".avif", ".bmp"}


def generated(folder, quick):
    """The generator's pictures, or just the smallest of them."""
    usual = [
        Case(folder / file, source, output, goal, process_goal(file, output))
        for file, source, goals in GENERATED
        for output, goal in goals.items()
        if file == QUICK or not quick
    ]
    cameras = [Case(folder / file, source, "jpeg", all_contenders=False) for file, source in CAMERAS]
    return usual if quick else usual + cameras


def process_goal(file, output):
    return ONE_PROCESS if (file, output) == (USUAL, "jpeg") else None


def of_folder(folder):
    """Somebody's own pictures: each file to each format."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    return [Case(file, file.name, output) for file in files for output in OUTPUT_NAMES]


def held_against_itself(todo):
    """The case with which each program is measured twice over: the usual one, or what there is."""
    usual = (case for case in todo if case.file.name == USUAL and case.output_format == "jpeg")
    return next(usual, todo[0])
