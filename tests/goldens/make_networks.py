"""Writes networks.json and networks.safetensors: what PyTorch says each network must answer.

No weights are stored. Every value of every tensor is a hash of the tensor's name and the value's
place in it (`hashed`), which the Rust tests compute too. So a golden is just the logits, and a
network whose tensor names, shapes, strides, paddings or shortcuts differ in the least cannot
reproduce them.

    python make_networks.py                  writes both files
    python make_networks.py --only preact    runs the matching cases and writes nothing

See README.md beside this file for the format of the files.
"""

import argparse
import json
import math
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import safetensors
import safetensors.numpy
import timm
import torch
import torchvision
import torchvision.models as tv
import transformers

import architectures as own

HERE = Path(__file__).parent

# --- values from names ---------------------------------------------------------------------------

U64 = (1 << 64) - 1
CHUNK = 1 << 18  # values hashed at a time: keeps the working set in the cache


def fnv1a64(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & U64
    return value


def splitmix64(seed: int, start: int, stop: int) -> np.ndarray:
    """Values start..stop of the splitmix64 sequence of a seed."""
    z = np.arange(start + 1, stop + 1, dtype=np.uint64)
    z *= np.uint64(0x9E3779B97F4A7C15)
    z += np.uint64(seed)
    z ^= z >> np.uint64(30)
    z *= np.uint64(0xBF58476D1CE4E5B9)
    z ^= z >> np.uint64(27)
    z *= np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z


def scale_and_centre(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """(s, c) of the values u*s + c, u uniform in [-1, 1): tame at any depth, and all different."""
    if name == "input":
        return 1.7320508075688772, 0.0  # variance 1
    if len(shape) == 4:
        return math.sqrt(6 / (shape[1] * shape[2] * shape[3])), 0.0  # He initialisation
    if len(shape) == 2:
        return math.sqrt(3 / shape[1]), 0.0
    assert len(shape) == 1, f"{name} has the unforeseen shape {shape}"
    if name.endswith("running_mean"):
        return 0.25, 0.0
    if name.endswith("running_var"):
        return 0.5, 1.0
    if name.endswith("weight"):
        return 0.25, 1.0
    assert name.endswith("bias"), f"{name} is of no known kind"
    return 0.25, 0.0


def hashed(name: str, shape: tuple[int, ...], factor: float = 1.0) -> np.ndarray:
    """The f32 tensor of this name and shape; all arithmetic is f64 up to the last step."""
    seed = fnv1a64(name.encode())
    scale, centre = scale_and_centre(name, shape)
    values = np.empty(math.prod(shape), np.float32)
    for start in range(0, values.size, CHUNK):
        stop = min(start + CHUNK, values.size)
        u = (splitmix64(seed, start, stop) >> np.uint64(40)).astype(np.float64) / 2**23 - 1.0
        values[start:stop] = (u * scale + centre) * factor
    return values.reshape(shape)


def fill(model: torch.nn.Module, residual_suffix: str) -> tuple[dict, float]:
    """Gives the model its hashed values; returns the shapes by name and the residual scale."""
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    counters = {name for name in shapes if name.endswith("num_batches_tracked")}
    last_of_branch = {name for name in shapes if ends_branch(name, residual_suffix)}
    scale = round(1 / math.sqrt(len(last_of_branch)), 6) if last_of_branch else 1.0
    state = {}
    for name, shape in shapes.items():
        if name in counters:
            state[name] = torch.tensor(0)
        else:
            factor = scale if name in last_of_branch else 1.0
            state[name] = torch.from_numpy(hashed(name, shape, factor))
    model.load_state_dict(state, strict=True, assign=True)
    return {name: shape for name, shape in shapes.items() if name not in counters}, scale


def ends_branch(name: str, suffix: str) -> bool:
    """Whether the tensor is the last of a block's residual branch, which is scaled down.

    A sum of n branches of variance 1 would grow with n; scaling each by 1/sqrt(n) keeps it level.
    """
    block = r"layer\d+\.\d+|.*stages\.\d+\.(?:blocks|layers)\.\d+"
    return bool(suffix) and re.fullmatch(rf"(?:{block})\.{re.escape(suffix)}", name) is not None


def state_dict_fnv(shapes: dict) -> str:
    lines = (f"{name} {','.join(map(str, shape))}\n" for name, shape in sorted(shapes.items()))
    return f"{fnv1a64(''.join(lines).encode()):016x}"


# --- the cases -----------------------------------------------------------------------------------

BASIC, BOTTLENECK, PRE_BASIC, PRE_BOTTLENECK = "bn2.weight", "bn3.weight", "conv2.weight", "conv3.weight"
HF_BASIC, HF_BOTTLENECK = "layer.1.normalization.weight", "layer.2.normalization.weight"

# 65 makes every stage odd (33, 17, 9, 5, 3), which tells rounding up from rounding down.
ODD, EVEN, FULL, CIFAR = (2, 3, 65, 65), (1, 3, 64, 64), (1, 3, 224, 224), (2, 3, 32, 32)

DEPTHS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3],
          152: [3, 8, 36, 3], 200: [3, 24, 36, 3]}


@dataclass
class Case:
    case: str
    naming: str
    build: Callable[[], torch.nn.Module]
    input: tuple[int, ...]
    residual_suffix: str = ""
    preset: str = ""
    layers: tuple[str, ...] = ()

    def __post_init__(self):
        self.preset = self.preset or self.case


def hugging_face(layer_type, sizes, depths, **options):
    config = transformers.ResNetConfig(
        embedding_size=64, hidden_sizes=sizes, depths=depths, layer_type=layer_type,
        num_labels=1000, **options)
    return lambda: transformers.ResNetForImageClassification(config)


def cases() -> list[Case]:
    result = []

    def add(case, naming, build, input, suffix="", **more):
        result.append(Case(case, naming, build, input, suffix, **more))

    # torchvision's own networks
    add("resnet18", "torchvision", tv.resnet18, ODD, BASIC)
    add("resnet34", "torchvision", tv.resnet34, EVEN, BASIC)
    add("resnet50", "torchvision", tv.resnet50, ODD, BOTTLENECK)
    add("resnet101", "torchvision", tv.resnet101, EVEN, BOTTLENECK)
    add("resnet152", "torchvision", tv.resnet152, EVEN, BOTTLENECK)
    add("resnext50-32x4d", "torchvision", tv.resnext50_32x4d, ODD, BOTTLENECK)
    add("resnext101-32x8d", "torchvision", tv.resnext101_32x8d, EVEN, BOTTLENECK)
    add("resnext101-64x4d", "torchvision", tv.resnext101_64x4d, EVEN, BOTTLENECK)
    add("wide-resnet50-2", "torchvision", tv.wide_resnet50_2, ODD, BOTTLENECK)
    add("wide-resnet101-2", "torchvision", tv.wide_resnet101_2, EVEN, BOTTLENECK)
    add("vgg19", "torchvision", tv.vgg19, FULL)
    add("vgg19-bn", "torchvision", tv.vgg19_bn, FULL)
    add("resnet18@224", "torchvision", tv.resnet18, FULL, BASIC, preset="resnet18")
    add("resnet50@224", "torchvision", tv.resnet50, FULL, BOTTLENECK, preset="resnet50")
    add("resnet18@97x71", "torchvision", tv.resnet18, (3, 3, 97, 71), BASIC, preset="resnet18")

    # the 2015 paper's other ImageNet networks, under torchvision's names
    for depth in 50, 101, 152:
        add(f"resnet{depth}-v1", "torchvision",
            lambda d=depth: own.ResNet(own.bottleneck_v1, DEPTHS[d]), ODD, BOTTLENECK)
    for depth in 18, 34:
        add(f"plain{depth}", "torchvision",
            lambda d=depth: own.ResNet(own.basic, DEPTHS[d], shortcut=own.plain), ODD)
    for depth in 18, 34:
        add(f"resnet{depth}-a", "torchvision",
            lambda d=depth: own.ResNet(own.basic, DEPTHS[d], shortcut=own.zero_pad), ODD, BASIC)
    add("resnet34-c", "torchvision",
        lambda: own.ResNet(own.basic, DEPTHS[34], shortcut=own.projection_everywhere), ODD, BASIC)

    # the 2015 paper's CIFAR-10 networks, under akamaster's names
    for depth in 20, 32, 44, 56, 110, 1202:
        add(f"resnet{depth}", "akamaster", lambda d=depth: own.cifar(d, own.zero_pad), CIFAR, BASIC)
    for depth in 20, 32, 44, 56, 110:
        add(f"plain{depth}", "akamaster", lambda d=depth: own.cifar(d, own.plain), CIFAR)
    add("resnet20-pad-after", "akamaster", lambda: own.cifar(20, own.zero_pad_after), CIFAR, BASIC,
        preset="resnet20")

    # ImageNet's shapes on 32x32 images, under kuangliu's names
    for depth in 18, 34:
        add(f"cifar-resnet{depth}", "kuangliu",
            lambda d=depth: own.kuangliu(own.basic, DEPTHS[d]), CIFAR, BASIC)
    for depth in 50, 101, 152:
        add(f"cifar-resnet{depth}", "kuangliu",
            lambda d=depth: own.kuangliu(own.bottleneck, DEPTHS[d]), CIFAR, BOTTLENECK)

    # the 2016 paper's pre-activation networks
    for depth in 18, 34:
        add(f"preact-resnet{depth}", "preact",
            lambda d=depth: own.preact(own.basic, DEPTHS[d]), ODD, PRE_BASIC)
    for depth in 50, 101, 152, 200:
        add(f"preact-resnet{depth}", "preact",
            lambda d=depth: own.preact(own.bottleneck, DEPTHS[d]), ODD, PRE_BOTTLENECK)
    add("preact-resnet110", "preact", lambda: own.preact_cifar(own.basic, 18), CIFAR, PRE_BASIC)
    for depth, n in (164, 18), (1001, 111):
        add(f"preact-resnet{depth}", "preact",
            lambda n=n: own.preact_cifar(own.bottleneck, n), CIFAR, PRE_BOTTLENECK)

    # timm's own networks
    for name, case, preset, suffix in [
        ("resnetv2_50", "resnetv2_50", "preact-resnet50", PRE_BOTTLENECK),
        ("resnet50d", "resnet50d", "resnet50d", BOTTLENECK),
        ("resnet101d", "resnet101d", "resnet101d", BOTTLENECK),
    ]:
        add(case, "timm", lambda n=name: timm.create_model(n), ODD, suffix, preset=preset)

    # Hugging Face's own networks
    wide, narrow = [256, 512, 1024, 2048], [64, 128, 256, 512]
    add("hf-resnet50", "huggingface", hugging_face("bottleneck", wide, DEPTHS[50]), ODD,
        HF_BOTTLENECK, preset="resnet50")
    add("hf-resnet18", "huggingface", hugging_face("basic", narrow, DEPTHS[18]), ODD,
        HF_BASIC, preset="resnet18")
    add("hf-resnet50-v1", "huggingface",
        hugging_face("bottleneck", wide, DEPTHS[50], downsample_in_bottleneck=True), ODD,
        HF_BOTTLENECK, preset="resnet50-v1")

    # what single layers answer, on pictures small enough to keep
    add("resnet20-layers", "akamaster", lambda: own.cifar(20, own.zero_pad), (1, 3, 21, 18), BASIC,
        preset="resnet20",
        layers=("conv1", "bn1", "relu", "layer1.0.conv2", "layer1.0.bn2", "layer1.0", "layer2",
                "layer3.1.conv1"))
    add("resnet18-layers", "torchvision", tv.resnet18, (1, 3, 45, 38), BASIC, preset="resnet18",
        layers=("maxpool", "layer1.0.conv1", "layer2.0.downsample.0", "layer2.0.downsample.1",
                "layer2.0", "layer4", "avgpool"))
    add("preact-resnet50-layers", "preact", lambda: own.preact(own.bottleneck, DEPTHS[50]),
        (1, 3, 45, 38), PRE_BOTTLENECK, preset="preact-resnet50",
        layers=("layer1.0.bn1", "layer1.0.conv3", "layer1.0", "layer4"))
    return result


# --- running them --------------------------------------------------------------------------------


def build(make: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    with torch.device("meta"):  # shapes only: the values come from `fill`
        return make().eval()


@torch.inference_mode()
def logits_of(model, x) -> torch.Tensor:
    out = model(x)
    return out.logits if hasattr(out, "logits") else out


def run(case: Case) -> tuple[dict, dict]:
    """One case's entry of networks.json and its tensors."""
    model = build(case.build)
    shapes, residual_scale = fill(model, case.residual_suffix)
    x = torch.from_numpy(hashed("input", case.input))

    # A hook sees a module's own output, before any in-place ReLU after it: hence the clone.
    seen = {}
    modules = dict(model.named_modules())
    hooks = [modules[layer].register_forward_hook(
        lambda _module, _args, out, layer=layer: seen.__setitem__(layer, out.clone()))
        for layer in case.layers]
    logits = logits_of(model, x)
    for hook in hooks:
        hook.remove()

    exact = logits_of(model.double(), x.double())
    error = ((logits - exact).abs().max() / exact.abs().max()).item()
    assert torch.isfinite(logits).all() and error < 1e-4, f"{case.case} is ill-conditioned: {error}"

    tensors = {f"{case.case}/{layer}": seen[layer].numpy() for layer in case.layers}
    tensors[f"{case.case}/logits"] = logits.numpy()
    entry = {
        "case": case.case,
        "preset": case.preset,
        "naming": case.naming,
        "input": list(case.input),
        "residual_scale": residual_scale,
        "residual_suffix": case.residual_suffix,
        "state_dict_fnv": state_dict_fnv(shapes),
        "tensor_count": len(shapes),
        "max_abs_logit": float(logits.abs().max()),
        "f32_error": float(f"{error:.2e}"),
        "layers": list(case.layers),
    }
    return entry, tensors


# --- proofs that `architectures` means what the libraries mean -----------------------------------


def timm_name_of(name: str) -> str:
    """timm's ResNetV2 name of a tensor of our pre-activation networks."""
    name = re.sub(r"^layer(\d+)\.(\d+)\.", lambda m: f"stages.{int(m[1]) - 1}.blocks.{m[2]}.", name)
    name = re.sub(r"\.bn(\d)\.", r".norm\1.", name).replace("downsample.0", "downsample.conv")
    return {"conv1": "stem.conv", "bn": "norm", "fc": "head.fc"}.get(
        name.rpartition(".")[0], name.rpartition(".")[0]) + "." + name.rpartition(".")[2]


def hugging_face_name_of(name: str) -> str:
    """Hugging Face's name of a tensor of torchvision's networks."""
    def part(kind, index):
        return f"layer.{int(index) - 1}.{'convolution' if kind == 'conv' else 'normalization'}."

    stage = re.match(r"layer(\d+)\.(\d+)\.(.*)", name)
    if stage:
        rest = re.sub(r"^(conv|bn)(\d)\.", lambda m: part(m[1], m[2]), stage[3])
        rest = rest.replace("downsample.0", "shortcut.convolution")
        rest = rest.replace("downsample.1", "shortcut.normalization")
        return f"resnet.encoder.stages.{int(stage[1]) - 1}.layers.{stage[2]}.{rest}"
    name = name.replace("conv1.", "resnet.embedder.embedder.convolution.")
    name = name.replace("bn1.", "resnet.embedder.embedder.normalization.")
    return name.replace("fc.", "classifier.1.")


def check_architectures():
    """With the published choices, our class computes what the libraries compute."""
    hf = hugging_face("bottleneck", [256, 512, 1024, 2048], DEPTHS[50], downsample_in_bottleneck=True)
    pairs = [
        ("torchvision resnet18", lambda: own.ResNet(own.basic, DEPTHS[18]), tv.resnet18, str, BASIC),
        ("torchvision resnet50", lambda: own.ResNet(own.bottleneck, DEPTHS[50]), tv.resnet50, str,
         BOTTLENECK),
        ("timm resnetv2_50", lambda: own.preact(own.bottleneck, DEPTHS[50]),
         lambda: timm.create_model("resnetv2_50"), timm_name_of, PRE_BOTTLENECK),
        ("Hugging Face resnet50-v1", lambda: own.ResNet(own.bottleneck_v1, DEPTHS[50]), hf,
         hugging_face_name_of, BOTTLENECK),
    ]
    x = torch.from_numpy(hashed("input", ODD))
    for label, make_ours, make_theirs, rename, suffix in pairs:
        ours, theirs = build(make_ours), build(make_theirs)
        fill(ours, suffix)
        wanted = theirs.state_dict()
        state = {rename(name): tensor for name, tensor in ours.state_dict().items()}
        state = {name: tensor.reshape(wanted[name].shape) for name, tensor in state.items()}
        theirs.load_state_dict(state, strict=True, assign=True)
        a, b = logits_of(ours, x), logits_of(theirs, x)
        error = ((a - b).abs().max() / b.abs().max()).item()
        assert error < 1e-6, f"our network differs from {label} by {error}"
        print(f"ours is {label} (difference {error:.0e})")


def known_answers() -> list[dict]:
    """A few hashed tensors' first values, so that a test of the hash fails before a network does."""
    samples = [("input", (2, 3, 65, 65), 1.0), ("conv1.weight", (64, 3, 7, 7), 1.0),
               ("layer1.0.bn2.weight", (64,), 0.353553), ("bn1.running_mean", (64,), 1.0),
               ("bn1.running_var", (64,), 1.0), ("fc.weight", (1000, 512), 1.0),
               ("fc.bias", (1000,), 1.0)]
    return [{"name": name, "shape": list(shape), "factor": factor,
             "name_fnv": f"{fnv1a64(name.encode()):016x}",
             "first": [float(v) for v in hashed(name, shape, factor).ravel()[:4]],
             "last": float(hashed(name, shape, factor).ravel()[-1])}
            for name, shape, factor in samples]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="TEXT", help="run the cases with TEXT in their name, write nothing")
    only = parser.parse_args().only

    check_architectures()
    entries, tensors = [], {}
    for case in cases():
        if only and only not in case.case:
            continue
        start = time.perf_counter()
        entry, found = run(case)
        entries.append(entry)
        tensors.update(found)
        print(f"{case.case:24} {entry['tensor_count']:5} tensors  max |logit| {entry['max_abs_logit']:8.3f}"
              f"  f32 error {entry['f32_error']:.0e}  {time.perf_counter() - start:5.1f} s", flush=True)
    assert len({entry["case"] for entry in entries}) == len(entries), "two cases of one name"
    if only:
        return

    versions = {module.__name__: module.__version__
                for module in (np, safetensors, timm, torch, torchvision, transformers)}
    document = {"made_with": {"python": platform.python_version(), **versions},
                "known_answers": known_answers(), "cases": entries}
    (HERE / "networks.json").write_text(json_lines(document))
    safetensors.numpy.save_file(tensors, HERE / "networks.safetensors")
    size = (HERE / "networks.safetensors").stat().st_size
    print(f"{len(entries)} cases, {len(tensors)} tensors, {size / 1e6:.2f} MB")


def json_lines(document: dict) -> str:
    """JSON with one line an entry, so that a change to one case is one line of a diff."""
    parts = [f'"made_with": {json.dumps(document["made_with"])}']
    for key in "known_answers", "cases":
        lines = ",\n".join("  " + json.dumps(entry) for entry in document[key])
        parts.append(f'"{key}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
