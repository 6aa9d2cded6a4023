"""The networks, inputs and expected logits that all rivals share. They are made once and kept."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

from .core import SIZE

# Part of the cache folder's name. Increase it when files from earlier versions become invalid.
RECIPE = 1
# torchvision's names of networks that this project also has.
MODELS = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
          "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")
NEEDS = ("torch", "torchvision", "safetensors", "numpy")
INSTALL = "pip install torch torchvision safetensors numpy"


def prepare(model: str, batches: list[int], cache: Path) -> None:
    """Writes these files to `cache`, each named after the model:

    .safetensors              weights under torchvision's names
    .bN.input.npy/.logits.npy N images, and PyTorch's logits in f32 on the CPU
    .bN.input.safetensors     the same images for `resnet run`
    .onnx, .ncnn.param/.bin   the network for ONNX Runtime and tinygrad, and for ncnn

    If a conversion fails, FILE.why holds the reason.
    """
    cache.mkdir(parents=True, exist_ok=True)
    core = ["safetensors"] + [f"b{batch}.{end}" for batch in batches
                              for end in ("input.npy", "input.safetensors", "logits.npy")]
    conversions: list[tuple[list[str], Callable]] = [(["onnx"], _to_onnx), (["ncnn.param", "ncnn.bin"], _to_ncnn)]
    wanted = core + [end for ends, _ in conversions for end in ends]
    if all((cache / f"{model}.{end}").exists() for end in wanted):
        return
    import torch

    print(f"preparing {model} in {cache}", file=sys.stderr, flush=True)
    # Files are built in a temporary folder and moved, so that an interrupted run leaves no partial files.
    with torch.no_grad(), tempfile.TemporaryDirectory(dir=cache) as folder:
        built = Path(folder)
        if (cache / f"{model}.safetensors").exists():
            net = load(model, cache / f"{model}.safetensors")
        else:
            net = _seeded(model)
            _save({name: tensor.contiguous() for name, tensor in net.state_dict().items()},
                  built / f"{model}.safetensors")
        for batch in batches:
            x = torch.randn(batch, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(batch))
            _save_case(built / f"{model}.b{batch}", x, net(x))
        _publish(built, cache)
        for ends, convert in conversions:
            _try(convert, net, [cache / f"{model}.{end}" for end in ends], built)
            _publish(built, cache)


def load(model: str, checkpoint: Path):
    """torchvision's network with these weights, in evaluation mode."""
    import safetensors.torch
    import torchvision

    net = torchvision.models.get_model(model, weights=None)
    net.load_state_dict(safetensors.torch.load_file(checkpoint))
    return net.eval()


def _seeded(model: str):
    """torchvision's network with seeded weights, and batch norms that keep activations in range."""
    import torch
    import torchvision

    torch.manual_seed(0)
    net = torchvision.models.get_model(model, weights=None)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0  # running statistics become those of the single batch below
    net.train()(torch.randn(16, 3, SIZE, SIZE))
    return net.eval()


def _save(tensors: dict, path: Path) -> None:
    import safetensors.torch
    safetensors.torch.save_file(tensors, path)


def _save_case(stem: Path, x, logits) -> None:
    import numpy as np
    _save({"input": x}, stem.with_name(stem.name + ".input.safetensors"))
    np.save(stem.with_name(stem.name + ".input.npy"), x.numpy())
    np.save(stem.with_name(stem.name + ".logits.npy"), logits.numpy())


def _publish(built: Path, cache: Path) -> None:
    for path in list(built.iterdir()):
        path.replace(cache / path.name)


def _try(convert: Callable, net, targets: list[Path], built: Path) -> None:
    if all(target.exists() for target in targets):
        return
    why = ""
    try:
        convert(net, [built / target.name for target in targets])
    except ImportError as error:
        why = f"needs the Python package {error.name} to convert the network: pip install {error.name}"
    except Exception as error:  # the other rivals can run, whatever the converter raises
        lines = str(error).strip().splitlines() or [type(error).__name__]
        why = f"the network could not be converted: {lines[-1]}"
    for target in targets:
        note = target.with_name(target.name + ".why")
        note.write_text(why) if why else note.unlink(missing_ok=True)


def _to_onnx(net, targets: list[Path]) -> None:
    import onnx  # noqa: F401, needed by the exporter; imported first so that an error names it
    import onnxscript  # noqa: F401
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (torch.zeros(2, 3, SIZE, SIZE),), targets[0], input_names=["input"],
                          output_names=["logits"], dynamic_shapes={"x": {0: torch.export.Dim("batch")}},
                          dynamo=True, external_data=False, verbose=False)


def _to_ncnn(net, targets: list[Path]) -> None:
    import pnnx  # noqa: F401
    import torch

    with tempfile.TemporaryDirectory() as folder:
        with warnings.catch_warnings():  # pnnx reads what torch.jit writes, deprecated or not
            warnings.simplefilter("ignore")
            torch.jit.trace(net, torch.zeros(1, 3, SIZE, SIZE)).save(os.path.join(folder, "net.pt"))
        # Call pnnx's entry point, so that pnnx need not be on the PATH.
        done = subprocess.run(
            [sys.executable, "-c", "import sys, pnnx; sys.exit(pnnx.pnnx())", "net.pt",
             f"inputshape=[1,3,{SIZE},{SIZE}]", "fp16=0"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pnnx failed with {done.returncode}\n{done.stdout}")
        for target in targets:
            target.write_bytes(Path(folder, f"net.ncnn{target.suffix}").read_bytes())
