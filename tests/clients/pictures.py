"""Pictures made here, so that a test says what it uploads and needs no library that could read it differently.

PNG (W3C, "Portable Network Graphics Specification") needs nothing but zlib and a checksum.
"""

import random
import struct
import zlib


def png(width, height, colour=(200, 80, 40), level=6):
    """A picture of one colour with a darker frame, so that an overwrite with another colour gives other thumbnails."""
    plain = bytes(colour) * width
    framed = bytes(part // 2 for part in colour)
    inner = framed + plain[3:-3] + framed if width > 2 else framed * width
    rows = [framed * width if row in (0, height - 1) else inner for row in range(height)]
    return _png(width, height, b"".join(b"\0" + row for row in rows), level)


def noise(width, height, seed=1):
    """A picture of random pixels, which nothing compresses: about three bytes each."""
    source = random.Random(seed)
    rows = b"".join(b"\0" + source.randbytes(3 * width) for _ in range(height))
    return _png(width, height, rows, 0)


def _png(width, height, rows, level):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, level)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def webp_size(picture):
    """Width and height in the header of a WebP picture (RFC 9649)."""
    assert picture[:4] == b"RIFF" and picture[8:12] == b"WEBP", picture[:16]
    assert struct.unpack("<I", picture[4:8])[0] + 8 == len(picture), "the picture is cut short"
    kind, body = picture[12:16], picture[20:]
    if kind == b"VP8 ":
        assert body[3:6] == b"\x9d\x01\x2a", body[:10]
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    assert kind == b"VP8L" and body[0] == 0x2F, kind
    bits = int.from_bytes(body[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
