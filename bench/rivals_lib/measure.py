"""Rounds in alternation, and the CPU time that other processes used meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from .system import busy_seconds, children_seconds, usable_cpus

RETRIES = 2  # number of times that a disturbed round is repeated
TIMEOUT = 1800


def run_round(command: Sequence[str], env: Mapping[str, str]) -> dict:
    """Runs a worker. Returns its JSON line, and the share of its usable CPUs that other processes took."""
    busy, own, started = busy_seconds(), children_seconds(), time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT,
                              env={**os.environ, **env, "RIVALS_SPAWNED": repr(time.time())})
    except OSError as error:
        return {"status": "failed", "reason": str(error), "foreign": None}
    except subprocess.TimeoutExpired:
        return {"status": "failed", "reason": f"took over {TIMEOUT} s", "foreign": None}
    wall, busy_after = time.perf_counter() - started, busy_seconds()
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"status"')]
    if lines:
        result = json.loads(lines[-1])
    else:
        log = (done.stderr + done.stdout).strip().splitlines() or ["it said nothing"]
        result = {"status": "failed", "reason": f"its process ended with {done.returncode}: {log[-1]}"}
    result["foreign"] = None
    if busy is not None and busy_after is not None:
        foreign = busy_after - busy - (children_seconds() - own)
        result["foreign"] = max(0.0, foreign / (wall * usable_cpus()))
    result["log"] = done.stderr.strip()[-4000:]
    return result


def least_disturbed(run: Callable[[], dict], quiet: float, pause: float = 5.0) -> dict:
    """Repeats until other processes took at most `quiet` of the machine, up to `RETRIES` + 1 times.

    The choice of the result does not depend on its times.
    """
    best = run()
    for _ in range(RETRIES):
        if best["status"] != "ok" or best["foreign"] is None or best["foreign"] <= quiet:
            break
        time.sleep(pause)  # other processes may have finished by then
        again = run()
        if again["status"] != "ok" or again["foreign"] < best["foreign"]:
            best = again
    return best


def alternate(names: Sequence[str], run: Callable[[str], dict], rounds: int,
              quiet: float, pause: float = 5.0) -> dict[str, list[dict]]:
    """Each rival's results: one from an untimed first round, then one from each round.

    The first round fills driver caches and finds the rivals that can run. The others drop out. The
    order rotates from round to round, so that no rival always follows the same neighbour.
    """
    results = {}
    for name in names:
        results[name] = [run(name)]
        _tell("first round", name, results[name][0])
    for number in range(rounds):
        running = [name for name in names if results[name][-1]["status"] == "ok"]
        if not running:
            break
        turn = number % len(running)
        for name in running[turn:] + running[:turn]:
            result = least_disturbed(lambda: run(name), quiet, pause)
            results[name].append(result)
            _tell(f"round {number + 1} of {rounds}", name, result)
    return results


def _tell(where: str, name: str, result: dict) -> None:
    if result.get("known"):  # the family's reason has been reported
        return
    if result["status"] == "ok":
        samples = sorted(result["samples"])
        others = "?" if result["foreign"] is None else f"{result['foreign']:.0%}"
        text = f"{samples[len(samples) // 2]:.2f} ms (others {others})"
    else:
        text = f"{result['status']}: {result['reason']}"
    print(f"  {where}, {name}: {text}", file=sys.stderr, flush=True)
