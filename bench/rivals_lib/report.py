"""Converts rounds into rows, tables and JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .core import BOUNDS
from .ours import NAME, NAME_F16

HEADER = ("rival", "device", "ms, median (range)", "its ms ÷ ours", "GPU alone, ms", "load, ms",
          "first, ms: found → again", "start → logits, ms", "peak MB", "error", "rounds")


@dataclass
class Row:
    """The result of one rival, for one network and batch size."""

    name: str
    precision: str
    status: str  # ok, wrong, skipped, refused or failed
    reason: str = ""
    device: str = ""
    evidence: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)  # the median of each round, in order
    median: float | None = None
    device_median: float | None = None
    load_ms: float | None = None
    first_found_ms: float | None = None  # with the driver caches that the first round found
    first_again_ms: float | None = None
    start_ms: float | None = None
    peak_mb: float | None = None
    error: float | None = None
    disturbed: int = 0  # rounds that stayed disturbed
    ratio: float | None = None  # its median ÷ ours, computed in each round
    against: str = ""  # name of our row in the ratio


def row(name: str, precision: str, results: Sequence[dict], quiet: float) -> Row:
    """A rival's row from its first, untimed round and the timed ones."""
    last = results[-1]
    if last["status"] != "ok" or len(results) < 2:
        reason = last.get("reason") or "no timed round"
        status = last["status"] if last["status"] != "ok" else "failed"
        return Row(name, precision, status, reason, error=last.get("error"),
                   device=(last.get("proof") or {}).get("device", ""))
    rounds = results[1:]
    medians = [statistics.median(result["samples"]) for result in rounds]
    device = [statistics.median(result["device_samples"]) for result in rounds if result.get("device_samples")]
    return Row(
        name, precision, "ok", device=last["proof"]["device"], evidence=last["proof"]["evidence"],
        versions=last["versions"], notes=last["notes"], medians=medians, median=statistics.median(medians),
        device_median=statistics.median(device) if device else None,
        load_ms=_median(rounds, "load_ms"), first_found_ms=results[0]["first_ms"],
        first_again_ms=_median(rounds, "first_ms"), start_ms=_median(rounds, "start_ms"),
        peak_mb=_median(rounds, "peak_mb"), error=max(result["error"] for result in results),
        disturbed=sum((result["foreign"] or 0.0) > quiet for result in rounds))


def compare(rows: Sequence[Row]) -> None:
    """Sets each rival's ratio to our row of its precision, or to our row in f32.

    Each round gives one ratio, because both ran in the same minute. The result is the median of
    these ratios.
    """
    ours = {row.name: row for row in rows if row.name in (NAME, NAME_F16) and row.status == "ok"}
    for row in rows:
        base = ours.get(NAME_F16 if row.precision == "f16" else NAME) or ours.get(NAME)
        if row.status == "ok" and base is not None and row is not base:
            pairs = list(zip(row.medians, base.medians))  # each list is in the order of the rounds
            row.ratio = statistics.median(theirs / own for theirs, own in pairs)
            row.against = base.name


def table(rows: Sequence[Row]) -> str:
    """The measured rows, ours first and then the fastest, and the other rows with their reasons."""
    measured = sorted((row for row in rows if row.status == "ok"),
                      key=lambda row: (row.name not in (NAME, NAME_F16), row.median))
    lines = []
    if measured:
        lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
        lines += ["| " + " | ".join(_cells(row)) + " |" for row in measured]
    rest = [row for row in rows if row.status != "ok"]
    if rest and lines:
        lines.append("")
    for reason, group in _by_reason(rest).items():
        names = ", ".join(row.name for row in group)
        lines.append(f"- {names}: **{group[0].status}**: {reason}")
    return "\n".join(lines)


def footnotes(rows: Sequence[Row], settings: Mapping, environment: Mapping) -> str:
    """Explains how to read the tables, and describes the machine."""
    bounds = ", ".join(f"{bound:.0e} in {precision}" for precision, bound in BOUNDS.items())
    more = f" or more, {settings['seconds']:g} s in all," if settings["seconds"] else ""
    rounds = f"{settings['rounds']} round{'s' * (settings['rounds'] != 1)}"
    lines = [
        f"Wall time from the images in host memory to the logits there. Medians of {rounds} in "
        f"alternation, each a fresh process and the median of {settings['runs']} inferences{more} after "
        f"{settings['warmup'] + 1} and a second; the range is that of the rounds. “Its ms ÷ ours” over 1 is slower "
        f"than {NAME} (in f32, but {NAME_F16} for f16 rows if it ran), taken round by round. “First” is the first "
        "inference of a process, with driver and compiler caches as they were found, and again with those that this "
        "left. “Start → logits” is from the start of a process, Python's imports included; ours is the whole of "
        "`resnet run`, on the images that all share; `resnet bench` times images of its own. Errors are the largest "
        f"against PyTorch's f32 logits on the CPU, as a part of the largest logit; right is up to {bounds}. A round "
        f"counts as disturbed (d) where others took over {settings['quiet']:.0%} of the CPU.",
        "", "Where each ran, and how that is known:"]
    seen: dict[str, dict[str, None]] = {}  # each rival's facts, each fact once, in order
    for row in rows:
        if row.status == "ok":
            versions = ", ".join(f"{name} {version}" for name, version in row.versions.items())
            evidence = row.evidence if row.name not in seen else []  # the evidence of its first case
            seen.setdefault(row.name, {}).update(dict.fromkeys([versions, *evidence, *row.notes]))
    lines += [f"- {name}: {'; '.join(facts)}" for name, facts in seen.items()]
    machine = [f"{environment['cpu']}, {environment['cpus']} CPUs", environment["os"]]
    machine += [environment["nvidia"]] if environment["nvidia"] else []
    machine += [f"{name}={value}" for name, value in environment["env"].items()]
    lines += ["", f"{'; '.join(machine)}; {environment['date'][:10]}; "
              f"commit {environment['commit'] or 'unknown'}."]
    return "\n".join(lines)


def refuse_unwritable(path: Path) -> None:
    """Ends the program with a reason if no report can be saved at the path. Does not change an existing file."""
    try:
        if path.exists():
            path.open("r+b").close()
            if not path.is_file():
                raise OSError("not a file")
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise SystemExit(f"--json {path} cannot be written: {error.strerror or error}") from error


def save(path: Path, report: Mapping) -> None:
    """Saves the report as a whole or not at all. A stopped program leaves the old file unchanged."""
    beside = _beside(path)
    beside.write_text(json.dumps(report, indent=1) + "\n")
    beside.replace(path)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def as_json(row: Row, results: Sequence[dict]) -> dict:
    return {**asdict(row), "results": list(results)}


def _median(results: Sequence[dict], key: str) -> float | None:
    values = [result[key] for result in results if result.get(key) is not None]
    return statistics.median(values) if values else None


def _cells(row: Row) -> list[str]:
    count = len(row.medians)
    first = f"{number(row.first_found_ms)} → {number(row.first_again_ms)}"
    return [row.name, row.device, f"{number(row.median)} ({number(min(row.medians))}–{number(max(row.medians))})",
            "–" if row.ratio is None else f"{row.ratio:.2f}", number(row.device_median), number(row.load_ms), first,
            number(row.start_ms), number(row.peak_mb), f"{row.error:.0e}",
            f"{count}, {row.disturbed} d" if row.disturbed else str(count)]


def _by_reason(rows: Sequence[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.reason, []).append(row)
    return groups


def number(value: float | None) -> str:
    """The number with three significant digits."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
