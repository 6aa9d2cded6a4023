"""PyTorch, on the CPU and with CUDA."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType

from .core import Case, Engine, Proof, Refused, Rival, Unavailable, Usage
from .networks import load
from .worker import in_process

INSTALL = "pip install torch torchvision safetensors numpy"
MODULES = ("torch", "torchvision", "safetensors")
CPU_WAYS = ("eager", "channels-last", "jit", "compile")
# All ways except eager store tensors in channels-last order, which is fastest in cuDNN.
CUDA_WAYS = {
    "eager": "as it is",
    "channels-last": "NHWC in memory",
    "compile": "torch.compile, default mode",
    "graphs": "one CUDA graph of the eager network, pinned staging buffers",
    "max-autotune": "torch.compile, mode max-autotune: kernels tuned, CUDA graphs",
}
PRECISIONS = ("f32", "tf32", "f16")
# Cycles of the GPU's clock, which makes 1 to 2 cycles a nanosecond: a few ms and a few seconds.
LEAST_SLEEP, MOST_SLEEP = 8_000_000, 4_000_000_000


def rivals() -> list[Rival]:
    cpu = [Rival(f"torch-cpu-{way}", "f32", in_process(functools.partial(_open_cpu, way=way)), MODULES, INSTALL)
           for way in CPU_WAYS]
    cuda = [Rival(f"torch-cuda-{way}-{precision}", precision,
                  in_process(functools.partial(_open_cuda, way=way, precision=precision)), MODULES, INSTALL,
                  family="torch-cuda")
            for precision in PRECISIONS for way in CUDA_WAYS]
    return cpu + cuda


def _open_cpu(case: Case, way: str) -> Engine:
    import torch

    torch.set_grad_enabled(False)
    layout = torch.channels_last if way == "channels-last" else torch.contiguous_format
    net = load(case.model, case.checkpoint).to(memory_format=layout)
    x = case.input()
    if way == "jit":
        net = torch.jit.optimize_for_inference(torch.jit.trace(net, torch.zeros(x.shape)))
    elif way == "compile":
        net = torch.compile(net)
    where: list = []

    def infer():
        out = net(torch.from_numpy(x).to(memory_format=layout))
        where[:] = [out.device]
        return out.numpy()

    def prove(usage: Usage) -> Proof:
        return Proof("CPU", [f"logits on device {where[0]}", f"{torch.get_num_threads()} threads", str(usage)])

    return Engine(infer, prove, {"torch": torch.__version__})


def _open_cuda(case: Case, way: str, precision: str) -> Engine:
    import torch

    if not torch.cuda.is_available():
        raise Unavailable(f"torch {torch.__version__} finds no CUDA device "
                          f"(it is built for {torch.version.cuda or 'the CPU only'})")
    torch.set_grad_enabled(False)
    torch.backends.cudnn.benchmark = True  # cuDNN tries its algorithms at the first inferences
    rounding = set_tf32(torch.backends, precision == "tf32")
    dtype = torch.float16 if precision == "f16" else torch.float32
    layout = torch.contiguous_format if way == "eager" else torch.channels_last
    device = torch.device("cuda", torch.cuda.current_device())
    net = load(case.model, case.checkpoint).to(device, dtype).to(memory_format=layout)
    if way == "compile":
        net = torch.compile(net)
    elif way == "max-autotune":
        net = torch.compile(net, mode="max-autotune")

    def forward(images):
        """Computes f32 logits from f32 images, both on the device."""
        return net(images.to(dtype=dtype, memory_format=layout)).float()

    x = case.input()
    resident = torch.from_numpy(x).to(device)
    run = _graph(forward, resident) if way == "graphs" else _plain(forward, device)
    where: list = []

    def infer():
        logits, on = run(x)
        where[:] = [on]
        return logits

    def device_times(runs: int) -> list[float]:
        step = run.replay if way == "graphs" else lambda: forward(resident)
        return event_times(torch.cuda, step, runs)

    def prove(usage: Usage) -> Proof:
        parameter = next(net.parameters()).device
        if where[0].type != "cuda" or parameter.type != "cuda":
            raise Refused(f"torch ran on the CPU: logits on {where[0]}, weights on {parameter}")
        peak = torch.cuda.max_memory_allocated() / 1e6
        return Proof(torch.cuda.get_device_name(device),
                     [f"logits on {where[0]}, weights on {parameter}", f"{peak:.0f} MB of CUDA memory at most",
                      *rounding, str(usage)])

    versions = {"torch": torch.__version__, "CUDA": str(torch.version.cuda),
                "cuDNN": str(torch.backends.cudnn.version())}
    return Engine(infer, prove, versions, device_times, [CUDA_WAYS[way]])


def set_tf32(backends: ModuleType, allowed: bool) -> list[str]:
    """Sets whether convolutions and products may round f32 to TF32. Returns the resulting settings.

    PyTorch 2.9 has new settings. It refuses to report a setting if the old settings were set, too.
    """
    if hasattr(backends, "fp32_precision"):
        attribute, value = "fp32_precision", "tf32" if allowed else "ieee"
        places = {"": backends, "cudnn.": backends.cudnn, "cudnn.conv.": backends.cudnn.conv,
                  "cuda.matmul.": backends.cuda.matmul}
    else:
        attribute, value = "allow_tf32", allowed
        places = {"cudnn.": backends.cudnn, "cuda.matmul.": backends.cuda.matmul}
    for place in places.values():
        setattr(place, attribute, value)
    return [f"{name}{attribute} {getattr(place, attribute)}" for name, place in places.items()]


def _plain(forward: Callable, device) -> Callable:
    import torch

    def run(x):
        torch.cuda.synchronize()
        logits = forward(torch.from_numpy(x).to(device))
        on_host = logits.cpu()
        torch.cuda.synchronize()
        return on_host.numpy(), logits.device

    return run


class _graph:
    """The network as one CUDA graph between fixed buffers."""

    def __init__(self, forward: Callable, images):
        import torch

        self.torch = torch
        self.images = images.clone()
        side = torch.cuda.Stream()  # a capture requires its warm-up on another stream
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                forward(self.images)
        torch.cuda.current_stream().wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.logits = forward(self.images)
        self.host_images = torch.empty(images.shape, pin_memory=True)
        self.host_logits = torch.empty(self.logits.shape, pin_memory=True)

    def replay(self) -> None:
        self.graph.replay()

    def __call__(self, x):
        self.torch.cuda.synchronize()
        self.host_images.copy_(self.torch.from_numpy(x))
        self.images.copy_(self.host_images, non_blocking=True)
        self.graph.replay()
        self.host_logits.copy_(self.logits, non_blocking=True)
        self.torch.cuda.synchronize()
        return self.host_logits.numpy().copy(), self.logits.device


def event_times(cuda: ModuleType, step: Callable[[], object], runs: int) -> list[float]:
    """The GPU's time for a step whose input is resident, in ms, by CUDA events.

    The GPU sleeps until the whole step is in its queue. Otherwise the GPU would wait for Python
    between kernels, and the time would include these waits. The list is empty if no sleep is long
    enough.
    """
    samples: list[float] = []
    cycles = LEAST_SLEEP
    while len(samples) < runs and cycles <= MOST_SLEEP:
        begin, end = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)
        cuda.synchronize()
        cuda._sleep(cycles)
        begin.record()
        step()
        end.record()
        queued = not begin.query()  # the GPU still slept when the whole step was queued
        cuda.synchronize()
        if queued:
            samples.append(begin.elapsed_time(end))
        else:
            cycles *= 2
    return samples if len(samples) == runs else []
