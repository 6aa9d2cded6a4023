"""This project."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
import time
from pathlib import Path

from .core import Case, Measurement, Proof, Rival, Unavailable, relative_error
from .system import peak_mb

NAME = "resnet-wgpu"
NAME_F16 = "resnet-wgpu-f16"


def rivals() -> list[Rival]:
    return [Rival(name, precision, functools.partial(_measure, precision=precision),
                  install="cargo build --release")
            for name, precision in ((NAME, "f32"), (NAME_F16, "f16"))]


def _measure(case: Case, precision: str) -> Measurement:
    if not case.ours.exists():
        raise Unavailable(f"no {case.ours}: cargo build --release, or --ours PATH")
    report = json.loads(_resnet(
        case, precision, "bench", str(case.checkpoint), "--batch-size", str(case.batch), "--repetitions", str(case.runs),
        "--scenario", "latency", "--no-startup", "--json"))
    peak = peak_mb(children=True)
    row, devices = report["rows"][0], report["devices"]
    if row["status"] != "ok":
        raise RuntimeError(f"resnet bench: {row['status']}: {row.get('error') or row.get('verification')}")
    error, start_ms = _check(case, precision)
    startup = (row.get("startup") or {}).get("warm") or {}
    gpu = row.get("gpu") or {}
    return Measurement(
        samples=row["end_to_end"]["samples"], error=error, proof=_proof(devices[row.get("device") or 0]),
        versions={NAME: report.get("crate_version", "?"), "wgpu": report.get("wgpu_version", "?")},
        load_ms=_load_ms(startup), first_ms=startup.get("first_inference_ms"), start_ms=start_ms, peak_mb=peak,
        caches_filled=True,  # `resnet bench` starts once before it times a start
        device_samples=gpu.get("samples") or ([gpu["median"]] if gpu.get("median") is not None else None))


def _load_ms(startup: dict) -> float | None:
    """All of a start but the first inference, as rivals' load times have it."""
    if "total_ms" not in startup:
        return None
    return startup["total_ms"] - startup["first_inference_ms"]


def _proof(device: dict) -> Proof:
    kind = device.get("kind", "")
    return Proof(f"{device['name']}, {device['backend']}",
                 [f"wgpu's adapter: {device['name']}, {device['backend']}, {kind}".rstrip(", "),
                  f"driver {device.get('driver', '?')} {device.get('driver_info', '')}".strip()])


def _check(case: Case, precision: str) -> tuple[float, float]:
    """Error of our logits for the rivals' input, and what `resnet run` took from start to end."""
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
        # 2: the command line asks for what cannot be, such as f16 on a device without it.
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
