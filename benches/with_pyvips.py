"""The benchmark's job in pyvips' fastest form: shrunk while loading, smaller pictures made of the largest."""

import pyvips

import job

# Nothing remembered between pictures: what is measured is the work.
pyvips.cache_set_max(0)
# Of height, none: thumbnails are bounded by their width.
UNBOUNDED = 10_000_000


def render(file, what):
    largest, *smaller = what.widths
    picture = pyvips.Image.thumbnail(file, largest, height=UNBOUNDED, size="down").copy_memory()
    write(picture, largest, what)
    for width in smaller:
        write(picture.thumbnail_image(width, height=UNBOUNDED, size="down"), width, what)


def write(picture, width, what):
    if what.format == "webp":
        picture.webpsave(job.path(what, width), Q=what.quality, effort=4, keep="none")
        return
    if picture.hasalpha():
        picture = picture.flatten(background=255)
    picture.jpegsave(job.path(what, width), Q=what.quality, keep="none")


if __name__ == "__main__":
    job.run(render, {"pyvips": pyvips.__version__})
