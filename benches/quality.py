"""How near a thumbnail comes to the best one: a full decode and exact Lanczos3, judged by SSIM.

Speed is easily had by decoding less and filtering worse, so no cost is shown without this beside it.
"""

import io

import numpy
from PIL import Image, ImageCms, ImageOps

# ITU-R BT.601, which JPEG and WebP have their luma from.
LUMA = numpy.array([0.299, 0.587, 0.114])

# Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", 2004: the window, and the
# constants for samples of 8 bits.
WINDOW_SIDE, WINDOW_SIGMA = 11, 1.5
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

# Whoever names a picture for a benchmark means it: no guard against large ones.
Image.MAX_IMAGE_PIXELS = None


def reference(file):
    """The picture in full, upright, in sRGB: what every ideal thumbnail is made of."""
    with Image.open(file) as opened:
        picture = ImageOps.exif_transpose(opened)
        profile = opened.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "CMYK"):
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, io.BytesIO(profile), srgb, outputMode="RGB")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def similarity(full, thumbnail):
    """The SSIM, 1 at best, of a thumbnail's luma to that of the ideal one of its size. Transparency stands on white."""
    with Image.open(thumbnail) as opened:
        actual = opened.convert("RGBA")
    # Pillow resizes colours weighted by their alpha.
    ideal = full.resize(actual.size, Image.Resampling.LANCZOS)
    return ssim(luma(ideal), luma(actual))


def luma(picture):
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return numpy.asarray(picture.convert("RGB"), dtype=numpy.float64) @ LUMA


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
