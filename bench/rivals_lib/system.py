"""Facts about the machine, and the resources that a process used."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# GPU drivers by the names of their libraries.
_DRIVERS = {
    r"libvulkan_lvp": "lavapipe (software)", r"libvk_swiftshader": "SwiftShader (software)",
    r"libvulkan_radeon": "RADV", r"libvulkan_intel\.": "ANV", r"libvulkan_intel_hasvk": "HASVK",
    r"libvulkan_nouveau": "NVK", r"amdvlk": "AMDVLK", r"libnvidia-glcore|libnvidia-vulkan|libnvidia-gpucomp": "NVIDIA",
    r"libcuda\.": "CUDA",
}
_RELEVANT_ENV = ("VK_", "LP_", "MESA_", "GALLIUM_", "OMP_", "MKL_", "CUDA_", "NVIDIA_", "TORCH", "ORT_", "WGPU_",
                 "BEAM", "LD_LIBRARY_PATH")


def mapped_drivers() -> list[str]:
    """GPU drivers in this process's memory. A loader maps all installed drivers, used or not."""
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return []
    return sorted({name for pattern, name in _DRIVERS.items() if re.search(pattern, maps)})


def cuda_name(library: str = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1") -> str | None:
    """The name of this process's first CUDA device, as the driver reports it."""
    try:
        cuda = ctypes.CDLL(library)
    except OSError:
        return None
    device, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    if cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), 0) or cuda.cuDeviceGetName(name, len(name), device):
        return None
    return name.value.decode(errors="replace")


def usable_cpus() -> int:
    """CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def peak_mb() -> float | None:
    """The peak memory of this process."""
    if resource is None:
        return None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def busy_seconds() -> float | None:
    """CPU time that the whole machine has spent on all work, stolen time included."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    """CPU time of the processes that this process has waited for."""
    if resource is None:
        return 0.0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def environment() -> dict:
    """Description of the machine, for the report."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "os": platform.platform(),
        "cpu": _cpu_name(),
        "cpus": usable_cpus(),
        "memory_gb": _memory_gb(),
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "nvidia": _output("nvidia-smi", "--query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit",
                          "--format=csv,noheader"),
        "commit": _output("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"),
        "env": {name: value for name, value in sorted(os.environ.items()) if name.startswith(_RELEVANT_ENV)},
    }


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _output(*command: str) -> str | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
