"""The command line, and the run from start to end."""

from __future__ import annotations

import argparse
import fnmatch
import json
import shlex
import subprocess
import sys
import unittest
from dataclasses import asdict, fields
from pathlib import Path

from . import measure, networks, report, system, worker
from .core import BOUNDS, Case, Rival
from .registry import all_rivals

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "bench" / "rivals.py"
EPILOG = """\
Patterns are as the shell's, several with commas: 'torch-cpu-*,ort-*'. See bench/README.md for how
to install each rival, and how to read the tables."""


def main() -> None:
    args = _parser().parse_args()
    if args.worker:
        wanted = json.loads(args.worker)
        return worker.run(all_rivals()[wanted["rival"]], case_from(wanted["case"]))
    if args.prepare:
        wanted = json.loads(args.prepare)
        return networks.prepare(wanted["model"], wanted["batches"], Path(wanted["cache"]))
    if args.self_test:
        suite = unittest.defaultTestLoader.discover(str(SCRIPT.parent), "test_*.py")
        sys.exit(not unittest.TextTestRunner().run(suite).wasSuccessful())
    rivals = chosen(all_rivals(), args.only, args.skip)
    if args.list:
        return print("\n".join(f"{rival.name:28} {rival.install}" for rival in rivals))
    if not rivals:
        sys.exit(f"no rival matches --only {args.only} --skip {args.skip}; --list shows them")
    _run(args, rivals)


def _run(args: argparse.Namespace, rivals: list[Rival]) -> None:
    if args.json:
        args.json = args.json.resolve()
        report.refuse_unwritable(args.json)
    pythons = [split_pair(pair) for pair in args.python]
    cache = args.cache / str(networks.RECIPE)
    settings = {name: getattr(args, name) for name in ("rounds", "runs", "seconds", "warmup", "quiet")}
    full = {"schema": 1, "environment": system.environment(), "settings": settings, "bounds": BOUNDS, "cases": []}
    rows_of_all, skipped, table = [], {}, {rival.name: rival for rival in rivals}
    for model in args.models:
        _prepare(model, args.batch_size, cache, python_for("prepare", pythons))
        for batch in args.batch_size:
            print(f"{model}, batch {batch}", file=sys.stderr, flush=True)

            def run(name: str) -> dict:
                case = Case(model=model, batch=batch, cache=cache, runs=args.runs, seconds=args.seconds,
                            warmup=args.warmup, device=args.device, gpu=args.gpu, ours=args.ours.resolve(),
                            ours_args=tuple(shlex.split(args.ours_args)))
                work = json.dumps({"rival": name, "case": asdict(case)}, default=str)
                command = [python_for(name, pythons), str(SCRIPT), "--worker", work]
                family = table[name].family
                if family in skipped:
                    return skipped[family]
                result = measure.run_round(command, table[name].env)
                if family and result["status"] == "skipped":
                    skipped[family] = {**result, "known": True}
                return result

            results = measure.alternate([rival.name for rival in rivals], run, args.rounds, args.quiet)
            rows = [report.row(rival.name, rival.precision, results[rival.name], args.quiet) for rival in rivals]
            report.compare(rows)
            rows_of_all += rows
            print(f"\n## {model}, batch {batch}, {networks.SIZE}×{networks.SIZE}\n\n{report.table(rows)}", flush=True)
            full["cases"].append({"model": model, "batch_size": batch,
                                  "rows": [report.as_json(row, results[row.name]) for row in rows]})
            if args.json:  # after each case, so that an interrupted run leaves its results
                report.save(args.json, full)
    print(f"\n{report.footnotes(rows_of_all, settings, full['environment'])}")


def _prepare(model: str, batches: list[int], cache: Path, python: str) -> None:
    """Prepares in a separate process: this process's memory would count as that of all processes it starts."""
    work = json.dumps({"model": model, "batches": batches, "cache": str(cache)})
    try:
        done = subprocess.run([python, str(SCRIPT), "--prepare", work], stderr=subprocess.PIPE, text=True)
    except OSError as error:
        sys.exit(f"{model} could not be prepared: {error}")
    if done.returncode != 0:
        sys.exit(f"{model} could not be prepared: {_why(done.stderr)}")


def _why(stderr: str) -> str:
    """The last line of a traceback, and the packages to install if one is missing."""
    last = (stderr.strip().splitlines() or ["it said nothing"])[-1]
    missing = last.startswith(("ImportError", "ModuleNotFoundError"))
    return last + f"\nThat needs: {networks.INSTALL} (or --python prepare=VENV/bin/python)" * missing


def case_from(values: dict) -> Case:
    """The case that a JSON object describes."""
    kinds = {"cache": Path, "ours": Path, "ours_args": tuple}
    return Case(**{field.name: kinds.get(field.name, lambda value: value)(values[field.name])
                   for field in fields(Case)})


def chosen(rivals: dict[str, Rival], only: list[str], skip: list[str]) -> list[Rival]:
    """Ours, unless skipped, and the rivals that match."""
    def matches(name: str, patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    return [rival for name, rival in rivals.items() if matches(name, only) and not matches(name, skip)]


def split_pair(pair: str) -> tuple[str, str]:
    pattern, equals, path = pair.partition("=")
    if not equals or not pattern or not path:
        raise SystemExit(f"--python {pair}: expected PATTERN=PATH, such as '*webgpu*=venv/bin/python'")
    return pattern, path


def python_for(name: str, pythons: list[tuple[str, str]]) -> str:
    """The interpreter that --python names for a rival. The first match counts."""
    return next((path for pattern, path in pythons if fnmatch.fnmatchcase(name, pattern)), sys.executable)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _models(text: str) -> list[str]:
    names = _words(text)
    unknown = [name for name in names if name not in networks.MODELS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"no network {', '.join(unknown) or 'named'}; there are {', '.join(networks.MODELS)}")
    return names


def _counts(text: str) -> list[int]:
    counts = [int(word) for word in _words(text)]
    if not counts or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected positive numbers, such as 1,8")
    return counts


def _positive(text: str) -> int:
    return _counts(text)[0]


def _warmup(text: str) -> int:
    value = int(text)
    if value < 2:  # after these and the first inference, rivals that record or tune at first calls have finished
        raise argparse.ArgumentTypeError(f"{text}: expected 2 or more")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if value != 0 and not 0.001 <= value <= measure.TIMEOUT:
        raise argparse.ArgumentTypeError(f"{text}: expected 0, or 0.001 to {measure.TIMEOUT}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rivals.py", description="Times this project and its rivals side by side.",
                                     epilog=EPILOG)
    add = parser.add_argument
    add("--only", type=_words, default=["*"], metavar="PATTERNS", help="rivals to run (default: all)")
    add("--skip", type=_words, default=[], metavar="PATTERNS", help="rivals to leave out")
    add("--list", action="store_true", help="list the rivals and how to install them")
    add("--models", type=_models, default=["resnet18", "resnet50"],
        help="torchvision's names (default: resnet18,resnet50)")
    add("--batch-size", type=_counts, default=[1, 8], metavar="N,...", help="default: 1,8")
    add("--rounds", type=_positive, default=5, help="timed rounds a rival (default: %(default)s)")
    add("--runs", type=_positive, default=10, help="timed inferences a round (default: %(default)s)")
    add("--seconds", type=_seconds, default=0.0, metavar="S",
        help="more of them, until they took so long in all (default: no more)")
    add("--warmup", type=_warmup, default=3,
        help="untimed inferences before them, besides the first; more, until they took 1 s (default: %(default)s)")
    add("--quiet", type=float, default=0.10, metavar="SHARE",
        help="run a round again if others took more of the CPU than this (default: %(default)s)")
    add("--ours", type=Path, default=ROOT / "target/release/resnet", metavar="PATH",
        help="the binary of this project (default: target/release/resnet)")
    add("--device", default="auto", help="where ours runs, as `resnet devices` names it (default: %(default)s)")
    add("--ours-args", default="", metavar="ARGS", help="more arguments for `resnet bench` and `resnet run`")
    add("--gpu", metavar="NAME", help="part of the name of ncnn's Vulkan device (default: its own choice)")
    add("--python", action="append", default=[], metavar="PATTERN=PATH",
        help="interpreter for rivals that match, and for `prepare`: '*webgpu*=venv/bin/python' (may be repeated)")
    add("--cache", type=Path, default=Path.home() / ".cache/resnet-wgpu-bench", metavar="DIR",
        help="for weights, inputs and converted networks (default: %(default)s)")
    add("--json", type=Path, metavar="FILE", help="write everything: environment, all samples, proofs")
    add("--self-test", action="store_true", help="test this script itself; needs no rival")
    add("--worker", help=argparse.SUPPRESS)  # one round, in a separate process
    add("--prepare", help=argparse.SUPPRESS)
    return parser
