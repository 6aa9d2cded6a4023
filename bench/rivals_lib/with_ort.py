"""ONNX Runtime: CPU, CUDA and WebGPU."""

from __future__ import annotations

import collections
import functools
import json
import os
import tempfile

from .core import Case, Engine, Proof, Refused, Rival, Unavailable, Usage
from .system import cuda_name, mapped_drivers
from .worker import in_process

# Install only one of these packages at a time: each installs the module onnxruntime.
PACKAGES = {"CPU": "onnxruntime", "CUDA": "onnxruntime-gpu", "WebGpu": "onnxruntime-webgpu"}
# The operators that do most of the work.
HEAVY = {"Conv", "FusedConv", "NhwcConv", "NhwcFusedConv", "Gemm", "FusedGemm", "MatMul", "FusedMatMul"}


def rivals() -> list[Rival]:
    def rival(name: str, precision: str, provider: str, options: dict) -> Rival:
        opens = functools.partial(_open, provider=provider, options=options)
        return Rival(name, precision, in_process(opens), ("onnxruntime",), _install(provider))

    # ONNX Runtime's CUDA provider allows TF32 by default.
    tuned = {"cudnn_conv_algo_search": "EXHAUSTIVE"}
    return [rival("ort-cpu", "f32", "CPU", {}),
            rival("ort-cuda-f32", "f32", "CUDA", {**tuned, "use_tf32": "0"}),
            rival("ort-cuda-tf32", "tf32", "CUDA", {**tuned, "use_tf32": "1"}),
            rival("ort-webgpu", "f32", "WebGpu", {})]


def _install(provider: str) -> str:
    return (f"pip install {PACKAGES[provider]}, alone in a virtual environment that "
            f"--python 'ort-{provider.lower()}*=VENV/bin/python' names")


def _open(case: Case, provider: str, options: dict) -> Engine:
    import onnxruntime as ort

    wanted = f"{provider}ExecutionProvider"
    if wanted not in ort.get_available_providers():
        raise Unavailable(f"onnxruntime {ort.__version__} here has no {wanted}: {_install(provider)}")
    if provider == "CUDA" and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()

    def session(profile: str | None = None):
        settings = ort.SessionOptions()
        settings.add_free_dimension_override_by_name("batch", case.batch)
        if profile:
            settings.enable_profiling = True
            settings.profile_file_prefix = profile
        return ort.InferenceSession(str(case.prepared("onnx")), settings, providers=[(wanted, options)])

    x, timed = case.input(), session()
    if timed.get_providers()[0] != wanted:  # ONNX Runtime prints a line and continues on the CPU
        raise Refused(f"{wanted} could not start, and ONNX Runtime fell back to {', '.join(timed.get_providers())}")

    def prove(usage: Usage) -> Proof:
        """Profiles an inference in a second session, to find the provider of each node."""
        with tempfile.TemporaryDirectory() as folder:
            profiled = session(os.path.join(folder, "profile"))
            profiled.run(None, {"input": x})
            with open(profiled.end_profiling()) as file:
                nodes = node_places(json.load(file))
        elsewhere = {op: place for place, op in nodes if place != wanted}
        heavy = sorted(HEAVY & set(elsewhere))
        if heavy or not any(op in HEAVY for _, op in nodes):
            raise Refused(f"not on {wanted} ran: {', '.join(heavy) or 'any convolution, by the profile'}")
        on_it = sum(count for (place, _), count in nodes.items() if place == wanted)
        drivers = mapped_drivers()
        if provider == "CPU":
            device = "CPU"
        elif provider == "CUDA":
            device = cuda_name() or "CUDA device 0"
        else:
            device = f"{provider}, {' or '.join(drivers) or 'driver unknown'}"
        return Proof(device, [f"{on_it} of {sum(nodes.values())} node runs of a profiled inference on {wanted}, "
                              f"elsewhere {', '.join(sorted(elsewhere)) or 'none'}",
                              f"drivers mapped: {', '.join(drivers) or 'none'}", str(usage)])

    return Engine(lambda: timed.run(None, {"input": x})[0], prove, {PACKAGES[provider]: ort.__version__})


def node_places(profile: list[dict]) -> collections.Counter:
    """The number of runs of each (provider, operator) in a profile."""
    return collections.Counter((event["args"]["provider"], event["args"].get("op_name", "?")) for event in profile
                               if event.get("cat") == "Node" and "provider" in event.get("args", {}))
