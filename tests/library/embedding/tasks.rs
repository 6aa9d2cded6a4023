//! Tests of answers that tasks await. No other code polls the device.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::support::cause::cause;
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::{Classifier, Model, PendingScores, Recorder, Scores, Session};

use super::common::{classifier, golden, own_gpu, photos};

fn sent<T: Send>(value: T) -> T {
    value
}

#[test]
fn everything_may_move_and_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Session>();
    shared::<Classifier>();
    shared::<Recorder>();
    shared::<PendingScores>();
    shared::<resnet_wgpu::low_level::session::Run>();
    shared::<resnet_wgpu::Error>();
}

#[test]
fn tasks_get_what_threads_get() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 2);
    for (name, photo) in photos() {
        let expected = classifier.classify(&photo, 5).unwrap();
        // `sent` checks that the future is `Send`, so that executors may move it to another thread.
        let waits = gpu.waits();
        let found = pollster::block_on(sent(classifier.classify_async(&photo, 5)));
        assert_eq!(found.unwrap(), expected, "{name}");
        assert_eq!(gpu.waits(), waits, "a task waited");
    }
}

/// A waker that counts its wake-ups.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs more tasks than in-flight frames on one thread, which polls only the tasks that were woken.
#[test]
fn more_tasks_than_lanes_take_turns() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 2);
    let photos = photos();
    let expected: Vec<Scores> = photos
        .iter()
        .map(|(_, p)| classifier.score(p).unwrap())
        .collect();
    let counts: Vec<Arc<Count>> = (0..photos.len()).map(|_| Arc::default()).collect();
    let mut tasks: Vec<_> = (photos.iter())
        .map(|(_, photo)| Box::pin(classifier.score_async(photo)))
        .map(Some)
        .collect();
    let mut found: Vec<Option<Scores>> = vec![None; photos.len()];
    let began = Instant::now();
    let mut first = true;
    while found.iter().any(Option::is_none) {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "tasks are not woken"
        );
        for (i, task) in tasks.iter_mut().enumerate() {
            let woken = counts[i].0.swap(0, Ordering::SeqCst) > 0;
            let Some(polled) = task.as_mut().filter(|_| woken || first) else {
                continue;
            };
            let waker = Waker::from(Arc::clone(&counts[i]));
            if let Poll::Ready(scores) = polled.as_mut().poll(&mut Context::from_waker(&waker)) {
                found[i] = Some(scores.unwrap());
                *task = None;
            }
        }
        first = false;
        std::thread::sleep(Duration::from_micros(200));
    }
    let found: Vec<Scores> = found.into_iter().flatten().collect();
    assert_eq!(found, expected);
}

/// A task that is dropped while it waits releases its in-flight frame.
#[test]
fn dropped_tasks_make_room() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 1);
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier.score(&photo).unwrap();
    for _ in 0..10 {
        let waker = Waker::noop();
        let mut first = pin!(classifier.score_async(&photo));
        let _ = first.as_mut().poll(&mut Context::from_waker(waker));
        let mut second = pin!(classifier.score_async(&photo));
        let _ = second.as_mut().poll(&mut Context::from_waker(waker));
    }
    assert_eq!(
        pollster::block_on(classifier.score_async(&photo)).unwrap(),
        expected
    );
}

/// Dropping a waiting task does not lose the wake-up of another task.
#[test]
fn dropped_tasks_leave_others_awake() {
    let gpu = own_gpu();
    // The network must run long enough for the first task to wait alone.
    let classifier = classifier(&gpu, &golden("resnet18@224"), 1);
    let (_, photo) = photos().swap_remove(0);
    let expected = classifier.score(&photo).unwrap();
    for _ in 0..5 {
        let counts: [Arc<Count>; 2] = Default::default();
        let wakers = counts
            .each_ref()
            .map(|count| Waker::from(Arc::clone(count)));
        drop(classifier.start(&photo).unwrap());
        let mut first = pin!(classifier.score_async(&photo));
        let mut second = Box::pin(classifier.score_async(&photo));
        for (task, waker) in [first.as_mut(), second.as_mut()].into_iter().zip(&wakers) {
            assert!(task.poll(&mut Context::from_waker(waker)).is_pending());
        }
        drop(second);
        let began = Instant::now();
        while counts[0].0.load(Ordering::SeqCst) == 0 {
            assert!(began.elapsed() < Duration::from_secs(60), "nobody woke it");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(pollster::block_on(first).unwrap(), expected);
    }
}

#[test]
fn answers_come_in_order_and_when_asked_for() {
    let gpu = own_gpu();
    let classifier = classifier(&gpu, &Model::embedded().unwrap(), 3);
    let photos = photos();
    let expected: Vec<Scores> = photos
        .iter()
        .map(|(_, p)| classifier.score(p).unwrap())
        .collect();
    let mut answers: VecDeque<PendingScores> = (photos[..3].iter())
        .map(|(_, photo)| classifier.start(photo).unwrap())
        .collect();
    let busy = classifier.start(&photos[3].1);
    assert!(matches!(cause(&busy), Some(GpuError::Busy(3))), "{busy:?}");
    // Polls once per frame, as a window does.
    let (mut found, mut frames) = (vec![], 0);
    while !answers.is_empty() {
        while let Some(first) = answers.front_mut() {
            let Some(scores) = first.take_ready().unwrap() else {
                break;
            };
            found.push(scores);
            drop(answers.pop_front());
        }
        frames += 1;
        assert!(frames < 60_000, "no answer");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(found, expected[..3]);
    let last = pollster::block_on(classifier.start(&photos[4].1).unwrap());
    assert_eq!(last.unwrap(), expected[4]);
}
