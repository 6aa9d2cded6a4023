"""This project."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
import time
from pathlib import Path

from .core import BOUNDS, Case, Measurement, Proof, Rival, Unavailable, relative_error

NAME = "resnet-wgpu"
NAME_F16 = "resnet-wgpu-f16"


def rivals() -> list[Rival]:
    return [Rival(name, precision, functools.partial(_measure, precision=precision),
                  install="cargo build --release")
            for name, precision in ((NAME, "f32"), (NAME_F16, "f16"))]


def _measure(case: Case, precision: str) -> Measurement:
    if not case.ours.exists():
        raise Unavailable(f"no {case.ours}: cargo build --release, or --ours PATH")
    report, row, startup = _bench(case, precision)
    error, start_ms = _check(case, precision)
    peak = (row["memory"] or {}).get("process_peak_bytes")
    return Measurement(
        samples=row["end_to_end"]["samples"], error=error, proof=_proof(report["devices"][row["device"]], row),
        versions={NAME: report["crate_version"], "wgpu": report["wgpu_version"]},
        # The whole start except the first inference, like the load times of the rivals.
        load_ms=startup["total_ms"] - startup["first_inference_ms"], first_ms=startup["first_inference_ms"],
        start_ms=start_ms, peak_mb=None if peak is None else peak / 1e6,
        device_samples=row["gpu"]["samples"] if row["gpu_clock"] == "timestamps" else None)


def _bench(case: Case, precision: str) -> tuple[dict, dict, dict]:
    """A report, its row, and the start-up times of the first process.

    `resnet bench` repeats for a duration or a number of times. If the duration gave too few samples,
    `resnet bench` runs again with the number.
    """
    repetitions = ["--repetitions", str(case.runs)]
    report, row = _report(case, precision, *(["--duration", str(case.seconds)] if case.seconds else repetitions))
    startup = row["startup"]["warm"]
    if len(row["end_to_end"]["samples"]) < case.runs:
        report, row = _report(case, precision, *repetitions)
    return report, row, startup


def _report(case: Case, precision: str, *how_often: str) -> tuple[dict, dict]:
    report = json.loads(_resnet(
        case, precision, "bench", str(case.checkpoint), "--batch-size", str(case.batch), *how_often,
        "--scenario", "latency", "--no-startup", "--json",
        # The seeded networks magnify rounding beyond the tolerance of `resnet bench` for f16.
        *(["--tolerance", str(BOUNDS["f16"])] if precision == "f16" else [])))
    row = report["rows"][0]
    if row["status"] != "ok":
        raise RuntimeError(f"resnet bench: {row['status']}: {row['error'] or row['verification']}")
    return report, row


def _proof(device: dict, row: dict) -> Proof:
    """`resnet bench` times its own images. The same process compares their logits with the CPU reference."""
    errors = [row["verification"][when]["relative_error"] for when in ("before", "after")]
    return Proof(f"{device['name']}, {device['backend']}",
                 [f"wgpu's adapter: {device['name']}, {device['backend']}, {device['kind']}",
                  f"driver {device['driver']} {device['driver_info']}".strip(),
                  f"bench's own images off by {max(errors):.0e} from the CPU reference"])


def _check(case: Case, precision: str) -> tuple[float, float]:
    """Error of our logits for the rivals' images, and the total time of `resnet run`, a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.safetensors")
        started = time.perf_counter()
        _resnet(case, precision, "run", "--weights", str(case.checkpoint), "--input", str(case.input_file),
                "--output", str(out), "--batch-size", str(case.batch))
        wall = (time.perf_counter() - started) * 1e3
        return relative_error(read_tensor(out, "logits"), case.expected()), wall


def _resnet(case: Case, precision: str, *arguments: str) -> str:
    command = [str(case.ours), *arguments, "--device", case.device, "--precision", precision, *case.ours_args]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        line = next((line for line in said if line.startswith("error")), said[-1])
        message = f"`{' '.join(['resnet', *arguments[:1]])}` ended with {done.returncode}: {line}"
        # Exit code 2: the command line requires something impossible, such as f16 on a device without it.
        raise Unavailable(message) if done.returncode == 2 else RuntimeError(message)
    return done.stdout


def read_tensor(path: Path, name: str):
    """An f32 tensor of a safetensors file."""
    import numpy as np

    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:8 + length])[name]
    if entry["dtype"] != "F32":
        raise ValueError(f"{name} is {entry['dtype']}, not F32")
    begin, end = entry["data_offsets"]
    return np.frombuffer(data[8 + length:][begin:end], "<f4").reshape(entry["shape"])
