"""ncnn, with Vulkan and on the CPU, in f32."""

from __future__ import annotations

import functools

from .core import Case, Engine, Proof, Refused, Rival, Unavailable, Usage
from .system import usable_cpus
from .worker import in_process

INSTALL = "pip install ncnn pnnx"
# ncnn's default is half precision.
NOT_F32 = ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_packed", "use_bf16_storage")


def rivals() -> list[Rival]:
    return [Rival("ncnn-vulkan", "f32", in_process(functools.partial(_open, vulkan=True)), ("ncnn",), INSTALL),
            Rival("ncnn-cpu", "f32", in_process(functools.partial(_open, vulkan=False)), ("ncnn",), INSTALL)]


def _open(case: Case, vulkan: bool) -> Engine:
    import ncnn
    import numpy as np

    param, weights = case.prepared("ncnn.param"), case.prepared("ncnn.bin")
    net = ncnn.Net()
    net.opt.use_vulkan_compute = vulkan
    net.opt.num_threads = usable_cpus()
    for option in NOT_F32:
        setattr(net.opt, option, False)
    device = _choose(case.gpu, net) if vulkan else "CPU"
    if net.load_param(str(param)) != 0 or net.load_model(str(weights)) != 0:
        raise RuntimeError(f"ncnn could not load {param}")
    source, sink = net.input_names()[0], net.output_names()[0]
    images = case.input()

    def one(image):
        extractor = net.create_extractor()
        extractor.input(source, ncnn.Mat(image))
        status, out = extractor.extract(sink)
        if status != 0:
            raise RuntimeError(f"ncnn's inference failed with {status}")
        return np.array(out)

    def prove(usage: Usage) -> Proof:
        evidence = [f"{net.opt.num_threads} threads", str(usage)]
        if vulkan:
            if not net.opt.use_vulkan_compute:
                raise Refused("ncnn gave Vulkan up while loading")
            # lavapipe computes in its own threads while ncnn's thread waits. ncnn's layers on the CPU
            # divide their work among ncnn's thread and helper threads.
            if "llvmpipe" in device and usage.own_thread > 0.5 / usable_cpus():
                raise Refused(f"ncnn's thread did {usage.own_thread:.0%} of the work, lavapipe's ought to")
            # Final layers such as softmax may stay on the CPU, but convolutions must not.
            on_cpu = [layer for layer in net.layers() if not layer.support_vulkan]
            if heavy := [layer.name for layer in on_cpu if layer.type in ("Convolution", "InnerProduct")]:
                raise Refused(f"ncnn ran these layers on the CPU: {', '.join(heavy)}")
            names = ", ".join(layer.name for layer in on_cpu) or "none"
            evidence += [f"device {net.vulkan_device().info().device_name()}", f"layers without Vulkan: {names}"]
        return Proof(device, evidence)

    notes = ["a loop of single images: ncnn has no batches"] if case.batch > 1 else []
    return Engine(lambda: np.stack([one(image) for image in images]), prove,
                  {"ncnn": ncnn.__version__}, notes=notes)


def _choose(wanted: str | None, net) -> str:
    import ncnn

    names = [ncnn.get_gpu_info(index).device_name() for index in range(ncnn.get_gpu_count())]
    if not names:
        raise Unavailable("ncnn finds no Vulkan device: install a Vulkan driver (apt install mesa-vulkan-drivers)")
    if wanted is None:
        index = ncnn.get_default_gpu_index()
    else:
        index = next((index for index, name in enumerate(names) if wanted in name), -1)
        if index < 0:
            raise Unavailable(f"ncnn sees no Vulkan device named {wanted!r}, only {', '.join(names)}")
    net.set_vulkan_device(index)
    return names[index]
