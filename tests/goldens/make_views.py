"""Writes views.safetensors: what PyTorch answers for several views of a photo, averaged.

The networks are those of make_networks.py, their weights hashed from names; the photos are the
repository's own PNGs, none of them square, one of them turned to stand upright. What is stored is the mean
of the views' softmax (He 2015, section 3.4), f32 [1000], as `<network>/<photo>/<views>`.

    python make_views.py

Versions: those in networks.json, and Pillow 13.
"""

from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
import torchvision.models as tv
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms import TenCrop

from make_networks import BASIC, BOTTLENECK, build, fill

HERE = Path(__file__).parent
PHOTOS = HERE.parent.parent / "photos"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

NETWORKS = {"resnet18": (tv.resnet18, BASIC), "resnet50": (tv.resnet50, BOTTLENECK)}
SCALES = {"resnet18": [224, 256, 384, 480, 640], "resnet50": [224, 256, 384]}


def photos() -> dict[str, Image.Image]:
    chelsea = Image.open(PHOTOS / "chelsea.png").convert("RGB")
    return {"chelsea": chelsea, "upright": chelsea.transpose(Image.Transpose.ROTATE_90),
            "coffee": Image.open(PHOTOS / "coffee.png").convert("RGB")}


def tensor(image: Image.Image) -> torch.Tensor:
    return F.normalize(F.to_tensor(image), MEAN, STD)


def ten_crops(photo: Image.Image) -> list[torch.Tensor]:
    return [tensor(crop) for crop in TenCrop(224)(F.resize(photo, 256))]


def mirrored(photo: Image.Image) -> list[torch.Tensor]:
    crop = F.center_crop(F.resize(photo, 256), 224)
    return [tensor(crop), tensor(F.hflip(crop))]


def whole(photo: Image.Image, scales: list[int]) -> list[torch.Tensor]:
    sizes = [F.resize(photo, scale) for scale in scales]
    return [tensor(view) for image in sizes for view in (image, F.hflip(image))]


@torch.inference_mode()
def mean(model: torch.nn.Module, views: list[torch.Tensor]) -> np.ndarray:
    probabilities = [model(view[None])[0].softmax(0) for view in views]
    return torch.stack(probabilities).mean(0).numpy()


def main() -> None:
    out = {}
    for name, (make, suffix) in NETWORKS.items():
        model = build(make)
        fill(model, suffix)
        for photo, image in photos().items():
            for kind, views in {"mirrored": mirrored(image), "ten": ten_crops(image),
                                "scales": whole(image, SCALES[name])}.items():
                answer = mean(model, views)
                out[f"{name}/{photo}/{kind}"] = answer
                print(f"{name}/{photo}/{kind}: {len(views)} views, "
                      f"class {answer.argmax()} {answer.max():.4f}")
    safetensors.numpy.save_file(out, HERE / "views.safetensors")


if __name__ == "__main__":
    main()
