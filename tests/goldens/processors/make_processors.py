"""Writes logits.safetensors: transformers' logits of photos, by image processor.

    python -m venv /tmp/venv && /tmp/venv/bin/pip install torch torchvision transformers pillow
    /tmp/venv/bin/python tests/goldens/processors/make_processors.py

`model.safetensors` and `config.json` are a small ResNet of transformers with
seeded weights. `processors.json` holds the `preprocessor_config.json` of each
case. Photos are cut to sizes whose margins round differently. Each tensor
`<case>/<photo>` [5] is what `ResNetForImageClassification` answers.
"""

import json
from pathlib import Path

import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers import ResNetForImageClassification

HERE = Path(__file__).resolve().parent
PHOTOS = HERE.parents[2] / "photos"
# File, then left, top, right and bottom of the part that is used.
PARTS = {
    "coffee_16x9": ("coffee.png", (0, 0, 600, 337)),
    "astronaut_9x16": ("astronaut.png", (0, 0, 287, 511)),
    "chelsea": ("chelsea.png", (0, 0, 451, 300)),
}
CASES = {
    "convnext_224": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}},
    "convnext_silent": {"image_processor_type": "ConvNextImageProcessor"},
    "convnext_old": {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 96, "crop_pct": 0.9,
                     "resample": 2, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.25]},
    "vit": {"image_processor_type": "ViTImageProcessor"},
    "clip": {"image_processor_type": "CLIPImageProcessor"},
    "bit_256": {"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 255},
                "crop_size": {"height": 224, "width": 224}},
    "not_normalized": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 64},
                       "do_normalize": False},
}


def main():
    model = ResNetForImageClassification.from_pretrained(HERE).eval()
    tensors = {}
    for case, config in CASES.items():
        name = config.get("image_processor_type") or "ConvNextImageProcessor"
        keys = {k: v for k, v in config.items() if not k.endswith("_type")}
        # The backend that resizes as Pillow does; the other rounds otherwise.
        name = name.replace("FeatureExtractor", "ImageProcessor") + "Pil"
        processor = getattr(transformers, name)(**keys)
        for photo, (file, box) in PARTS.items():
            image = Image.open(PHOTOS / file).convert("RGB").crop(box)
            with torch.no_grad():
                tensors[f"{case}/{photo}"] = model(**processor(image, return_tensors="pt")).logits[0]
    save_file(tensors, HERE / "logits.safetensors",
              metadata={"made_with": f"torch {torch.__version__}, transformers {transformers.__version__}"})
    (HERE / "processors.json").write_text(json.dumps(CASES, indent=1) + "\n")
    for name, logits in tensors.items():
        print(name, logits.tolist())


main()
