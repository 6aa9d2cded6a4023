"""Writes the images that tests/preprocess.rs compares against.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install pillow==13.0.0 numpy
    /tmp/venv/bin/python tests/goldens/images/make_images.py

Pillow does the decoding and the resizing; the crop is torchvision's
`center_crop`, written out below. `inputs/` are files for the decoder,
`expected/` what Pillow makes of them, `crops/` resized and cropped photos.
`decodes.csv` and `crops.csv` list the cases, with the largest and the mean
difference that each is allowed; `versions.txt` says what made them.
"""

import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps, features

HERE = Path(__file__).resolve().parent
PHOTOS = HERE.parents[2] / "photos"
FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
# Lossless; where decoders of JPEG differ; and where they also upsample colour.
EXACT, NEAR, NEAR_420 = (0, 0.0), (3, 0.5), (4, 0.5)


def rgb(image):
    """The image upright, as 8-bit RGB, without metadata to carry into a golden."""
    return Image.fromarray(np.asarray(ImageOps.exif_transpose(image).convert("RGB")))


def resize(image, size, name):
    """torchvision.transforms.functional.resize(image, size) on a Pillow image."""
    width, height = image.size
    short, long = sorted((width, height))
    longer = int(size * long / short)
    target = (size, longer) if width <= height else (longer, size)
    return image if target == image.size else image.resize(target, FILTERS[name])


def center_crop(image, height, width):
    """torchvision.transforms.functional.center_crop on a Pillow image."""
    w, h = image.size
    if width > w or height > h:
        left, top = max(width - w, 0) // 2, max(height - h, 0) // 2
        padded = Image.new("RGB", (max(width, w), max(height, h)))
        padded.paste(image, (left, top))
        image, (w, h) = padded, padded.size
    top, left = int(round((h - height) / 2.0)), int(round((w - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


crops = ["# input,golden,interpolation,resize,crop height,crop width,max,mean"]
decodes = ["# input,golden,max,mean"]


def add_crop(path, name, size, height, width, allowed):
    golden = f"crops/{path.stem}_{name}_{size}_{height}x{width}.png"
    image = rgb(Image.open(path))
    if size == "squash":  # as transformers' processors that do not crop
        out = image.resize((width, height), FILTERS[name])
    else:
        out = center_crop(resize(image, size, name), height, width)
    out.save(HERE / golden, optimize=True)
    where = path.relative_to(HERE.parents[2])
    crops.append(f"{where},{golden},{name},{size},{height},{width},{allowed[0]},{allowed[1]}")


def add_decode(file, allowed, expected=None):
    golden = f"expected/{file.replace('.', '_')}.png"
    if expected is None:
        expected = rgb(Image.open(HERE / "inputs" / file))
    expected.save(HERE / golden, optimize=True)
    decodes.append(f"inputs/{file},{golden},{allowed[0]},{allowed[1]}")


def add_input(image, file, allowed=EXACT, expected=None, **options):
    image.save(HERE / "inputs" / file, **options)
    add_decode(file, allowed, expected)


def png_rgb16(pixels, alpha):
    """A 16-bit RGB or RGBA PNG, which Pillow reads but does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 6 if alpha else 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make_decodes():
    chelsea = rgb(Image.open(PHOTOS / "chelsea.png"))
    tiny = chelsea.crop((140, 60, 340, 220)).resize((37, 29), Image.BICUBIC)
    gray = tiny.convert("L")
    fade = Image.linear_gradient("L").resize(tiny.size)

    add_input(tiny, "rgb.png")
    add_input(gray, "gray.png")
    add_input(gray.convert("1"), "one_bit.png")
    add_input(Image.merge("LA", (gray, fade)), "gray_alpha.png")
    add_input(Image.merge("RGBA", (*tiny.split(), fade)), "rgba.png")
    palette = tiny.quantize(16)
    add_input(palette, "palette.png")
    add_input(palette, "palette_transparent.png", transparency=3)
    add_input(tiny, "rgb_transparent.png", transparency=tiny.getpixel((0, 0)))
    add_input(Image.new("RGB", (1, 1), (200, 100, 50)), "one_pixel.png")

    deep = np.random.default_rng(0).integers(0, 65536, (29, 37, 4), dtype=np.uint16)
    # Pillow's convert("RGB") clips 16-bit gray to 255; the high byte is meant.
    high = Image.fromarray((deep[..., 0] >> 8).astype(np.uint8)).convert("RGB")
    for file in ("gray16.png", "gray16.tiff"):
        add_input(Image.fromarray(deep[..., 0]), file, expected=high)
    for file, channels in (("rgb16.png", 3), ("rgba16.png", 4)):
        (HERE / "inputs" / file).write_bytes(png_rgb16(deep[..., :channels], channels == 4))
        add_decode(file, EXACT)

    add_input(tiny, "lossless.webp", lossless=True)
    add_input(Image.merge("RGBA", (*tiny.split(), fade)), "alpha.webp", lossless=True, exact=True)
    add_input(tiny, "lossy.webp", quality=80)
    add_input(tiny, "rgb.bmp")
    add_input(gray, "gray.bmp")
    add_input(palette, "palette.bmp")
    add_input(tiny.quantize(64), "still.gif")
    add_input(tiny.quantize(64), "animated.gif", save_all=True, duration=100,
              append_images=[ImageOps.invert(tiny).quantize(64)])
    add_input(palette, "transparent.gif", transparency=3)
    add_input(tiny, "rgb.tiff")
    add_input(tiny, "lzw.tiff", compression="tiff_lzw")
    add_input(gray, "gray.tiff", compression="tiff_adobe_deflate")
    add_input(Image.merge("RGBA", (*tiny.split(), fade)), "rgba.tiff")

    rocket = rgb(Image.open(PHOTOS / "rocket.jpg"))
    small = rocket.resize((160, 107), Image.BICUBIC)
    add_input(small, "photo_420.jpg", NEAR_420, quality=90)
    add_input(small, "photo_444.jpg", NEAR, quality=90, subsampling=0)
    add_input(small, "photo_progressive.jpg", NEAR_420, quality=90, progressive=True)
    add_input(small.convert("L"), "photo_gray.jpg", NEAR, quality=90)
    add_input(small.convert("CMYK"), "photo_cmyk.jpg", NEAR, quality=90)

    # No two of the eight orientations of this picture look alike.
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        add_input(tiny, f"orientation_{orientation}.jpg", NEAR, quality=90, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    add_input(tiny, "orientation_6.png", exif=exif)
    add_input(tiny, "orientation_6.webp", lossless=True, exif=exif)
    add_input(tiny, "orientation_6.tiff", exif=exif)

    chelsea.crop((200, 100, 217, 123)).save(HERE / "inputs" / "narrow_17x23.png")
    chelsea.crop((20, 150, 420, 153)).save(HERE / "inputs" / "strip_400x3.png")
    chelsea.crop((150, 10, 210, 290)).save(HERE / "inputs" / "tall_60x280.png")
    chelsea.crop((20, 10, 52, 42)).save(HERE / "inputs" / "square_32.png")


def make_crops():
    inputs = HERE / "inputs"
    for photo in ("chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg", "grace_hopper.jpg"):
        allowed = NEAR if photo.endswith("jpg") else EXACT
        add_crop(PHOTOS / photo, "bilinear", 256, 224, 224, allowed)
    for photo, allowed in (("chelsea.png", EXACT), ("grace_hopper.jpg", NEAR)):
        add_crop(PHOTOS / photo, "bicubic", 256, 224, 224, allowed)
    for photo in ("coffee.png", "astronaut.png"):
        add_crop(PHOTOS / photo, "bilinear", 32, 32, 32, EXACT)
    for name in FILTERS:
        add_crop(PHOTOS / "coffee.png", name, 61, 48, 33, EXACT)  # half-way offsets
        add_crop(PHOTOS / "chelsea.png", name, 301, 40, 40, EXACT)  # barely any change
        add_crop(PHOTOS / "astronaut.png", name, 7, 7, 7, EXACT)  # wide filter
        add_crop(inputs / "narrow_17x23.png", name, 256, 224, 224, EXACT)
        add_crop(inputs / "strip_400x3.png", name, 256, 224, 224, EXACT)
        add_crop(inputs / "strip_400x3.png", name, 2, 2, 200, EXACT)
        # Where Pillow 13 runs the vertical pass first, and earlier ones do not.
        add_crop(inputs / "tall_60x280.png", name, 32, 100, 28, EXACT)
        # Resize alone, from the pixels that Pillow decoded from a JPEG.
        add_crop(HERE / "expected" / "photo_420_jpg.png", name, 64, 56, 56, EXACT)
    add_crop(inputs / "square_32.png", "bilinear", 32, 32, 32, EXACT)  # nothing to do
    add_crop(inputs / "one_pixel.png", "bicubic", 256, 224, 224, EXACT)
    add_crop(PHOTOS / "coffee.png", "bilinear", 20, 33, 48, EXACT)  # crop beyond both sides
    add_crop(PHOTOS / "coffee.png", "bilinear", 20, 15, 63, EXACT)  # beyond one side
    add_crop(inputs / "photo_420.jpg", "bilinear", 64, 56, 56, NEAR)
    add_crop(PHOTOS / "coffee.png", "bicubic", "squash", 96, 80, EXACT)


def main():
    for folder in ("inputs", "expected", "crops"):
        shutil.rmtree(HERE / folder, ignore_errors=True)
        (HERE / folder).mkdir()
    make_decodes()
    make_crops()
    (HERE / "crops.csv").write_text("\n".join(crops) + "\n")
    (HERE / "decodes.csv").write_text("\n".join(decodes) + "\n")
    libraries = ", ".join(f"{lib} {features.version(lib)}" for lib in ("libjpeg_turbo", "webp", "libtiff"))
    (HERE / "versions.txt").write_text(f"Pillow {PIL.__version__} ({libraries}), numpy {np.__version__}\n")


main()
