"""The benchmark's job in Pillow's fastest form of quality: `draft`, Lanczos, smaller pictures made of the largest."""

import PIL
from PIL import Image, ImageOps

import job

Image.MAX_IMAGE_PIXELS = None


def render(file, what):
    largest, *smaller = what.widths
    with Image.open(file) as opened:
        # Only for JPEG, and never below the size that is asked for, whichever way the camera was held.
        opened.draft("RGB", (largest, largest))
        upright = ImageOps.exif_transpose(opened)
    picture = fit(upright.convert("RGBA" if upright.has_transparency_data else "RGB"), largest)
    write(picture, largest, what)
    for width in smaller:
        write(fit(picture, width), width, what)


def fit(picture, width):
    """No wider than `width`, never enlarged."""
    if picture.width <= width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    # Boxes down to twice the size, as its documentation advises for speed; Lanczos from there.
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def write(picture, width, what):
    if what.format == "webp":
        picture.save(job.path(what, width), "WEBP", quality=what.quality, method=4)
        return
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    picture.save(job.path(what, width), "JPEG", quality=what.quality)


if __name__ == "__main__":
    job.run(render, {"Pillow": PIL.__version__})
