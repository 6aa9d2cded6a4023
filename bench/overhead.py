"""Measures the cost of measuring: compares `resnet bench` with a bare loop over a `Session`.

    cargo build --release --bins --examples
    python bench/overhead.py [PRESET] [--rounds 9] [--runs 25]

The two alternate, each in a fresh process, on the same network and device. The script compares the
medians of their rounds. It needs only Python.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path

BUILT = Path(__file__).resolve().parent.parent / "target/release"


def run(*command: object) -> dict:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def bare(preset: str, runs: int) -> float:
    return run(BUILT / "examples/time_infer", preset, runs)["median_ms"]


def bench(preset: str, runs: int) -> float:
    report = run(BUILT / "resnet", "bench", preset, "--batch-size", 1, "--repetitions", runs,
                 "--no-startup", "--json")
    return report["rows"][0]["end_to_end"]["median"]


def main() -> None:
    parser = argparse.ArgumentParser(description="What `resnet bench` itself costs.")
    parser.add_argument("preset", nargs="?", default="resnet18")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--runs", type=int, default=25)
    args = parser.parse_args()
    pairs = [(bare(args.preset, args.runs), bench(args.preset, args.runs))
             for _ in range(args.rounds)]
    a, b = (statistics.median(side) for side in zip(*pairs))
    ratios = ", ".join(f"{y / x:.3f}" for x, y in pairs)
    print(f"{args.preset}: bare loop {a:.2f} ms, resnet bench {b:.2f} ms, ratio {b / a:.3f} "
          f"(rounds: {ratios})")


if __name__ == "__main__":
    main()
