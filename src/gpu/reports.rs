//! Errors that a browser reports after the calls that caused them.

use super::{GpuError, Handles};

/// The contents of an error scope.
pub(super) trait Scope: Future<Output = Option<wgpu::Error>> + 'static {}

impl<F: Future<Output = Option<wgpu::Error>> + 'static> Scope for F {}

/// Outstanding error reports of calls to a device. Outside a browser wgpu knows
/// the errors at once, and nothing is ever outstanding.
#[derive(Default)]
pub(super) struct Reports {
    #[cfg(target_arch = "wasm32")]
    due: Vec<std::pin::Pin<Box<dyn Future<Output = Result<(), GpuError>>>>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Reports {
    /// Returns the errors of some calls.
    pub fn add(
        &mut self,
        handles: &Handles,
        bytes: u64,
        scopes: [impl Scope; 3],
    ) -> Result<(), GpuError> {
        handles.check_scopes(bytes, scopes.map(pollster::block_on))
    }

    /// Adds the reports of `other`.
    pub fn extend(&mut self, _other: Self) {}

    /// Returns whether all reports have arrived.
    pub fn poll(
        &mut self,
        _task: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), GpuError>> {
        std::task::Poll::Ready(Ok(()))
    }

    /// Completes when all reports have arrived.
    pub async fn wait_for_all(self) -> Result<(), GpuError> {
        Ok(())
    }
}

#[cfg(target_arch = "wasm32")]
impl Reports {
    /// Adds the reports of some calls.
    pub fn add(
        &mut self,
        handles: &Handles,
        bytes: u64,
        scopes: [impl Scope; 3],
    ) -> Result<(), GpuError> {
        let device = handles.describe();
        self.due.push(Box::pin(async move {
            let [validation, internal, memory] = scopes;
            let found = [validation.await, internal.await, memory.await];
            super::error_scopes::error_of(bytes, found, || device)
        }));
        Ok(())
    }

    /// Adds the reports of `other`.
    pub fn extend(&mut self, other: Self) {
        self.due.extend(other.due);
    }

    /// Returns whether all reports have arrived.
    pub fn poll(
        &mut self,
        task: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), GpuError>> {
        use std::task::Poll;
        while let Some(report) = self.due.last_mut() {
            match report.as_mut().poll(task) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(how) => {
                    self.due.pop();
                    if how.is_err() {
                        return Poll::Ready(how);
                    }
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Completes when all reports have arrived.
    pub async fn wait_for_all(mut self) -> Result<(), GpuError> {
        std::future::poll_fn(|task| self.poll(task)).await
    }
}
