"""Derives what the generator does not write from what it did: `pictures.py target/bench/pictures`.

By the libraries that wrote most such files in the world: progressive JPEG by libjpeg-turbo with its own list of scans,
where the bits of a coefficient come in several scans (the generator's encoder sends each whole, and such files are
decoded in less time); AVIF by libavif; interlaced PNG by libvips; GIF with a palette for each frame.
"""

import pathlib
import sys

import pyvips
from PIL import Image

# As the generator's other pictures are.
JPEG = {"quality": 90, "subsampling": "4:2:0"}
# What encoders for the web are set to; the speed only decides how long it takes here.
AVIF = {"quality": 70, "subsampling": "4:2:0", "speed": 8}
GIF_SIZE, GIF_FRAMES = (1280, 960), 12


def main(folder):
    folder = pathlib.Path(folder)
    with Image.open(folder / "12mp.png") as picture:
        picture.load()
    picture.save(folder / "12mp-progressive.jpg", "JPEG", progressive=True, **JPEG)
    picture.save(folder / "12mp.avif", "AVIF", **AVIF)
    animate(picture, folder / "animation.gif")
    pyvips.Image.new_from_file(str(folder / "3mp.jpg")).pngsave(str(folder / "interlaced.png"), interlace=True)


def animate(picture, file):
    """A camera that moves over the picture."""
    width, height = GIF_SIZE
    frames = []
    for number in range(GIF_FRAMES):
        left, top = 100 * number, 50 * number
        view = picture.crop((left, top, left + 2 * width, top + 2 * height))
        frames.append(view.resize(GIF_SIZE, Image.Resampling.LANCZOS).quantize(256))
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
