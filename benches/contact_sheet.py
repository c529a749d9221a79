"""`make contact-sheet`: hard pictures, ours beside sharp's, for the eye: target/contact-sheet.png.

Thumbnails are lossless here, so that what differs is decoding, colours and filtering, and not an encoder. Each pair is
labelled with how far apart the two are: PSNR, and dE, the colour difference of CIE 1976, of which about 2 is what an
eye begins to see. Neither side is taken to be right: look where they differ.
"""

import argparse
import os
import pathlib
import sys
import tempfile

import numpy
from PIL import Image, ImageDraw, ImageFont

import contenders

REPOSITORY = contenders.BENCHES.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
WIDTH = 320
# What differs is shown this many times as strong.
AMPLIFIED = 8
CELL, MARGIN, CAPTION, PAIRS_ACROSS = (320, 240), 8, 34, 2

SAMPLES = (
    ("cmyk.jpg", "CMYK JPEG"),
    ("ycck.jpg", "YCCK JPEG"),
    ("grayscale.jpg", "gray JPEG"),
    ("progressive.jpg", "progressive JPEG"),
    ("orientation-6.jpg", "orientation 6"),
    ("text.png", "text in PNG"),
    ("palette.png", "palette with tRNS"),
    ("gradient-16-bit.png", "16-bit gradient"),
    ("bilevel.png", "1-bit chessboard"),
    ("alpha.png", "PNG with alpha"),
    ("transparent.webp", "WebP with alpha"),
    ("animation.gif", "animated GIF"),
    ("hairline.png", "extreme aspect"),
    ("scan.tiff", "TIFF"),
)
LARGE = (
    ("12mp-p3-upright.jpg", "Display P3, orientation 6"),
    ("9mp-wide.jpg", "grain"),
    ("8mp-444.jpg", "4:4:4"),
    ("interlaced.png", "interlaced PNG"),
    ("12mp-rgba.png", "cut out, RGBA"),
    ("12mp.webp", "WebP"),
    ("12mp.avif", "AVIF"),
)


class Pair:
    """One picture by both, or what was said instead."""

    def __init__(self, file, label, sides, folder):
        self.label = f"{label} ({file.name})"
        self.made, self.said = {}, {}
        for side in sides:
            out = pathlib.Path(tempfile.mkdtemp(dir=folder))
            try:
                contenders.warm_up(side, file, "png", out)
            except contenders.Unsupported as unsupported:
                self.said[side.name] = str(unsupported)
                continue
            with Image.open(contenders.output(out, WIDTH)) as thumbnail:
                self.made[side.name] = on_chessboard(thumbnail.convert("RGBA"))

    def difference(self):
        """A picture of it and a line about it; no picture where there is nothing to subtract."""
        if len(self.made) < 2:
            return None, "; ".join(f"{name}: {said}" for name, said in self.said.items())
        ours, theirs = self.made.values()
        if ours.size != theirs.size:
            return None, f"thumbline {ours.size}, sharp {theirs.size}"
        one, other = (numpy.asarray(picture, dtype=numpy.float64) for picture in (ours, theirs))
        shown = numpy.clip(128 + (one - other) * AMPLIFIED, 0, 255).astype(numpy.uint8)
        apart = numpy.linalg.norm(lab(one) - lab(other), axis=-1)
        facts = f"PSNR {psnr(one, other)}, dE mean {apart.mean():.2f}, 99 % below {numpy.percentile(apart, 99):.1f}"
        return Image.fromarray(shown), facts


def on_chessboard(picture):
    """What is transparent is to be seen as such."""
    rows, columns = numpy.indices((picture.height, picture.width)) // 8
    board = numpy.where((rows + columns) % 2 == 0, 255, 200).astype(numpy.uint8)
    below = Image.fromarray(board).convert("RGBA")
    return Image.alpha_composite(below, picture).convert("RGB")


def psnr(one, other):
    error = ((one - other) ** 2).mean()
    return "infinite" if error == 0 else f"{10 * numpy.log10(255**2 / error):.1f} dB"


def lab(samples):
    """sRGB (IEC 61966-2-1) to CIE L*a*b* under D65."""
    encoded = samples / 255
    linear = numpy.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ratios = (linear @ numpy.array(to_xyz).T) / [0.9505, 1.0, 1.089]
    x, y, z = numpy.moveaxis(numpy.where(ratios > 0.008856, numpy.cbrt(ratios), 7.787 * ratios + 16 / 116), -1, 0)
    return numpy.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def sheet(pairs):
    """Ours, sharp's, and the difference, two pictures to a row."""
    unit = (3 * (CELL[0] + MARGIN) + 2 * MARGIN, CELL[1] + CAPTION + MARGIN)
    rows = -(-len(pairs) // PAIRS_ACROSS)
    picture = Image.new("RGB", (PAIRS_ACROSS * unit[0] + MARGIN, rows * unit[1] + MARGIN), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    for number, pair in enumerate(pairs):
        left = MARGIN + number % PAIRS_ACROSS * unit[0]
        top = MARGIN + number // PAIRS_ACROSS * unit[1]
        difference, facts = pair.difference()
        draw.text((left, top), f"{pair.label}: thumbline, sharp, difference x{AMPLIFIED}", "black", font)
        draw.text((left, top + 16), facts[:150], "black", font)
        for column, one in enumerate([pair.made.get("thumbline"), pair.made.get("sharp"), difference]):
            if one:
                corner = (left + column * (CELL[0] + MARGIN), top + CAPTION)
                # Whole pixels, in part where there is too much of it: nothing is resampled for the sheet.
                picture.paste(one.crop((0, 0, min(one.width, CELL[0]), min(one.height, CELL[1]))), corner)
    return picture


def main():
    parser = argparse.ArgumentParser(prog="contact_sheet.py", description="Hard pictures, ours beside sharp's.")
    parser.add_argument("--thumbline", type=pathlib.Path, default=TARGET / "release/thumbline", metavar="FILE")
    parser.add_argument("--sharp", type=pathlib.Path, default=TARGET / "bench/sharp", metavar="DIR")
    parser.add_argument("--out", type=pathlib.Path, default=TARGET / "contact-sheet.png", metavar="FILE")
    chosen = parser.parse_args()
    sides = [contenders.Thumbline(chosen.thumbline.resolve()), contenders.Sharp(chosen.sharp.resolve(), "one-decode")]
    samples = [(REPOSITORY / "samples/pictures" / name, label) for name, label in SAMPLES]
    large = [(TARGET / "bench/pictures" / name, label) for name, label in LARGE]
    with tempfile.TemporaryDirectory(prefix="thumbline-sheet-") as folder:
        pairs = [Pair(file, label, sides, folder) for file, label in samples + large]
    for pair in pairs:
        print(f"{pair.label:<50} {pair.difference()[1]}")
    sheet(pairs).save(chosen.out)
    print(f"{chosen.out} is written", file=sys.stderr)


if __name__ == "__main__":
    main()
