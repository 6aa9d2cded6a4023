"""Runs one round of one rival in a separate process, and prints one JSON line on stdout."""

from __future__ import annotations

import importlib
import json
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from .core import Case, Engine, Measurement, Refused, Rival, Unavailable, Usage, relative_error
from .system import peak_mb

if TYPE_CHECKING:
    import numpy as np

# GPUs raise their clocks under load, and CPUs may do so, too. `resnet bench` warms up for the same time.
WARM_UP_SECONDS = 1.0
# The first and the last outputs are kept until they are checked, up to this size.
KEPT_BYTES = 16 << 20


def in_process(open_engine: Callable[[Case], Engine]) -> Callable[[Case], Measurement]:
    """Returns the measurement of a rival that runs in this process. `open_engine` opens the rival."""

    def measure(case: Case) -> Measurement:
        expected = case.expected()
        started = time.perf_counter()
        engine = open_engine(case)
        load_ms = _since(started)
        kept: list[np.ndarray] = []
        first_ms = _repeat(engine.infer, kept, 1, 0.0)[0]
        start_ms = since_spawn()
        _repeat(engine.infer, kept, case.warmup, WARM_UP_SECONDS)
        thread, process, loop = time.thread_time(), time.process_time(), time.perf_counter()
        samples = _repeat(engine.infer, kept, case.runs, case.seconds)
        busy = time.process_time() - process
        usage = Usage(own_thread=(time.thread_time() - thread) / max(busy, 1e-9),
                      cores=busy / (time.perf_counter() - loop))
        peak = peak_mb()  # before proofs, which may load the network again
        device_samples = engine.device_times(case.runs) if engine.device_times else None
        return Measurement(
            samples=samples, error=max(relative_error(logits, expected) for logits in kept),
            proof=engine.prove(usage), versions=engine.versions, load_ms=load_ms, first_ms=first_ms,
            start_ms=start_ms, peak_mb=peak, device_samples=device_samples, notes=engine.notes)

    return measure


def _repeat(infer: Callable[[], np.ndarray], kept: list[np.ndarray], runs: int, seconds: float) -> list[float]:
    """Infers at least `runs` times, and for at least `seconds`. Returns the milliseconds of each inference.

    Between two inferences, only the copy of the logits into `kept` runs.
    """
    times: list[float] = []
    spent = 0.0
    while len(times) < runs or spent < seconds * 1e3:
        began = time.perf_counter()
        logits = infer()
        times.append(_since(began))
        spent += times[-1]
        if len(kept) > 1 and len(kept) * logits.nbytes > KEPT_BYTES:
            kept.pop()
        kept.append(logits.copy())
    return times


def run(rival: Rival, case: Case) -> None:
    """Measures and prints {"status": ...}: ok, wrong, skipped, refused or failed."""
    print(json.dumps(_outcome(rival, case)), flush=True)


def _outcome(rival: Rival, case: Case) -> dict:
    try:
        for module in ("numpy", *rival.modules):
            importlib.import_module(module)
        measured = rival.measure(case)
    except ImportError as error:
        return {"status": "skipped", "reason": f"{error}: {rival.install}"}
    except Unavailable as error:
        return {"status": "skipped", "reason": str(error)}
    except Refused as error:
        return {"status": "refused", "reason": str(error)}
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        return {"status": "failed", "reason": f"{type(error).__name__}: {lines[0]}",
                "traceback": traceback.format_exc()}
    right = measured.error <= rival.bound
    # JSON has no infinity.
    error = measured.error if measured.error < float("inf") else None
    reason = {} if right else {"reason": f"error {measured.error:.1e} of the largest logit, over {rival.bound:.0e}"}
    return {"status": "ok" if right else "wrong", **reason, **asdict(measured), "error": error}


def since_spawn() -> float | None:
    """Milliseconds since `measure.run_round` started this process."""
    spawned = os.environ.get("RIVALS_SPAWNED")
    return (time.time() - float(spawned)) * 1e3 if spawned else None


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
