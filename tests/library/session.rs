//! Tests of batches in flight, on every adapter of this machine and on the CPU.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::cause::cause;
use resnet_wgpu::low_level::gpu::{GpuError, SpanKind};
use resnet_wgpu::{
    Device, DeviceSelector, Gpu, Model, Outputs, Run, RunOutputs, Session, SessionOptions, adapters,
};

fn options(in_flight: usize) -> SessionOptions {
    SessionOptions {
        batch: 2,
        in_flight,
        ..SessionOptions::default()
    }
}

/// Returns a session on each adapter and one on the CPU.
fn sessions(in_flight: usize) -> Vec<Session> {
    let model = Model::embedded().unwrap();
    let gpus = adapters().into_iter().map(|adapter| {
        let gpu = Gpu::new(DeviceSelector::Index(adapter.index)).unwrap();
        Session::new(&gpu, &model, &options(in_flight)).unwrap()
    });
    let mut sessions: Vec<Session> = gpus.collect();
    assert!(!sessions.is_empty(), "no adapter: run ./scripts/test");
    sessions.push(Session::new(Device::Cpu, &model, &options(in_flight)).unwrap());
    sessions
}

/// Returns a different image for each seed.
fn image(seed: usize, len: usize) -> Vec<f32> {
    let value = |i: usize| ((i * 31 + seed * 7919) % 255) as f32 / 128.0 - 1.0;
    (0..len)
        .map(|i| if i % 4 == 3 { 0.0 } else { value(i) })
        .collect()
}

fn finish(run: Run) -> Vec<f32> {
    run.finish(|outputs| outputs.logits().to_vec()).unwrap()
}

#[test]
fn batches_in_flight_come_back_in_order() {
    for session in sessions(3) {
        let len = session.input_len();
        // The inputs alternate between part batches and whole batches.
        let inputs: Vec<Vec<f32>> = (0..7).map(|i| image(i, len * (1 + i % 2))).collect();
        let alone: Vec<Vec<f32>> = (inputs.iter())
            .map(|input| {
                let read = |outputs: &RunOutputs<'_>| outputs.logits().to_vec();
                session.run_batch(input, read).unwrap()
            })
            .collect();
        assert_ne!(alone[0], alone[2]);
        let (mut found, mut started) = (vec![], VecDeque::new());
        for input in &inputs {
            if started.len() == 3 {
                found.extend(started.pop_front().map(finish));
            }
            started.push_back(session.start(input).unwrap());
        }
        // The last runs are finished in reverse order, which must not matter.
        let late: Vec<_> = started.into_iter().rev().map(finish).collect();
        found.extend(late.into_iter().rev());
        assert_eq!(found, alone);
    }
}

#[test]
fn too_many_in_flight_are_reported() {
    for session in sessions(2) {
        let input = image(0, session.input_len());
        let first = session.start(&input).unwrap();
        let second = session.start(&input).unwrap();
        // The CPU computes a batch when it starts, so no batch is ever in flight.
        if session.plan().is_some() {
            let busy = session.start(&input);
            assert!(matches!(cause(&busy), Some(GpuError::Busy(2))), "{busy:?}");
            assert_eq!(session.in_flight(), 2);
        }
        let first = finish(first);
        assert_eq!(finish(second), first);
        // A wrong input starts no run.
        assert!(session.start(&input[1..]).is_err());
        assert_eq!(session.in_flight(), 0);
        let again = finish(session.start_in_turn(&input).unwrap());
        assert_eq!(again, first);
    }
}

#[test]
fn a_run_that_is_dropped_makes_room() {
    for session in sessions(1) {
        let input = image(3, session.input_len());
        let expected = finish(session.start(&input).unwrap());
        for _ in 0..5 {
            drop(session.start_in_turn(&input).unwrap());
        }
        assert_eq!(finish(session.start_in_turn(&input).unwrap()), expected);
    }
}

/// A reader that panics still frees its in-flight frame.
#[test]
fn a_run_whose_reader_panics_makes_room() {
    for session in sessions(1) {
        let input = image(4, session.input_len());
        let expected = finish(session.start(&input).unwrap());
        for _ in 0..3 {
            let run = session.start(&input).unwrap();
            let read = AssertUnwindSafe(|| run.finish(|_| panic!("the reader's own")));
            assert!(catch_unwind(read).is_err());
        }
        assert_eq!(finish(session.start_in_turn(&input).unwrap()), expected);
    }
}

/// Dropped runs stay on the device until they are done. They count towards the limit of runs in
/// flight.
#[test]
fn dropped_runs_are_still_in_flight() {
    for session in sessions(2).iter().filter(|s| s.plan().is_some()) {
        let input = image(5, session.input_len());
        let mut refused = 0;
        for _ in 0..50 {
            match session.start(&input) {
                Ok(run) => drop(run),
                Err(error) if matches!(error.downcast_ref(), Some(GpuError::Busy(2))) => {
                    refused += 1
                }
                Err(error) => panic!("{error}"),
            }
            assert!(session.in_flight() <= 2);
        }
        println!("{refused} of 50 had no room");
        // A caller that waits still gets a free frame.
        assert!(session.start_in_turn(&input).is_ok());
    }
}

#[test]
fn a_batch_too_large_is_refused_where_it_must_be_exact() {
    let gpu = Gpu::new(DeviceSelector::Auto).unwrap();
    let model = Model::embedded().unwrap();
    let options = |exact_batch| SessionOptions {
        batch: 1 << 20,
        exact_batch,
        ..SessionOptions::default()
    };
    let error = Session::new(&gpu, &model, &options(true)).unwrap_err();
    assert!(error.to_string().contains("smaller batch"), "{error}");
    let session = Session::new(&gpu, &model, &options(false)).unwrap();
    assert!(session.batch() < 1 << 20);
}

#[test]
fn timed_runs_cover_each_step_and_leave_the_session_usable() {
    let image =
        resnet_wgpu::low_level::tensor::Tensor::from_fn([1, 32, 32, 3], |i| (i % 7) as f32 / 3.0);
    let run = |session: &mut Session| -> Outputs { session.run(&image).unwrap() };
    for mut session in sessions(1) {
        let before = run(&mut session);
        let padded = resnet_wgpu::low_level::tensor::padded(&image);
        let steps = session.plan().map(|plan| plan.steps.len());
        for spans in [SpanKind::Steps, SpanKind::Submissions, SpanKind::Steps] {
            let timed = session.timed_run(&padded, spans).unwrap();
            let Some(timeline) = timed else {
                assert_eq!(steps, None);
                continue;
            };
            let expected = match spans {
                SpanKind::Steps => steps.unwrap(),
                SpanKind::Submissions => 1,
            };
            assert_eq!(timeline.gpu.len(), expected);
            let times = timeline.gpu.iter().map(|span| (span.begin, span.end));
            assert!(times.clone().all(|(begin, end)| begin <= end));
            assert!(times.clone().is_sorted(), "{timeline:?}");
            assert!(!timeline.gpu_time().is_zero());
            assert!(timeline.gpu_time() <= timeline.wait.end * 2);
        }
        assert_eq!(run(&mut session), before);
    }
}

/// Checks that the host's clock times the steps on a device without timestamps.
#[test]
fn without_timestamps_the_host_times() {
    let selector = DeviceSelector::Auto;
    let gpu = Gpu::with_limits(&selector, wgpu::Limits::defaults()).unwrap();
    let model = Model::embedded().unwrap();
    let session = Session::new(&gpu, &model, &options(1)).unwrap();
    let input = image(1, session.input_len());
    let timeline = session.timed_run(&input, SpanKind::Steps).unwrap().unwrap();
    assert_eq!(timeline.clock, resnet_wgpu::low_level::gpu::Clock::Wall);
    assert!(timeline.gpu.iter().all(|span| !span.duration().is_zero()));
}
