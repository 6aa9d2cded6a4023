"""Tests of bench/rivals.py itself: `python bench/rivals.py --self-test`. The tests need no rival."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from dataclasses import asdict
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from rivals_lib import cli, measure, report, worker  # noqa: E402
from rivals_lib.core import BOUNDS, Case, Measurement, Proof, Refused, Rival, Unavailable  # noqa: E402
from rivals_lib.ours import NAME, NAME_F16  # noqa: E402
from rivals_lib.registry import all_rivals  # noqa: E402
from rivals_lib.with_ort import node_places  # noqa: E402


def case(cache: Path = Path("cache")) -> Case:
    return Case(model="resnet18", batch=1, cache=cache, runs=3, seconds=0.0, warmup=2, device="auto", gpu=None,
                ours=Path("resnet"), ours_args=("--x", "1"))


def result(*samples: float, foreign: float | None = 0.0, **more) -> dict:
    return {"status": "ok", "samples": list(samples), "error": 1e-6, "proof": {"device": "GPU", "evidence": ["seen"]},
            "versions": {"lib": "1"}, "load_ms": 5.0, "first_ms": 9.0, "start_ms": 20.0, "peak_mb": 100.0,
            "device_samples": None, "notes": [], "foreign": foreign, **more}


class Rows(unittest.TestCase):
    def test_a_row_is_the_median_of_medians_without_the_first_round(self):
        rounds = [result(99, first_ms=500.0), result(1, 2, 9), result(4, 4, 4), result(3, 3, 3)]
        row = report.row("a", "f32", rounds, 0.1)
        self.assertEqual((row.status, row.medians, row.median), ("ok", [2, 4, 3], 3))
        self.assertEqual((row.first_found_ms, row.first_again_ms), (500.0, 9.0))

    def test_the_largest_error_counts(self):
        self.assertEqual(report.row("a", "f32", [result(1, error=5e-4), result(1)], 0.1).error, 5e-4)

    def test_disturbed_rounds_are_counted_and_unknown_ones_are_not(self):
        rounds = [result(1, foreign=0.9), result(1, foreign=0.2), result(1), result(1, foreign=None)]
        self.assertEqual(report.row("a", "f32", rounds, 0.1).disturbed, 1)

    def test_who_failed_later_has_no_time(self):
        row = report.row("a", "f32", [result(1), result(1), {"status": "wrong", "reason": "error 1e-1"}], 0.1)
        self.assertEqual((row.status, row.median, row.reason), ("wrong", None, "error 1e-1"))

    def test_ratios_are_taken_round_by_round(self):
        # In the second round the machine was three times as slow, for both rivals.
        ours = report.row(NAME, "f32", [result(1), result(10), result(30), result(10)], 0.1)
        rival = report.row("a", "f32", [result(1), result(20), result(60), result(20)], 0.1)
        report.compare([ours, rival])
        self.assertEqual((rival.ratio, rival.against, ours.ratio), (2.0, NAME, None))

    def test_f16_is_compared_with_f16_where_ours_has_it(self):
        ours = report.row(NAME, "f32", [result(1), result(10)], 0.1)
        half = report.row(NAME_F16, "f16", [result(1), result(5)], 0.1)
        rival = report.row("a", "f16", [result(1), result(20)], 0.1)
        report.compare([ours, half, rival])
        self.assertEqual((rival.ratio, rival.against), (4.0, NAME_F16))
        report.compare([ours, rival])
        self.assertEqual((rival.ratio, rival.against), (2.0, NAME))

    def test_without_ours_there_is_no_ratio(self):
        ours = report.row(NAME, "f32", [{"status": "skipped", "reason": "no binary"}], 0.1)
        rival = report.row("a", "f32", [result(1), result(20)], 0.1)
        report.compare([ours, rival])
        self.assertIsNone(rival.ratio)


class Tables(unittest.TestCase):
    def test_ours_comes_first_then_the_fastest_then_who_was_not_measured(self):
        rows = [report.row("slow", "f32", [result(1), result(200.4)], 0.1),
                report.row("fast", "f32", [result(1), result(1.234, foreign=0.5)], 0.1),
                report.row("w", "f32", [{"status": "wrong", "reason": "error 5e-1", "error": 0.5}], 0.1),
                report.row("s1", "f32", [{"status": "skipped", "reason": "not here"}], 0.1),
                report.row("s2", "f32", [{"status": "skipped", "reason": "not here"}], 0.1),
                report.row(NAME, "f32", [result(1), result(100)], 0.1)]
        report.compare(rows)
        self.assertEqual(report.table(rows).splitlines()[2:], [
            f"| {NAME} | GPU | 100 (100–100) | – | – | 5.00 | 9.00 → 9.00 | 20.0 | 100 | 1e-06 | 1 |",
            "| fast | GPU | 1.23 (1.23–1.23) | 0.01 | – | 5.00 | 9.00 → 9.00 | 20.0 | 100 | 1e-06 | 1, 1 d |",
            "| slow | GPU | 200 (200–200) | 2.00 | – | 5.00 | 9.00 → 9.00 | 20.0 | 100 | 1e-06 | 1 |",
            "",
            "- w: **wrong**: error 5e-1",
            "- s1, s2: **skipped**: not here"])

    def test_nothing_measured_is_no_table(self):
        row = report.row("a", "f32", [{"status": "skipped", "reason": "not here"}], 0.1)
        self.assertEqual(report.table([row]), "- a: **skipped**: not here")

    def test_footnotes_say_where_each_ran(self):
        row = report.row("a", "f32", [result(1), result(1)], 0.1)
        environment = {"cpu": "C", "cpus": 2, "os": "Linux", "nvidia": None, "env": {"LP_X": "1"},
                       "date": "2026-01-02T", "commit": "abc"}
        text = report.footnotes([row, row], {"rounds": 1, "runs": 2, "seconds": 0.5, "warmup": 3, "quiet": 0.1},
                                environment)
        self.assertIn("the median of 2 inferences or more, 0.5 s in all, after 4 and a second;", text)
        self.assertEqual(text.count("- a: lib 1; seen"), 1)
        self.assertIn("C, 2 CPUs; Linux; LP_X=1; 2026-01-02; commit abc.", text)


class Disturbance(unittest.TestCase):
    def least(self, *foreign: float | None) -> tuple[dict, int]:
        rounds = [result(float(number), foreign=share) for number, share in enumerate(foreign)]
        left = iter(rounds)
        best = measure.least_disturbed(lambda: next(left), quiet=0.1, pause=0.0)
        return best, len(rounds) - len(list(left))

    def test_a_quiet_round_is_kept(self):
        self.assertEqual(self.least(0.05, 0.0)[1], 1)

    def test_a_disturbed_round_is_run_again(self):
        best, ran = self.least(0.5, 0.02, 0.0)
        self.assertEqual((best["foreign"], ran), (0.02, 2))

    def test_the_least_disturbed_is_kept_whatever_its_time(self):
        best, ran = self.least(0.5, 0.3, 0.4)
        self.assertEqual((best["samples"], ran), ([1.0], 3))

    def test_where_the_system_does_not_tell_there_is_one_round(self):
        self.assertEqual(self.least(None, 0.0)[1], 1)

    def test_a_failure_is_not_hidden_by_running_again(self):
        left = iter([result(1, foreign=0.5), {"status": "failed", "reason": "x", "foreign": 0.0}, result(1)])
        self.assertEqual(measure.least_disturbed(lambda: next(left), 0.1, 0.0)["status"], "failed")


class Alternation(unittest.TestCase):
    def alternate(self, outcomes: dict[str, list[str]], rounds: int) -> tuple[dict, list[str]]:
        order: list[str] = []

        def run(name: str) -> dict:
            order.append(name)
            status = outcomes[name].pop(0) if outcomes.get(name) else "ok"
            return result(1) if status == "ok" else {"status": status, "reason": "r", "foreign": 0.0}

        with redirect_stderr(StringIO()):
            return measure.alternate(["a", "b", "c"], run, rounds, quiet=0.1, pause=0.0), order

    def test_the_order_rotates(self):
        self.assertEqual("".join(self.alternate({}, 3)[1]), "abc" "abc" "bca" "cab")

    def test_who_cannot_run_drops_out(self):
        results, order = self.alternate({"b": ["skipped"]}, 2)
        self.assertEqual("".join(order), "abc" "ac" "ca")
        self.assertEqual([len(results[name]) for name in "abc"], [3, 1, 3])

    def test_who_fails_later_drops_out_then(self):
        self.assertEqual("".join(self.alternate({"a": ["ok", "wrong"]}, 2)[1]), "abc" "abc" "cb")


class Workers(unittest.TestCase):
    def round(self, code: str) -> dict:
        return measure.run_round([sys.executable, "-c", code], {"RIVALS_TEST": "1"})

    def test_the_json_line_is_found_among_chatter(self):
        self.assertEqual(self.round("""print('hello'); print('{"status": "ok", "x": 1}'); print('bye')""")["x"], 1)

    def test_a_crash_says_how(self):
        failed = self.round("import sys; sys.exit('no such driver')")
        self.assertEqual((failed["status"], failed["reason"]), ("failed", "its process ended with 1: no such driver"))

    def test_a_missing_interpreter_is_a_failure_of_that_rival_alone(self):
        self.assertEqual(measure.run_round(["/no/such/python"], {})["status"], "failed")

    def test_a_worker_gets_its_environment(self):
        code = """import json, os; print(json.dumps({"status": "ok", "x": [os.environ["RIVALS_TEST"], """ \
               """float(os.environ["RIVALS_SPAWNED"]) > 0]}))"""
        self.assertEqual(self.round(code)["x"], ["1", True])

    def outcome(self, error: Exception | None = None, precision: str = "f32", size: float = 0.0) -> dict:
        def run(_case: Case) -> Measurement:
            if error:
                raise error
            return Measurement([1.0], size, Proof("GPU", []), {}, 1.0, 1.0, 1.0, 1.0)

        modules = {name for name in ("numpy",) if name not in sys.modules}
        for name in modules:  # the worker imports numpy for all rivals, but these rivals do not use it
            sys.modules[name] = sys
        try:
            return worker._outcome(Rival("r", precision, run, install="pip install r"), case())
        finally:
            for name in modules:
                del sys.modules[name]

    def test_how_rounds_end(self):
        self.assertEqual(self.outcome()["status"], "ok")
        self.assertEqual(self.outcome(Refused("on the CPU")), {"status": "refused", "reason": "on the CPU"})
        self.assertEqual(self.outcome(Unavailable("no GPU")), {"status": "skipped", "reason": "no GPU"})
        self.assertEqual(self.outcome(ModuleNotFoundError("No module named 'r'")),
                         {"status": "skipped", "reason": "No module named 'r': pip install r"})
        failed = self.outcome(RuntimeError("out of memory\nand more"))
        self.assertEqual((failed["status"], failed["reason"]), ("failed", "RuntimeError: out of memory"))

    def test_wrong_logits_are_no_result(self):
        tf32_on_resnet18 = 1e-3
        wrong = self.outcome(size=tf32_on_resnet18)
        self.assertEqual((wrong["status"], wrong["reason"]), ("wrong",
                         "error 1.0e-03 of the largest logit, over 2e-04"))
        self.assertEqual(self.outcome(size=tf32_on_resnet18, precision="tf32")["status"], "ok")
        json.dumps(self.outcome(size=float("inf")), allow_nan=False)

    def test_not_a_number_is_wrong(self):
        self.assertEqual(self.outcome(size=float("nan"))["status"], "wrong")


class CommandLine(unittest.TestCase):
    def names(self, only: list[str], skip: list[str]) -> list[str]:
        return [rival.name for rival in cli.chosen(all_rivals(), only, skip)]

    def test_patterns_choose(self):
        self.assertEqual(self.names(["ncnn-*", NAME], ["*-cpu"]), [NAME, "ncnn-vulkan"])

    def test_every_rival_has_a_bound_and_says_how_to_install_it(self):
        for rival in all_rivals().values():
            self.assertIn(rival.precision, BOUNDS)
            self.assertTrue(rival.install, rival.name)

    def test_interpreters(self):
        pythons = [cli.split_pair("ort-webgpu=x"), cli.split_pair("*webgpu*=y")]
        self.assertEqual([cli.python_for(name, pythons) for name in ("ort-webgpu", "tinygrad-webgpu", "ort-cpu")],
                         ["x", "y", sys.executable])
        with self.assertRaises(SystemExit):
            cli.split_pair("python3")

    def refusal(self, *arguments: str) -> str:
        said = StringIO()
        with redirect_stderr(said), self.assertRaises(SystemExit):
            cli._parser().parse_args(arguments)
        return said.getvalue()

    def test_what_cannot_be_is_refused_with_what_can(self):
        self.assertIn("no network resnet19; there are resnet18, resnet34,",
                      self.refusal("--models", "resnet18,resnet19"))
        self.assertIn("expected 2 or more", self.refusal("--warmup", "1"))
        for seconds in ("-1", "nan", "1e-9"):
            self.assertIn("expected 0, or 0.001 to", self.refusal(f"--seconds={seconds}"))

    def test_only_who_misses_a_package_is_told_what_to_install(self):
        self.assertIn("pip install", cli._why("Traceback\nModuleNotFoundError: No module named 'torch'\n"))
        self.assertEqual(cli._why("Traceback\nOSError: disk full\n"), "OSError: disk full")
        self.assertEqual(cli._why(""), "it said nothing")

    def test_cases_survive_the_way_to_the_worker(self):
        self.assertEqual(cli.case_from(json.loads(json.dumps(asdict(case()), default=str))), case())

    def test_nothing_but_the_standard_library_is_imported(self):
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import rivals_lib.cli"
        subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


class Files(unittest.TestCase):
    def test_reports_are_written_whole_or_refused_before_the_work(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "new.json")
            report.refuse_unwritable(path)
            self.assertEqual(list(Path(folder).iterdir()), [])
            report.save(path, {"a": 1})
            report.refuse_unwritable(path)
            self.assertEqual(json.loads(path.read_text()), {"a": 1})
            with self.assertRaises(TypeError):
                report.save(path, {"a": object()})
            self.assertEqual((json.loads(path.read_text()), len(list(Path(folder).iterdir()))), ({"a": 1}, 1))
            for bad in (Path(folder), Path(folder, "none", "x.json"), path / "x.json"):
                with self.assertRaisesRegex(SystemExit, "cannot be written: "):
                    report.refuse_unwritable(bad)

    def test_a_network_that_could_not_be_converted_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "resnet18.onnx.why").write_text("needs onnxscript\n")
            with self.assertRaisesRegex(Unavailable, "^needs onnxscript$"):
                case(Path(folder)).prepared("onnx")
            Path(folder, "resnet18.onnx").touch()
            self.assertEqual(case(Path(folder)).prepared("onnx"), Path(folder, "resnet18.onnx"))

    def test_nodes_are_counted_by_provider(self):
        profile = [{"cat": "Session", "args": {}}, {"cat": "Node", "args": {"provider": "A", "op_name": "Conv"}},
                   {"cat": "Node", "args": {"provider": "B", "op_name": "Conv"}},
                   {"cat": "Node", "args": {"provider": "A", "op_name": "Conv"}},
                   {"cat": "Node", "args": {}}]
        self.assertEqual(node_places(profile), {("A", "Conv"): 2, ("B", "Conv"): 1})


if __name__ == "__main__":
    unittest.main()
