//! One thread at a time for what the library lets only one use.

use std::sync::Mutex;

use crate::status::{Failure, ResnetStatus};

/// What a handle holds, for many threads. This is the one lock of the
/// interface: where the library takes `&self`, it can go.
pub struct Locked<T>(Mutex<T>);

impl<T> Locked<T> {
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits for the others. What a panic left half done is refused.
    pub fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Result<R, Failure> {
        let mut value = self.0.lock().map_err(|_| Failure {
            status: ResnetStatus::Panic,
            text: "an earlier call with this handle panicked; free the handle and make another"
                .into(),
        })?;
        Ok(act(&mut value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::status;

    #[test]
    fn a_handle_is_refused_after_a_panic() {
        let locked = Locked::new(1);
        assert_eq!(locked.with(|n| *n + 1).unwrap(), 2);
        let found = status(|| locked.with(|_| panic!("halfway")));
        assert_eq!(found, ResnetStatus::Panic);
        let refused = locked.with(|_| ()).unwrap_err();
        assert_eq!(refused.status, ResnetStatus::Panic);
        assert!(refused.text.contains("make another"));
    }
}
