//! Work on other threads.

#[cfg(not(target_arch = "wasm32"))]
pub(super) use threads::{both, join, spawn};

#[cfg(not(target_arch = "wasm32"))]
mod threads {
    use std::panic::resume_unwind;
    use std::thread::{Builder, Scope, ScopedJoinHandle};

    /// Does `there` on a thread of its own while this thread does `here`; one after
    /// the other if the system gives no thread.
    pub fn both<A: Send, B>(
        there: impl Fn() -> A + Send + Sync,
        here: impl FnOnce() -> B,
    ) -> (A, B) {
        std::thread::scope(|scope| {
            let thread = spawn(scope, &there);
            let done = here();
            (thread.map_or_else(&there, join), done)
        })
    }

    /// Starts a thread of the scope; `None` if the system gives no thread.
    pub fn spawn<'s, T: Send + 's>(
        scope: &'s Scope<'s, '_>,
        work: impl FnOnce() -> T + Send + 's,
    ) -> Option<ScopedJoinHandle<'s, T>> {
        Builder::new().spawn_scoped(scope, work).ok()
    }

    /// Waits for a thread and returns its result. A panic of the thread continues
    /// here.
    pub fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Does one after the other: a browser has one thread.
#[cfg(target_arch = "wasm32")]
pub(super) fn both<A, B>(there: impl FnOnce() -> A, here: impl FnOnce() -> B) -> (A, B) {
    (there(), here())
}
