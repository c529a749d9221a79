"""The pictures of `make bench-memory`: one scene, from 1 to 100 megapixels, in every format.

Written by libvips, which streams: a large picture is never whole in memory where its format does not ask for that. A
larger one shows more of the same, so that its bytes grow as its pixels do.
"""

import dataclasses
import math
import pathlib
import struct
import subprocess
import sys
import typing

MEGAPIXELS = (1, 4, 12, 25, 50, 100)
# What of the drawn pictures is smooth.
SKY_SHARE = 0.4
# Pixels of cameras that count a hundred million are not sharp one by one; sharp ones, kept without loss, would make
# larger files than anybody takes.
BLURRED_PIXELS, ENLARGED = 1.5, 4


@dataclasses.dataclass(frozen=True)
class Kind:
    """A format, and how libvips, or we, write it."""

    name: str
    extension: str
    write: typing.Callable

    def make(self, base, megapixels, folder):
        """The file, made if it is not there yet, in a process of its own: what that takes is given back."""
        file = pathlib.Path(folder) / f"{self.name.replace(' ', '-').lower()}-{megapixels}.{self.extension}"
        if not file.exists():
            command = [sys.executable, __file__, str(base), self.name, str(megapixels), str(file)]
            subprocess.run(command, check=True)
        return file


def scene(base, megapixels):
    """`megapixels` of the base picture, 4:3, enlarged, without its sky, beginning again where it ends."""
    import pyvips

    picture = pyvips.Image.new_from_file(str(base), access="random")
    sky = round(picture.height * SKY_SHARE)
    ground = picture.crop(0, sky, picture.width, picture.height - sky).gaussblur(BLURRED_PIXELS).copy_memory()
    ground = ground.resize(ENLARGED, kernel="cubic")
    width = round(math.sqrt(megapixels * 1e6 * 4 / 3))
    height = round(width * 3 / 4)
    across, down = -(-width // ground.width), -(-height // ground.height)
    return ground.replicate(across, down).crop(0, 0, width, height)


def write_bmp(picture, file):
    """24 bits, not compressed, from the bottom up (BITMAPINFOHEADER); libvips has no writer for it."""
    width, height = picture.width, picture.height
    padding = b"\0" * (-width * 3 % 4)
    size = (width * 3 + len(padding)) * height
    bgr = picture.bandsplit()[2].bandjoin([picture.bandsplit()[1], picture.bandsplit()[0]])
    strip = 256
    with open(file, "wb") as out:
        out.write(
            b"BM" + struct.pack("<IIIIiiHHIIiiII", 54 + size, 0, 54, 40, width, height, 1, 24, 0, size, 0, 0, 0, 0)
        )
        for bottom in range(height, 0, -strip):
            rows = min(strip, bottom)
            samples = bytes(bgr.crop(0, bottom - rows, width, rows).write_to_memory())
            for row in range(rows - 1, -1, -1):
                out.write(samples[row * width * 3 : (row + 1) * width * 3] + padding)


KINDS = (
    Kind("JPEG", "jpg", lambda picture, file: picture.jpegsave(file, Q=92, keep="none")),
    Kind("JPEG progressive", "jpg", lambda picture, file: picture.jpegsave(file, Q=92, interlace=True, keep="none")),
    Kind("PNG", "png", lambda picture, file: picture.pngsave(file, filter="all", keep="none")),
    Kind(
        "PNG interlaced", "png", lambda picture, file: picture.pngsave(file, interlace=True, filter="all", keep="none")
    ),
    Kind("WebP", "webp", lambda picture, file: picture.webpsave(file, Q=80, effort=1, keep="none")),
    Kind("WebP lossless", "webp", lambda picture, file: picture.webpsave(file, lossless=True, effort=0, keep="none")),
    Kind("GIF", "gif", lambda picture, file: picture.gifsave(file, effort=1, dither=0, keep="none")),
    Kind("AVIF", "avif", lambda picture, file: picture.heifsave(file, compression="av1", Q=60, effort=0, keep="none")),
    Kind(
        "TIFF",
        "tif",
        lambda picture, file: picture.tiffsave(file, compression="lzw", predictor="horizontal", keep="none"),
    ),
    Kind("BMP", "bmp", write_bmp),
)


def main(base, name, megapixels, file):
    kind = next(kind for kind in KINDS if kind.name == name)
    # Not under its name before it is whole.
    unfinished = file + ".part"
    kind.write(scene(base, int(megapixels)), unfinished)
    pathlib.Path(unfinished).rename(file)


if __name__ == "__main__":
    main(*sys.argv[1:])
