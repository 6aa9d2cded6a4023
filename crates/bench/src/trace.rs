//! A run as a trace in Chrome's trace event format, which ui.perfetto.dev opens.
//! <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>

use std::time::Duration;

use serde_json::{Value, json};

use super::result::Profile;
use resnet_wgpu::low_level::gpu::{Clock, Span, Timeline};

/// The track of the host and the track of the GPU.
const HOST: u32 = 1;
const GPU: u32 = 2;

/// Returns the trace of one run. `profile` names the steps in the order of execution.
pub fn trace(device: &str, profile: &Profile, timeline: &Timeline) -> Value {
    let clock = match timeline.clock {
        Clock::Timestamps => "GPU (by the GPU's clock, aligned with the submission)",
        Clock::Wall => "GPU (by the host's clock, round trips included)",
    };
    let mut events = vec![
        metadata("process_name", HOST, "resnet-wgpu"),
        metadata("thread_name", HOST, "host"),
        metadata("thread_name", GPU, &format!("{clock}: {device}")),
    ];
    for (name, span) in [
        ("upload", timeline.upload),
        ("record", timeline.record),
        ("submit", timeline.submit),
        ("wait", timeline.wait),
    ] {
        if span.begin < span.end {
            events.push(event(name, HOST, span, json!({})));
        }
    }
    for (step, &span) in profile.steps.iter().zip(&timeline.gpu) {
        let args = json!({
            "kernel": step.kernel,
            "output": step.output,
            "macs": step.macs,
            "bytes": step.bytes,
            "median_ms": step.ms,
            "roofline_percent": step.roofline_percent,
        });
        events.push(event(&step.layer, GPU, span, args));
    }
    json!({ "displayTimeUnit": "ms", "traceEvents": events })
}

fn metadata(what: &str, track: u32, name: &str) -> Value {
    json!({ "ph": "M", "name": what, "pid": 1, "tid": track, "args": { "name": name } })
}

/// Returns a complete event (`"ph": "X"`), whose times are in microseconds.
fn event(name: &str, track: u32, span: Span, args: Value) -> Value {
    let us = |time: Duration| time.as_nanos() as f64 / 1e3;
    json!({
        "ph": "X",
        "name": name,
        "cat": if track == GPU { "gpu" } else { "host" },
        "pid": 1,
        "tid": track,
        "ts": us(span.begin),
        "dur": us(span.duration()),
        "args": args,
    })
}
