"""The types of a rival and of its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SIZE = 224

# Largest error that counts as correct, as a fraction of the largest logit. The seeded networks magnify
# rounding, ResNet-50 more than trained networks do. With PyTorch on the CPU, its error is 3e-5 in f32, 2e-2
# with TF32's inputs and 4e-2 in f16 (ResNet-18's: 2e-6, 1e-3, 2e-3). No rival in f32 had an error above
# 4e-5. The bound of f32 has room for all of them, and TF32 cannot pass as f32, even on ResNet-18.
BOUNDS = {"f32": 2e-4, "tf32": 1e-1, "f16": 1e-1}


class Unavailable(Exception):
    """The rival cannot run here. The text gives the reason and the packages to install."""


class Refused(Exception):
    """The rival ran, but not on the device that it claims, so its times are worthless."""


@dataclass(frozen=True)
class Case:
    """The settings of one round."""

    model: str
    batch: int
    cache: Path
    runs: int
    seconds: float  # minimum total time of a round's timed inferences
    warmup: int
    device: str  # our device, in the form of `resnet --device`
    gpu: str | None  # part of the Vulkan device's name, for rivals that can choose
    ours: Path
    ours_args: tuple[str, ...]

    @property
    def checkpoint(self) -> Path:
        """Weights under torchvision's names."""
        return self.prepared("safetensors")

    @property
    def input_file(self) -> Path:
        """The tensor `input`, for `resnet run`."""
        return self.prepared(f"b{self.batch}.input.safetensors")

    def prepared(self, ending: str) -> Path:
        """The path of a file that `networks.prepare` made. Raises `Unavailable` with the reason if it could not."""
        path = self.cache / f"{self.model}.{ending}"
        if not path.exists():
            why = path.with_name(path.name + ".why")
            raise Unavailable(why.read_text().strip() if why.exists() else f"{path} is missing")
        return path

    def input(self) -> np.ndarray:
        import numpy as np
        return np.load(self.prepared(f"b{self.batch}.input.npy"))

    def expected(self) -> np.ndarray:
        import numpy as np
        return np.load(self.prepared(f"b{self.batch}.logits.npy"))


@dataclass(frozen=True)
class Usage:
    """The distribution of the CPU time of a timed loop."""

    own_thread: float  # share of the process's CPU time that the calling thread spent
    cores: float  # CPU time over wall time

    def __str__(self) -> str:
        return f"{self.cores:.1f} cores busy, {self.own_thread:.0%} of it the calling thread"


@dataclass
class Proof:
    """The device that did the work, with the evidence."""

    device: str
    evidence: list[str]


@dataclass
class Engine:
    """A network, loaded and ready."""

    infer: Callable[[], np.ndarray]  # upload, inference, logits [N, classes] on the host
    prove: Callable[[Usage], Proof]  # raises Refused
    versions: dict[str, str]
    device_times: Callable[[int], list[float]] | None = None  # only the GPU, ms; empty if unknown
    notes: list[str] = field(default_factory=list)


@dataclass
class Measurement:
    """The results of one round. Times are in milliseconds."""

    samples: list[float]
    error: float  # largest error / largest logit, over all inferences that were checked
    proof: Proof
    versions: dict[str, str]
    load_ms: float | None  # from checkpoint to ready network
    first_ms: float | None  # the first inference
    start_ms: float | None  # from the process's start to the first logits
    peak_mb: float | None  # the process's peak memory
    device_samples: list[float] | None = None  # only the GPU
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rival:
    """A row of the tables."""

    name: str
    precision: str  # a key of BOUNDS
    measure: Callable[[Case], Measurement]
    modules: tuple[str, ...] = ()  # modules that the rival imports
    install: str = ""  # the command that installs the modules
    env: Mapping[str, str] = field(default_factory=dict)
    family: str = ""  # if one rival of a family is skipped, so are the others

    @property
    def bound(self) -> float:
        return BOUNDS[self.precision]


def relative_error(logits: Any, expected: Any) -> float:
    """Largest error over the largest logit. Infinite if the shape is wrong or a number is not finite."""
    import numpy as np
    if logits.shape != expected.shape or not np.isfinite(logits).all():
        return float("inf")
    return float(np.abs(logits.astype(np.float64) - expected).max() / np.abs(expected).max())
