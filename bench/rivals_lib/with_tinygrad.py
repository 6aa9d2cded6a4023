"""tinygrad on WebGPU, through Dawn."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from .core import Case, Engine, Proof, Refused, Rival, Unavailable, Usage
from .system import mapped_drivers
from .worker import in_process


def rivals() -> list[Rival]:
    return [Rival("tinygrad-webgpu", "f32", in_process(_open), ("tinygrad",), "pip install tinygrad dawn-python",
                  env={"DEV": "WEBGPU"})]


def _open(case: Case) -> Engine:
    _find_dawn()
    from importlib.metadata import version

    from tinygrad import Device, Tensor, TinyJit
    from tinygrad.nn.onnx import OnnxRunner

    try:
        device = Device["WEBGPU"]
    except RuntimeError as error:
        raise Unavailable(f"tinygrad could not open a WebGPU device: {str(error).splitlines()[0]}") from error
    network = OnnxRunner(case.prepared("onnx"))
    # The first two calls of a TinyJit record the network, so they belong to the warm-up.
    run = TinyJit(lambda images: network({"input": images})["logits"].realize())
    x = case.input()
    where: list[str] = []

    def infer():
        logits = run(Tensor(x).to("WEBGPU").realize())
        where[:] = [str(logits.device)]
        return logits.numpy()

    def prove(usage: Usage) -> Proof:
        if where[0] != "WEBGPU":
            raise Refused(f"tinygrad ran on {where[0]}, not on WEBGPU")
        name, kind = _adapter(device)
        return Proof(name, [f"logits on {where[0]}", f"Dawn's adapter: {name}, {kind}",
                            f"drivers mapped: {', '.join(mapped_drivers()) or 'none'}", str(usage)])

    beam = os.environ.get("BEAM", "0")
    return Engine(infer, prove, {name: version(name) for name in ("tinygrad", "dawn-python")},
                  notes=[f"BEAM={beam}"] if beam != "0" else [])


def _find_dawn() -> None:
    """Sets the path of Dawn: tinygrad does not search the folder into which dawn-python installs it."""
    if "WEBGPU_PATH" in os.environ:
        return
    try:
        import pydawn
    except ImportError as error:
        raise Unavailable("no Python package dawn-python: pip install dawn-python") from error
    machine = platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64")
    for path in Path(pydawn.__file__).parent.glob("lib/libwebgpu_dawn*"):
        if machine in path.stem or not path.stem.endswith(("x86_64", "aarch64")):
            os.environ["WEBGPU_PATH"] = str(path)


def _adapter(device) -> tuple[str, str]:
    """Name and kind of the adapter of a tinygrad device, as Dawn reports them."""
    from tinygrad.runtime import ops_webgpu
    from tinygrad.runtime.autogen import webgpu

    info = webgpu.WGPUAdapterInfo()
    webgpu.wgpuDeviceGetAdapterInfo(device.device_res, info)
    text = ops_webgpu.from_wgpu_str
    kind = webgpu.enum_WGPUAdapterType.get(info.adapterType, "?")
    return text(info.device), f"{text(info.description)}, {kind}"
