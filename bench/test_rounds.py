"""Tests of the measurement of one round: in this process, by `resnet bench`, by CUDA events."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from rivals_lib import measure, ours, system, with_torch, worker
from rivals_lib.core import Case, Engine, Measurement, Proof, Unavailable, Usage, relative_error
from test_rivals import case

try:
    import numpy as np
except ImportError:
    np = None

needs_numpy = unittest.skipIf(np is None, "no numpy")


class Clock:
    """A replacement for the module `time` that the test advances."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    time = process_time = thread_time = perf_counter


@needs_numpy
class InProcess(unittest.TestCase):
    def measured(self, seconds_each: float, errors: dict[int, float] | None = None, **settings) -> Measurement:
        """An engine whose n-th inference takes `seconds_each` plus (n + 1) ns, with these errors."""
        clock, self.usage = Clock(), None
        out = np.float32([[1, 2]])
        self.count = 0

        def infer():
            clock.now += seconds_each + (self.count + 1) * 1e-9
            out[:] = [[1, 2 + 2 * (errors or {}).get(self.count, 0.0)]]
            self.count += 1
            return out  # the same buffer each time, as some rivals return it

        def prove(usage: Usage) -> Proof:
            self.usage = usage
            return Proof("GPU", [])

        with tempfile.TemporaryDirectory() as folder:
            np.save(Path(folder, "resnet18.b1.logits.npy"), np.float32([[1, 2]]))
            with mock.patch.object(worker, "time", clock), mock.patch.dict(os.environ, RIVALS_SPAWNED="99.0"):
                return worker.in_process(lambda _: Engine(infer, prove, {"lib": "1"}))(
                    replace(case(Path(folder)), **settings))

    def numbers(self, measured: Measurement, seconds_each: float) -> list[int]:
        return [round((sample / 1e3 - seconds_each) * 1e9) for sample in measured.samples]

    def test_slow_ones_warm_up_as_often_as_asked(self):
        measured = self.measured(2.0)
        self.assertEqual(self.numbers(measured, 2.0), [4, 5, 6])  # one first, two warm-up and three timed inferences
        self.assertAlmostEqual(measured.first_ms, 2000, 3)
        self.assertAlmostEqual(measured.start_ms, 3000, 3)

    def test_fast_ones_warm_up_for_a_second_besides_the_first(self):
        measured = self.measured(0.125)
        self.assertEqual(self.numbers(measured, 0.125), [1 + 8 + n for n in (1, 2, 3)])

    def test_rounds_can_last_longer(self):
        self.assertEqual(len(self.measured(0.125, seconds=0.75).samples), 6)
        self.assertEqual(len(self.measured(0.5, seconds=0.75).samples), 3)

    def test_the_largest_error_counts_whenever_it_was(self):
        for number in (0, 2, 4, 5):  # the first, one of the warm-up, one timed, the last
            self.assertAlmostEqual(self.measured(2.0, {number: 0.5, 1: 0.25}).error, 0.5)
        self.assertEqual(self.measured(2.0).error, 0.0)

    def test_of_many_the_first_and_the_last_are_kept(self):
        with mock.patch.object(worker, "KEPT_BYTES", 16):
            self.assertEqual(self.measured(2.0, {3: 0.5}).error, 0.0)
            for number in (0, 1, 5):
                self.assertAlmostEqual(self.measured(2.0, {number: 0.5}).error, 0.5)

    def test_usage_is_that_of_the_timed_loop(self):
        self.measured(2.0)
        self.assertAlmostEqual(self.usage.cores, 1.0)


def bench_report(samples: list[float], **row) -> dict:
    """The fields of the output of `resnet bench --json` that the script reads."""
    def stats(values: list[float]) -> dict:
        return {"mean": values[0], "median": values[0], "samples": values}

    return {"schema_version": 1, "crate_version": "0.1.0", "wgpu_version": "27.0.1",
            "devices": [{"name": "other", "backend": "OpenGL", "kind": "software", "driver": "", "driver_info": ""},
                        {"name": "Radeon", "backend": "Vulkan", "kind": "discrete", "driver": "radv",
                         "driver_info": "Mesa 25.0"}],
            "rows": [{"device": 1, "status": "ok", "error": None, "warnings": [],
                      "verification": {"passed": True, "deterministic": True, "tolerance": 1e-4, "images": 1,
                                       "before": {"relative_error": 2e-6, "top1_equal": 1},
                                       "after": {"relative_error": 3e-6, "top1_equal": 1}},
                      "startup": {"cold": None, "warm": {"device_ms": 10.0, "load_ms": 20.0, "plan_ms": 1.0,
                                                         "pipelines_ms": 30.0, "upload_ms": 4.0,
                                                         "first_inference_ms": 9.0, "total_ms": 75.0}},
                      "end_to_end": stats(samples), "gpu": stats([3.0, 3.5]), "gpu_clock": "timestamps",
                      "memory": {"device_bytes": 1, "process_peak_bytes": 700_000_000}, **row}]}


STUB = """#!{python}
import pathlib, shutil, sys
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    print(*sys.argv[1:], file=calls)
if "f16" in sys.argv:
    print("error: no f16 here", file=sys.stderr)
    sys.exit(1 if (here / "f16-fails").exists() else 2)
elif sys.argv[1] == "bench":
    print((here / ("while.json" if "--duration" in sys.argv else "times.json")).read_text())
else:
    shutil.copy(here / "logits.safetensors", sys.argv[sys.argv.index("--output") + 1])
"""


@needs_numpy
@unittest.skipIf(sys.platform == "win32", "a script is no program there")
class Ours(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        stub = self.folder / "resnet"
        stub.write_text(STUB.format(python=sys.executable))
        stub.chmod(0o755)
        for name in ("resnet18.safetensors", "resnet18.b1.input.safetensors"):
            (self.folder / name).touch()
        np.save(self.folder / "resnet18.b1.logits.npy", np.float32([[1, 2]]))
        header = json.dumps({"logits": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}).encode()
        (self.folder / "logits.safetensors").write_bytes(
            len(header).to_bytes(8, "little") + header + np.float32([1, 2.5]).tobytes())
        self.says("times.json", bench_report([5.0, 6.0, 7.0]))

    def says(self, file: str, report: dict) -> None:
        (self.folder / file).write_text(json.dumps(report))

    def measured(self, precision: str = "f32", **settings) -> Measurement:
        wanted: Case = replace(case(self.folder), ours=self.folder / "resnet", **settings)
        return ours._measure(wanted, precision)

    def test_a_report_is_read(self):
        measured = self.measured()
        self.assertEqual((measured.samples, measured.device_samples), ([5.0, 6.0, 7.0], [3.0, 3.5]))
        self.assertEqual((measured.load_ms, measured.first_ms, measured.peak_mb), (66.0, 9.0, 700.0))
        self.assertEqual((measured.error, measured.versions), (0.25, {"resnet-wgpu": "0.1.0", "wgpu": "27.0.1"}))
        self.assertEqual(measured.proof, Proof("Radeon, Vulkan", [
            "wgpu's adapter: Radeon, Vulkan, discrete", "driver radv Mesa 25.0",
            "bench's own images off by 3e-06 from the CPU reference"]))
        bench, run = (self.folder / "calls").read_text().splitlines()
        for part in ("--batch-size 1", "--repetitions 3", "--no-startup", "--precision f32 --x 1"):
            self.assertIn(part, bench)
        self.assertRegex(run, "^run --weights .*resnet18.safetensors --input .*resnet18.b1.input.safetensors")

    def test_only_the_gpus_own_clock_times_the_gpu(self):
        for more in ({"gpu_clock": "wall"}, {"gpu_clock": None, "gpu": None}):
            self.says("times.json", bench_report([5.0], **more))
            self.assertIsNone(self.measured(runs=1).device_samples)

    def test_memory_may_be_unknown(self):
        for memory in (None, {"process_peak_bytes": None}):
            self.says("times.json", bench_report([5.0], memory=memory))
            self.assertIsNone(self.measured(runs=1).peak_mb)

    def test_a_round_lasts_as_long_as_asked(self):
        self.says("while.json", bench_report([1.0] * 4))
        self.assertEqual(len(self.measured(seconds=0.5).samples), 4)
        self.assertIn("--duration 0.5", (self.folder / "calls").read_text())

    def test_and_is_repeated_as_often_as_asked(self):
        slow = bench_report([1.0] * 2)
        slow["rows"][0]["startup"]["warm"]["first_inference_ms"] = 50.0
        self.says("while.json", slow)
        measured = self.measured(seconds=0.5)
        self.assertEqual((measured.samples, measured.first_ms), ([5.0, 6.0, 7.0], 50.0))

    def test_failures_say_why(self):
        self.says("times.json", bench_report([5.0], status="error", error="lost"))
        with self.assertRaisesRegex(RuntimeError, "^resnet bench: error: lost$"):
            self.measured()
        with self.assertRaisesRegex(Unavailable, "^`resnet bench` ended with 2: error: no f16 here$"):
            self.measured("f16")
        (self.folder / "f16-fails").touch()
        with self.assertRaisesRegex(RuntimeError, "^`resnet bench` ended with 1: error: no f16 here$"):
            self.measured("f16")

    def test_tensors_are_read(self):
        header = json.dumps({"logits": {"dtype": "F32", "shape": [1, 2], "data_offsets": [4, 12]}}).encode()
        path = self.folder / "x.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header + np.float32([7, 1, 2]).tobytes())
        logits = ours.read_tensor(path, "logits")
        self.assertEqual(logits.tolist(), [[1, 2]])
        self.assertEqual(relative_error(logits, np.float32([[1, 4]])), 0.5)
        self.assertEqual(relative_error(logits, np.float32([1, 2])), float("inf"))
        self.assertEqual(relative_error(logits * np.nan, logits), float("inf"))


class FakeCuda:
    """A GPU with a queue. It sleeps for a given number of cycles. The host needs `launch` cycles for a step."""

    def __init__(self, launch: int) -> None:
        self.launch, self.host, self.awake, self.sleeps = launch, 0, 0, []
        self.Event = lambda enable_timing: SimpleNamespace(
            record=lambda: None, query=lambda: self.host >= self.awake, elapsed_time=lambda end: 1.5)

    def synchronize(self) -> None:
        self.host = max(self.host, self.awake)

    def _sleep(self, cycles: int) -> None:
        self.awake = self.host + cycles
        self.sleeps.append(cycles)

    def step(self) -> None:
        self.host += self.launch


class Cuda(unittest.TestCase):
    def times(self, launch: int) -> tuple[list[float], list[int]]:
        cuda = FakeCuda(launch)
        return with_torch.event_times(cuda, cuda.step, 2), cuda.sleeps

    def test_the_gpu_sleeps_until_all_is_queued(self):
        least = with_torch.LEAST_SLEEP
        self.assertEqual(self.times(least // 2), ([1.5, 1.5], [least] * 2))
        self.assertEqual(self.times(3 * least), ([1.5, 1.5], [least, 2 * least, 4 * least, 4 * least]))

    def test_what_cannot_be_queued_has_no_time(self):
        self.assertEqual(self.times(with_torch.MOST_SLEEP * 2)[0], [])

    def test_tf32_is_set_in_one_way_only(self):
        def backends(**more) -> SimpleNamespace:
            return SimpleNamespace(cudnn=SimpleNamespace(conv=SimpleNamespace()),
                                   cuda=SimpleNamespace(matmul=SimpleNamespace()), **more)
        new, old = backends(fp32_precision="none"), backends()
        self.assertEqual(with_torch.set_tf32(new, True), [
            "fp32_precision tf32", "cudnn.fp32_precision tf32", "cudnn.conv.fp32_precision tf32",
            "cuda.matmul.fp32_precision tf32"])
        self.assertEqual(with_torch.set_tf32(new, False)[2], "cudnn.conv.fp32_precision ieee")
        self.assertEqual(with_torch.set_tf32(old, False), ["cudnn.allow_tf32 False", "cuda.matmul.allow_tf32 False"])
        self.assertFalse(hasattr(new.cudnn, "allow_tf32") or hasattr(old.cudnn, "fp32_precision"))

    def test_installed_pytorch_takes_the_settings(self):
        try:
            import torch
        except ImportError:
            self.skipTest("no torch")
        for allowed, word in ((True, "tf32"), (False, "ieee")):
            said = with_torch.set_tf32(torch.backends, allowed)
            self.assertTrue(all(line.endswith((word, str(allowed))) for line in said), said)

    def test_devices_are_named_by_the_driver(self):
        self.assertIsNone(system.cuda_name("libno-such-driver.so"))

        def get_name(buffer, size: int, device) -> int:
            buffer.value = b"NVIDIA H200"
            return 0
        driver = SimpleNamespace(cuInit=lambda flags: 0, cuDeviceGet=lambda device, number: 0, cuDeviceGetName=get_name)
        with mock.patch.object(system.ctypes, "CDLL", lambda library: driver):
            self.assertEqual(system.cuda_name(), "NVIDIA H200")
            driver.cuInit = lambda flags: 100
            self.assertIsNone(system.cuda_name())


class Share(unittest.TestCase):
    def test_others_share_is_of_the_cpus_that_rivals_may_use(self):
        spent = iter([0.0, 1e6])
        with mock.patch.multiple(measure, busy_seconds=lambda: next(spent), children_seconds=lambda: 0.0,
                                 usable_cpus=lambda: 4, time=SimpleNamespace(
                                     time=lambda: 0.0, perf_counter=iter([0.0, 1e6]).__next__)):
            self.assertEqual(measure.run_round([sys.executable, "-c", ""], {})["foreign"], 0.25)

    @unittest.skipUnless(hasattr(os, "sched_getaffinity"), "no affinities here")
    def test_cpus_that_may_not_be_used_do_not_count(self):
        with mock.patch.object(os, "sched_getaffinity", lambda process: {0, 3}):
            self.assertEqual(system.usable_cpus(), 2)
