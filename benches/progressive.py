"""Writes a picture as a progressive JPEG: `progressive.py 12mp.png 12mp-progressive.jpg`.

By libjpeg-turbo, with its own list of scans, which is what most progressive files have: bits of a coefficient come in
several scans. The generator's encoder sends each coefficient whole, and such files are decoded in less time.
"""

import sys

from PIL import Image

# As the generator's other JPEGs are.
QUALITY, SUBSAMPLING = 90, "4:2:0"


def main(source, destination):
    with Image.open(source) as picture:
        picture.save(destination, "JPEG", quality=QUALITY, subsampling=SUBSAMPLING, progressive=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
