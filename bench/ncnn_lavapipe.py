"""Times ncnn's Vulkan backend against this project, on lavapipe, in alternating rounds.

    python bench/ncnn_lavapipe.py --ours "./target/release/examples/time_infer {model}"
    python bench/ncnn_lavapipe.py --only ncnn

Needs (pip install) ncnn pnnx torch torchvision numpy. Per network, batch 1, 224x224, f32:

1. torchvision's network with seeded weights and calibrated batch norm is traced and converted by
   pnnx with f32 weights, once, into the cache folder, along with an input and PyTorch's logits.
2. Rounds alternate: ncnn, ours, ncnn, ours, ... Each is a fresh process, which loads the network,
   warms up, times some inferences with upload and readback inside, and prints one line of JSON:
   {"median_ms": 173.0, "runs_ms": [172.1, 173.0, 175.2]}. `--ours` is held to the same contract;
   {model} becomes resnet18 or resnet50.
3. A pair of rounds during which other processes took the CPU is run again, and does not count
   unless quiet ones are too few, which the table then says.

ncnn's side fails rather than fall back: it stops unless the device is the one asked for, the work
was done by lavapipe's threads and not by ncnn's, and the logits are PyTorch's to 1e-4.
"""

import argparse
import json
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

MODELS = ["resnet18", "resnet50"]
SIZE = 224
NOT_F32 = ["use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic",
           "use_bf16_packed", "use_bf16_storage"]


# --- preparing the networks ----------------------------------------------------------------------


def prepare(model: str, cache: Path):
    """Leaves model.ncnn.{param,bin} and model.{input,logits}.npy in the cache."""
    wanted = [cache / f"{model}.{end}" for end in ("ncnn.param", "ncnn.bin", "input.npy", "logits.npy")]
    if all(path.exists() for path in wanted):
        return
    import numpy as np
    import torch
    import torchvision

    print(f"converting {model} in {cache}", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    net = torchvision.models.get_model(model, weights=None)
    with torch.no_grad(), tempfile.TemporaryDirectory(dir=cache) as folder:
        folder = Path(folder)
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0  # running statistics become those of the one batch below
        net.train()(torch.randn(16, 3, SIZE, SIZE))
        net.eval()
        x = torch.randn(1, 3, SIZE, SIZE)
        np.save(folder / f"{model}.input.npy", x[0].numpy())
        np.save(folder / f"{model}.logits.npy", net(x)[0].numpy())
        with warnings.catch_warnings():  # pnnx reads what torch.jit writes, deprecated or not
            warnings.simplefilter("ignore", FutureWarning)
            torch.jit.trace(net, x).save(folder / f"{model}.pt")
        # pnnx's own entry point, so that it need not be on the PATH.
        done = subprocess.run(
            [sys.executable, "-c", "import sys, pnnx; sys.exit(pnnx.pnnx())", f"{model}.pt",
             f"inputshape=[1,3,{SIZE},{SIZE}]", "fp16=0"],
            cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"pnnx failed with {done.returncode}\n{done.stdout}")
        for path in wanted:
            (folder / path.name).replace(path)


# --- one round of ncnn, in a process of its own --------------------------------------------------


def ncnn_round(model: str, cache: Path, device: str, runs: int, warmup: int):
    import ncnn
    import numpy as np

    names = [ncnn.get_gpu_info(i).device_name() for i in range(ncnn.get_gpu_count())]
    index = next((i for i, name in enumerate(names) if device in name), None)
    if index is None:
        sys.exit(f"ncnn sees no Vulkan device named {device!r}, only {names}")

    net = ncnn.Net()
    net.opt.use_vulkan_compute = True
    for option in NOT_F32:
        setattr(net.opt, option, False)
    net.set_vulkan_device(index)
    started = time.perf_counter()
    assert net.load_param(str(cache / f"{model}.ncnn.param")) == 0
    assert net.load_model(str(cache / f"{model}.ncnn.bin")) == 0
    assert net.opt.use_vulkan_compute, "ncnn gave Vulkan up while loading"
    load_ms = (time.perf_counter() - started) * 1e3

    x = np.load(cache / f"{model}.input.npy")

    def infer():
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], ncnn.Mat(x))
        status, out = extractor.extract(net.output_names()[0])
        assert status == 0, f"ncnn failed with {status}"
        return np.array(out)

    times = []
    for run in range(warmup + runs):
        if run == warmup:
            thread_before, process_before = time.thread_time(), time.process_time()
        started = time.perf_counter()
        logits = infer()
        times.append((time.perf_counter() - started) * 1e3)
    # lavapipe computes in threads of its own while this one waits; ncnn's CPU layers share their
    # work out among this thread and its helpers.
    own_share = (time.thread_time() - thread_before) / (time.process_time() - process_before)

    expected = np.load(cache / f"{model}.logits.npy")
    error = float(np.abs(logits - expected).max() / np.abs(expected).max())
    if not error < 1e-4:
        sys.exit(f"ncnn's logits are wrong by {error:.1e} of the largest: is something not f32?")
    if "llvmpipe" in names[index] and own_share > 0.5 / os.cpu_count():
        sys.exit(f"ncnn's thread did {own_share:.0%} of the work, which lavapipe's threads ought to do")
    on_cpu = [layer.name for layer in net.layers() if not layer.support_vulkan]
    print(json.dumps({
        "median_ms": statistics.median(times[warmup:]), "runs_ms": times[warmup:],
        "load_ms": load_ms, "first_ms": times[0], "error": error, "device": names[index],
        "own_share": own_share, "layers_without_vulkan": on_cpu, "ncnn": ncnn.__version__,
    }))


# --- rounds, and who else was using the CPU ------------------------------------------------------


def busy_seconds() -> float:
    """CPU time that the whole machine has spent on anything, stolen time included."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_round(command: list[str]) -> dict:
    """Runs a command; its JSON line, with the share of the machine that went to others."""
    busy, ours, started = busy_seconds(), children_seconds(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - started
    foreign = busy_seconds() - busy - (children_seconds() - ours)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.exit(f"{shlex.join(command)} failed with {done.returncode}\n{done.stdout}{done.stderr}")
    result = json.loads(lines[-1])
    result["foreign"] = max(0.0, foreign / (wall * os.cpu_count()))
    result["log"] = done.stderr.strip()
    return result


def measure(commands: dict[str, list[str]], rounds: int, quiet: float) -> tuple[list[dict], bool]:
    """Alternates the commands until `rounds` pairs were quiet, or 4 times as many ran.

    Returns the `rounds` least disturbed pairs, chosen without a look at their times, and whether
    all of them were quiet.
    """
    def disturbance(pair):
        return max(result["foreign"] for result in pair.values())

    pairs, enough = [], False
    while not enough and len(pairs) < 4 * rounds:
        if pairs and disturbance(pairs[-1]) > quiet:
            time.sleep(5)  # others may be done by then
        pairs.append({side: run_round(command) for side, command in commands.items()})
        print(f"  round {len(pairs)}: " + ", ".join(
            f"{side} {result['median_ms']:.1f} ms (others {result['foreign']:.0%})"
            for side, result in pairs[-1].items()), flush=True)
        enough = sum(disturbance(pair) <= quiet for pair in pairs) == rounds
    return sorted(pairs, key=disturbance)[:rounds], enough


def cpu_name() -> str:
    with open("/proc/cpuinfo") as info:
        return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "?")


def mesa_version() -> list[str]:
    """From the package manager: lavapipe tells Vulkan no more than "1"."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "mesa-vulkan-drivers"],
                              capture_output=True, text=True)
    except FileNotFoundError:
        return []
    return [f"Mesa {done.stdout}"] if done.returncode == 0 else []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", metavar="CMD", help="command that times this project; {model} is replaced")
    parser.add_argument("--only", choices=["ncnn", "ours"], help="time one side alone")
    parser.add_argument("--models", default=",".join(MODELS), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=7, help="quiet rounds a side (default %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="timed inferences a round of ncnn (default %(default)s)")
    parser.add_argument("--warmup", type=int, default=2, help="untimed inferences before them (default %(default)s)")
    parser.add_argument("--quiet", type=float, default=0.10, metavar="SHARE",
                        help="run a round again if others took more of the CPU than this (default %(default)s)")
    parser.add_argument("--device", default="llvmpipe", help="part of the Vulkan device's name (default %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/resnet-wgpu-bench")
    parser.add_argument("--worker", choices=MODELS, help=argparse.SUPPRESS)  # one round of ncnn
    args = parser.parse_args()

    if args.worker:
        return ncnn_round(args.worker, args.cache, args.device, args.runs, args.warmup)
    if args.only != "ncnn" and not args.ours:
        parser.error("give --ours a command, or --only ncnn")

    rows, facts = [], {}
    for model in args.models.split(","):
        commands = {}
        if args.only != "ours":
            prepare(model, args.cache)
            commands["ncnn"] = [sys.executable, __file__, "--worker", model, "--cache", str(args.cache),
                                "--device", args.device, "--runs", str(args.runs), "--warmup", str(args.warmup)]
        if args.only != "ncnn":
            commands["ours"] = shlex.split(args.ours.replace("{model}", model))
        for side, command in commands.items():  # once untimed: the driver's shader cache is warm for all
            first = run_round(command)
            print(f"{model}, {side}: {(first['log'] or 'says nothing at its start').splitlines()[0]}")
            if side == "ncnn":
                facts = first
                print(f"  other threads than ncnn's did {1 - first['own_share']:.0%} of the work; layers without Vulkan: "
                      f"{first['layers_without_vulkan'] or 'none'}; error {first['error']:.1e}; "
                      f"load {first['load_ms']:.0f} ms, first inference {first['first_ms']:.0f} ms")
        pairs, quiet = measure(commands, args.rounds, args.quiet)
        times = {side: [pair[side]["median_ms"] for pair in pairs] for side in commands}
        medians = {side: statistics.median(values) for side, values in times.items()}
        cells = {side: f"{medians[side]:.1f} ({min(values):.1f}–{max(values):.1f})"
                 for side, values in times.items()}
        ratio = f"{medians['ncnn'] / medians['ours']:.2f}" if len(medians) == 2 else "–"
        rows.append(f"| {model} | {cells.get('ncnn', '–')} | {cells.get('ours', '–')} | {ratio} "
                    f"| {len(pairs)}{'' if quiet else ', disturbed'} |")

    print("\n| network | ncnn Vulkan, ms (range) | resnet-wgpu, ms (range) | ncnn / ours | rounds |\n"
          "|---|---|---|---|---|")
    print("\n".join(rows))
    environment = [cpu_name(), f"{os.cpu_count()} cores", platform.platform()]
    if facts:
        environment += [facts["device"], *mesa_version(), f"ncnn {facts['ncnn']}"]
    print(f"\nBatch 1, {SIZE}x{SIZE}, f32, upload and readback included; medians of rounds, each the median "
          f"of its runs. {', '.join(environment)}, {time.strftime('%Y-%m-%d')}.")
    for name in sorted(os.environ):
        if name.startswith(("LP_", "GALLIUM_", "MESA_", "VK_")):
            print(f"{name}={os.environ[name]}")


if __name__ == "__main__":
    main()
