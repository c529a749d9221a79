"""How near a thumbnail comes to the best one: a full decode and exact Lanczos3, judged by SSIM.

Speed is easily had by decoding less and filtering worse, so no cost is shown without this beside it. The ideal is made
of floating-point numbers throughout, rounded nowhere.
"""

import io

import numpy
from PIL import Image, ImageCms, ImageOps

# ITU-R BT.601, which JPEG and WebP have their luma from.
LUMA = numpy.array([0.299, 0.587, 0.114], dtype=numpy.float32)
WHITE = 255.0

# Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004: the window, and the
# constants for samples of 8 bits.
WINDOW_SIDE, WINDOW_SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

# Whoever names a picture for a benchmark means it: no guard against large ones.
Image.MAX_IMAGE_PIXELS = None


class Reference:
    """A picture in full: what every ideal thumbnail is made of. Ideals are kept, since many are held against them."""

    def __init__(self, file):
        # Luma is a sum of the stored values, as filtering is: it may as well be taken first.
        self.plane = Image.fromarray(luma(upright(file)))
        self.ideals = {}

    def ideal(self, size):
        if size not in self.ideals:
            self.ideals[size] = numpy.asarray(self.plane.resize(size, Image.Resampling.LANCZOS), dtype=numpy.float64)
        return self.ideals[size]

    def similarity(self, thumbnail):
        """The SSIM, 1 at best, of a thumbnail's luma to that of the ideal one of its size."""
        with Image.open(thumbnail) as opened:
            actual = luma(opened.convert("RGBA" if opened.has_transparency_data else "RGB"))
        height, width = actual.shape
        return ssim(self.ideal((width, height)), actual.astype(numpy.float64))


def upright(file):
    """The first frame as it is to be seen, in sRGB, with transparency if it has any."""
    with Image.open(file) as opened:
        picture = ImageOps.exif_transpose(opened)
        profile = opened.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "CMYK"):
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode="RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def luma(picture):
    """Of each pixel, as a float; what is transparent stands on white."""
    samples = numpy.asarray(picture)
    plane = samples[..., :3] @ LUMA
    if picture.mode == "RGBA":
        plane = WHITE + (plane - WHITE) * (samples[..., 3].astype(numpy.float32) / 255)
    return plane


def ssim(left, right):
    left_mean, right_mean = blur(left), blur(right)
    left_variance = blur(left * left) - left_mean**2
    right_variance = blur(right * right) - right_mean**2
    covariance = blur(left * right) - left_mean * right_mean
    brightness = (2 * left_mean * right_mean + C1) / (left_mean**2 + right_mean**2 + C1)
    structure = (2 * covariance + C2) / (left_variance + right_variance + C2)
    return float((brightness * structure).mean())


def blur(plane):
    """A Gaussian window around each sample, mirrored at the edges: down, then across."""
    reach = WINDOW_SIDE // 2
    weights = numpy.exp(-(numpy.arange(-reach, reach + 1) ** 2) / (2 * WINDOW_SIGMA**2))
    weights /= weights.sum()
    for _ in range(2):
        padded = numpy.pad(plane, ((reach, reach), (0, 0)), mode="symmetric")
        plane = sum(weight * padded[at : at + len(plane)] for at, weight in enumerate(weights)).T
    return plane
