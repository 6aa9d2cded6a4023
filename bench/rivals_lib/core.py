"""What a rival is, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SIZE = 224

# Largest error, as a part of the largest logit, that still counts as right. The seeded networks magnify
# rounding, ResNet-50 more than trained ones do: its error is 3e-5 in f32, 2e-2 with TF32's inputs and
# 4e-2 in f16 (ResNet-18's: 2e-6, 1e-3, 2e-3; PyTorch on the CPU). No rival in f32 was off by more than
# 4e-5. So f32's bound has room for all of them, and TF32 cannot pass for f32, on ResNet-18 either.
BOUNDS = {"f32": 2e-4, "tf32": 1e-1, "f16": 1e-1}


class Unavailable(Exception):
    """The rival cannot run here. Says why, and what to install."""


class Refused(Exception):
    """It ran, but not on the device that it claims: its times are worth nothing."""


@dataclass(frozen=True)
class Case:
    """What one round measures."""

    model: str
    batch: int
    cache: Path
    runs: int
    seconds: float  # that a round's timed inferences take at least
    warmup: int
    device: str  # ours, as `resnet --device` takes it
    gpu: str | None  # part of the name of the Vulkan device of rivals that can choose
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
        """A file that `networks.prepare` made, or the reason why it could not."""
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
    """Where the CPU time of a timed loop went."""

    own_thread: float  # share of the process's CPU time that the calling thread spent
    cores: float  # CPU time over wall time

    def __str__(self) -> str:
        return f"{self.cores:.1f} cores busy, {self.own_thread:.0%} of it the calling thread"


@dataclass
class Proof:
    """Where the work was done, and how that is known."""

    device: str
    evidence: list[str]


@dataclass
class Engine:
    """A network, loaded and ready."""

    infer: Callable[[], np.ndarray]  # upload, inference, logits [N, classes] on the host
    prove: Callable[[Usage], Proof]  # raises Refused
    versions: dict[str, str]
    device_times: Callable[[int], list[float]] | None = None  # the GPU alone, ms; none if it cannot be told
    notes: list[str] = field(default_factory=list)


@dataclass
class Measurement:
    """What one round gives; times in milliseconds."""

    samples: list[float]
    error: float  # largest error / largest logit, over all inferences that were judged
    proof: Proof
    versions: dict[str, str]
    load_ms: float | None  # checkpoint to a network that is ready
    first_ms: float | None  # the first inference
    start_ms: float | None  # from the process's start to the first logits
    peak_mb: float | None  # the process's memory, at most
    device_samples: list[float] | None = None  # the GPU alone
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rival:
    """A row of the tables."""

    name: str
    precision: str  # a key of BOUNDS
    measure: Callable[[Case], Measurement]
    modules: tuple[str, ...] = ()  # what it imports
    install: str = ""  # how to get them
    env: Mapping[str, str] = field(default_factory=dict)
    family: str = ""  # if one of a family has to be skipped, so have the others

    @property
    def bound(self) -> float:
        return BOUNDS[self.precision]


def relative_error(logits: Any, expected: Any) -> float:
    """Largest error over the largest logit; infinite where the shape or a number is off."""
    import numpy as np
    if logits.shape != expected.shape or not np.isfinite(logits).all():
        return float("inf")
    return float(np.abs(logits.astype(np.float64) - expected).max() / np.abs(expected).max())
