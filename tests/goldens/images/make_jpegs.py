"""Writes jpegs.safetensors: a grid of JPEG files, and Pillow's pixels of each.

    apt-get install libjpeg-turbo-progs
    python -m venv /tmp/venv && /tmp/venv/bin/pip install pillow==13.0.0 numpy safetensors
    /tmp/venv/bin/python tests/goldens/images/make_jpegs.py

`cjpeg` encodes every combination of size, colour space, sampling and order of
scans. Each tensor `file/<case>` is a JPEG file. Its metadata entry `<case>`
names the tensor `pixels/<n>` [height, width, 3] that Pillow decodes it to:
the order of scans does not change the pixels, so that several cases share one.
"""

import io
import itertools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
PHOTOS = HERE.parents[2] / "photos"
SIZES = [(1, 1), (8, 8), (17, 33), (67, 21), (98, 13)]
# Horizontal x vertical factors of each component, as cjpeg's -sample takes them.
SAMPLINGS = [
    "1x1,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,1x1", "2x2,1x1,1x1", "4x1,1x1,1x1", "1x4,1x1,1x1",
    "4x2,1x1,1x1", "2x4,1x1,1x1", "3x1,1x1,1x1", "1x3,1x1,1x1", "3x2,1x1,1x1",
    # Both chroma components sampled finer than the least, or each otherwise.
    "2x2,2x1,2x1", "2x2,1x2,1x2", "2x2,2x2,2x2", "2x1,2x1,2x1", "1x2,1x2,1x2", "4x2,2x1,2x1",
    "4x1,2x1,2x1", "4x1,4x1,1x1", "1x4,1x2,1x2", "2x4,1x2,1x2", "2x4,2x1,1x1", "2x2,2x1,1x2", "2x2,1x1,2x1", "2x1,1x1,2x1", "2x1,2x1,1x1",
    # Luma sampled below chroma.
    "1x1,2x2,2x2", "1x1,2x1,2x1", "1x1,1x2,1x2", "1x1,2x1,1x1", "2x1,1x2,1x2", "1x2,2x1,2x1",
    "2x1,2x2,2x2",
]
SCANS = {
    "baseline": [],
    "progressive": ["-progressive"],
    "scans_Y_Cb_Cr": ["-scans", "0;1;2;"],
    "scans_Y_CbCr": ["-scans", "0;1 2;"],
    "scans_YCb_Cr": ["-scans", "0 1;2;"],
    "restart_rows": ["-restart", "1"],
    "restart_blocks": ["-restart", "3B"],
    "scans_restart": ["-scans", "0;1;2;", "-restart", "2B"],
    "progressive_restart": ["-progressive", "-restart", "1B"],
    "progressive_scans": ["-scans", "0 1 2: 0 0, 0, 1; 0: 1 63, 0, 0; 1: 1 63, 0, 0; 2: 1 63, 0, 0; 0 1 2: 0 0, 1, 0;"],
    "progressive_Y_Cb_Cr": ["-scans", "0: 0 0, 0, 0; 1: 0 0, 0, 0; 2: 0 0, 0, 0; 0: 1 63, 0, 0; 1: 1 63, 0, 0; 2: 1 63, 0, 0;"],
}
GRAY_SCANS = {
    "baseline": [],
    "progressive": ["-progressive"],
    "restart_blocks": ["-restart", "2B"],
}
FEW = ["baseline", "progressive", "scans_Y_Cb_Cr", "restart_blocks"]

files, pixels, metadata = {}, [], {}


def photo(width, height):
    """A crop with fine and coarse detail in brightness and in colour."""
    coffee = Image.open(PHOTOS / "coffee.png").convert("RGB")
    return coffee.crop((60, 40, 60 + 6 * width, 40 + 6 * height)).resize((width, height), Image.BICUBIC)


def cjpeg(image, options):
    ppm = io.BytesIO()
    image.save(ppm, "PPM")
    options, scans = list(options), None
    with tempfile.TemporaryDirectory() as folder:
        if "-scans" in options:
            at = options.index("-scans") + 1
            scans = Path(folder) / "scans"
            scans.write_text(options[at])
            options[at] = str(scans)
        done = subprocess.run(["cjpeg", "-quality", "88", *options], input=ppm.getvalue(),
                              capture_output=True, check=False)
    # Not every combination can be encoded: an MCU has at most ten blocks.
    return done.stdout if done.returncode == 0 else None


def add(case, data):
    with Image.open(io.BytesIO(data)) as image:
        seen = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    files[f"file/{case}"] = np.frombuffer(data, np.uint8)
    same = (i for i, other in enumerate(pixels) if other.shape == seen.shape and (other == seen).all())
    at = next(same, None)
    if at is None:
        at = len(pixels)
        pixels.append(seen)
    metadata[case] = f"pixels/{at}"


def segment(data, marker):
    """Where the first segment of this marker lies, its two marker bytes included."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return at, at + 2 + int.from_bytes(data[at + 2:at + 4], "big")


def cmyk(image, adobe, **options):
    """Pillow's CMYK file with that transform in its Adobe marker, or without the marker.
    Transform 2 makes the channels YCCK."""
    out = io.BytesIO()
    image.convert("CMYK").save(out, "JPEG", quality=88, **options)
    data = bytearray(out.getvalue())
    start, end = segment(data, 0xEE)
    if adobe is None:
        return bytes(data[:start] + data[end:])
    data[end - 1] = adobe
    return bytes(data)


def marked(data, jfif, adobe, ids):
    """The file with or without a JFIF marker, an Adobe transform, and other component ids."""
    data = bytearray(data)
    for marker, first, step in ((0xC0, 10, 3), (0xDA, 5, 2)):
        at, _ = segment(data, marker)
        for i, id in enumerate(ids):
            data[at + first + step * i] = id
    start, end = segment(data, 0xE0)
    app = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([adobe]) if adobe is not None else b""
    return bytes(data[:end if jfif else start] + app + data[end:])


def main():
    for (width, height), sampling in itertools.product(SIZES, SAMPLINGS):
        for scans, options in SCANS.items():
            data = cjpeg(photo(width, height), ["-sample", sampling, *options])
            if data:
                add(f"ycc/{width}x{height}/{sampling}/{scans}", data)
    for (width, height), scans in itertools.product(SIZES, FEW):
        for sampling in ("1x1,1x1,1x1", "2x2,1x1,1x1", "2x1,1x1,1x1", "1x1,2x2,1x1"):
            data = cjpeg(photo(width, height), ["-rgb", "-sample", sampling, *SCANS[scans]])
            if data:
                add(f"rgb/{width}x{height}/{sampling}/{scans}", data)
    for (width, height), (scans, options) in itertools.product(SIZES, GRAY_SCANS.items()):
        for sampling in ("1x1", "2x2", "2x1", "1x2", "4x1"):
            data = cjpeg(photo(width, height), ["-grayscale", "-sample", sampling, *options])
            if data:
                add(f"gray/{width}x{height}/{sampling}/{scans}", data)
    for (width, height), adobe, progressive in itertools.product(SIZES, (None, 0, 1, 2), (False, True)):
        scans = "progressive" if progressive else "baseline"
        data = cmyk(photo(width, height), adobe, progressive=progressive)
        add(f"cmyk/{width}x{height}/adobe-{adobe}/{scans}", data)
    for (width, height), sampling in itertools.product(SIZES, ("1x1,1x1,1x1", "2x2,1x1,1x1")):
        plain = cjpeg(photo(width, height), ["-sample", sampling])
        for jfif, adobe, ids in itertools.product((True, False), (None, 0, 1, 2), (b"\1\2\3", b"\0\1\2", b"RGB", b"\1\x22\x23")):
            name = f"{'jfif' if jfif else 'none'}-{adobe}-{ids.hex()}"
            add(f"marked/{width}x{height}/{sampling}/{name}", marked(plain, jfif, adobe, ids))
    tensors = files | {f"pixels/{i}": p for i, p in enumerate(pixels)}
    save_file(tensors, HERE / "jpegs.safetensors", metadata=metadata)
    print(len(files), "files", len(pixels), "pictures", sum(t.nbytes for t in tensors.values()), "bytes")


main()
