//! Decodes on all cores while the GPU computes, in order and with bounded memory.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

/// Decodes `items` on as many threads as the machine has cores. At most `window` items are decoded
/// and not yet consumed. `consume` receives the results in the items' order on the calling thread,
/// and may stop the decoding early. A panic in `decode` continues in the caller.
pub fn decode_ahead<T: Sync, D: Send>(
    items: &[T],
    window: usize,
    decode: impl Fn(&T) -> D + Sync,
    mut consume: impl FnMut(usize, D) -> ControlFlow<()>,
) {
    let threads = thread::available_parallelism().map_or(1, |n| n.get());
    let window = window.max(1);
    // A thread needs a permit to find that no item is left, and never returns that permit. With
    // more threads than permits, the other threads would wait forever.
    let threads = threads.min(items.len()).min(window).max(1);
    let next = AtomicUsize::new(0);
    let ended = AtomicBool::new(false);
    // Each permit allows one item to be decoded but not yet consumed.
    let (permits, permit) = sync_channel::<()>(window);
    for _ in 0..window {
        // The channel has capacity for all permits, and its receiver is alive.
        let _ = permits.try_send(());
    }
    let permit = std::sync::Mutex::new(permit);
    let (done, results) = sync_channel::<(usize, thread::Result<D>)>(window);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (done, decode, next, ended, permit) =
                (done.clone(), &decode, &next, &ended, &permit);
            scope.spawn(move || {
                loop {
                    let waiting = permit.lock().unwrap_or_else(|e| e.into_inner());
                    // The sender of the permits is dropped when consuming ends.
                    if waiting.recv().is_err() || ended.load(Ordering::Relaxed) {
                        return;
                    }
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    drop(waiting);
                    let Some(item) = items.get(index) else { return };
                    // A panic is passed to the caller. Otherwise the caller would wait for this
                    // item forever.
                    let decoded = catch_unwind(AssertUnwindSafe(|| decode(item)));
                    if done.send((index, decoded)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut early = BTreeMap::new();
        let mut due = 0;
        let mut failed = None;
        'consume: for (index, decoded) in &results {
            match decoded {
                Ok(decoded) => early.insert(index, decoded),
                Err(panic) => {
                    failed = Some(panic);
                    break;
                }
            };
            while let Some(decoded) = early.remove(&due) {
                if consume(due, decoded).is_break() {
                    break 'consume;
                }
                due += 1;
                // The channel is full only if all workers have returned.
                let _ = permits.try_send(());
            }
        }
        ended.store(true, Ordering::Relaxed);
        // Workers that wait to send or for a permit wake up and return.
        drop(results);
        drop(permits);
        if let Some(panic) = failed {
            resume_unwind(panic);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_memory_is_bounded() {
        let items: Vec<usize> = (0..500).collect();
        let ahead = AtomicUsize::new(0);
        let mut seen = vec![];
        decode_ahead(
            &items,
            8,
            |&i| {
                assert!(ahead.fetch_add(1, Ordering::SeqCst) < 8);
                if i % 7 == 0 {
                    thread::sleep(std::time::Duration::from_micros(200));
                }
                i * 2
            },
            |index, value| {
                ahead.fetch_sub(1, Ordering::SeqCst);
                assert_eq!(value, index * 2);
                seen.push(index);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, items);
    }

    #[test]
    fn a_window_of_one_is_enough() {
        let items: Vec<usize> = (0..50).collect();
        let mut seen = vec![];
        decode_ahead(
            &items,
            1,
            |&i| i,
            |_, value| {
                seen.push(value);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, items);
    }

    #[test]
    fn it_can_end_early_and_take_nothing() {
        let items: Vec<usize> = (0..1000).collect();
        let mut count = 0;
        decode_ahead(
            &items,
            4,
            |&i| i,
            |_, _| {
                count += 1;
                if count == 10 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        );
        assert_eq!(count, 10);
        decode_ahead(&[] as &[usize], 4, |&i| i, |_, _| ControlFlow::Continue(()));
    }
    #[test]
    fn a_panic_reaches_the_caller() {
        let items: Vec<usize> = (0..100).collect();
        let panicked = catch_unwind(|| {
            decode_ahead(
                &items,
                4,
                |&i| assert!(i != 3, "a defect of a decoder"),
                |_, ()| ControlFlow::Continue(()),
            );
        });
        assert!(panicked.is_err());
    }
}
