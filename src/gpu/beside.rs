//! Work beside the caller's thread.

use std::panic::resume_unwind;
use std::thread::{Builder, Scope, ScopedJoinHandle};

/// Does `beside` on a thread of its own while this one does `here`; one after
/// the other where the system gives no more threads.
pub(super) fn both<A: Send, B>(
    beside: impl Fn() -> A + Send + Sync,
    here: impl FnOnce() -> B,
) -> (A, B) {
    std::thread::scope(|scope| {
        let thread = spawn(scope, &beside);
        let done = here();
        (thread.map_or_else(&beside, join), done)
    })
}

/// A thread of the scope; `None` where the system gives no more.
pub(super) fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Option<ScopedJoinHandle<'s, T>> {
    Builder::new().spawn_scoped(scope, work).ok()
}

/// What the thread gave; its panic goes on here.
pub(super) fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
