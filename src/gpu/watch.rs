//! What a device says to our calls: errors as values, and the end of waiting.

use std::time::Duration;
use web_time::Instant;

use super::caught::polled;
use super::{Gpu, GpuError};

/// Between two looks at a device that is the application's as well: while wgpu
/// waits, a window's next frame would wait, too.
const BETWEEN: Duration = Duration::from_micros(200);

/// How long a submission may take: one that takes longer does not come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// What an error scope holds.
trait Told: Future<Output = Option<wgpu::Error>> + 'static {}

impl<F: Future<Output = Option<wgpu::Error>> + 'static> Told for F {}

impl Gpu {
    /// Does something with the device and gives back wgpu's errors instead of
    /// letting them reach a handler, which by default panics. `bytes` is what
    /// it allocates, for the message. Scopes are per thread, so other threads'
    /// errors stay theirs.
    pub(super) fn watch<T>(&self, bytes: u64, act: impl FnOnce() -> T) -> Result<T, GpuError> {
        let device = self.device();
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let done = act();
        // They are popped here and now, whenever it is told what they hold.
        let told = [validation.pop(), internal.pop(), memory.pop()];
        self.told(bytes, told)?;
        Ok(done)
    }

    /// What error scopes hold: wgpu knows at once.
    #[cfg(not(target_arch = "wasm32"))]
    fn told(&self, bytes: u64, told: [impl Told; 3]) -> Result<(), GpuError> {
        pollster::block_on(self.judged(bytes, told))
    }

    /// A browser tells later: whoever awaits the network's next run hears of it.
    #[cfg(target_arch = "wasm32")]
    fn told(&self, bytes: u64, told: [impl Told; 3]) -> Result<(), GpuError> {
        let (gpu, late) = (self.clone(), self.caller().get());
        late.expect();
        wasm_bindgen_futures::spawn_local(async move {
            late.hear(gpu.judged(bytes, told).await);
        });
        Ok(())
    }

    async fn judged(
        &self,
        bytes: u64,
        [validation, internal, memory]: [impl Told; 3],
    ) -> Result<(), GpuError> {
        if let Some(reason) = memory.await {
            return Err(GpuError::OutOfMemory {
                device: self.describe(),
                bytes,
                reason: reason.to_string(),
            });
        }
        let (validation, internal) = (validation.await, internal.await);
        match validation.or(internal) {
            // What a lost device made is not valid, which is no defect of ours.
            Some(_) if self.is_lost() => Err(self.gone()),
            Some(reason) => Err(GpuError::Refused {
                device: self.describe(),
                reason: reason.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// Whether the device is lost. wgpu tells it to one callback, which is the
    /// application's, and to nobody else: calls on a lost device do nothing. So
    /// this tries one. In a browser, which answers later, it is never true: the
    /// next run's error tells.
    pub fn is_lost(&self) -> bool {
        if cfg!(target_arch = "wasm32") {
            return false;
        }
        let device = self.device();
        // What else may be wrong shows elsewhere.
        let scopes = [
            wgpu::ErrorFilter::Validation,
            wgpu::ErrorFilter::OutOfMemory,
        ]
        .map(|filter| device.push_error_scope(filter));
        let probe = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("probe"),
            size: wgpu::COPY_BUFFER_ALIGNMENT,
            usage: wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        });
        let failed = probe.get_mapped_range_mut(..).is_err();
        let scopes = scopes.into_iter().rev();
        let told: Vec<_> = scopes
            .filter_map(|scope| pollster::block_on(scope.pop()))
            .collect();
        // A device that says what is wrong is there.
        failed && told.is_empty()
    }

    /// That the device is lost, if it is: making something on a lost device
    /// seems to go well.
    pub(super) fn still_there(&self) -> Result<(), GpuError> {
        match self.is_lost() {
            true => Err(self.gone()),
            false => Ok(()),
        }
    }

    fn gone(&self) -> GpuError {
        GpuError::Lost {
            device: self.describe(),
            reason: "the device is lost".into(),
        }
    }

    /// A buffer with those bytes in it.
    pub(super) fn filled(
        &self,
        label: &str,
        bytes: &[u8],
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let size = (bytes.len() as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
        self.watch(size, || {
            let buffer = self.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: true,
            });
            let view = buffer.get_mapped_range_mut(..);
            view.map(|mut view| view.slice(..bytes.len()).copy_from_slice(bytes))
                .map_err(|error| self.lost(error))?;
            buffer.unmap();
            Ok(buffer)
        })?
    }

    /// Waits for a submission. Backends end a wait of theirs sooner than that
    /// (OpenGL's after two seconds), so it takes several.
    pub(super) fn wait(&self, submitted: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        self.begin_wait()?;
        let began = Instant::now();
        let step = match self.is_shared() {
            true => Duration::ZERO,
            false => PATIENCE,
        };
        while began.elapsed() < PATIENCE {
            let wait = wgpu::PollType::Wait {
                submission_index: Some(submitted.clone()),
                timeout: Some(step),
            };
            if self.poll(wait)? {
                return Ok(());
            }
            if self.is_shared() {
                std::thread::sleep(BETWEEN);
            }
        }
        Err(self.lost("a submission did not come back"))
    }

    /// Polls the device, and says whether what was waited for is done. wgpu panics
    /// where a driver loses the device meanwhile; here that is an error.
    pub(super) fn poll(&self, how: wgpu::PollType) -> Result<bool, GpuError> {
        polled(self.device(), how).map_err(|reason| self.lost(reason))
    }

    /// An error of this device while it ran.
    pub(super) fn lost(&self, reason: impl ToString) -> GpuError {
        if self.is_lost() {
            // Of what follows from it, wgpu tells much.
            return self.gone();
        }
        let mut reason = reason.to_string();
        // A browser's call stack is behind it.
        reason.truncate(reason.find('\n').unwrap_or(reason.len()));
        GpuError::Lost {
            device: self.describe(),
            reason,
        }
    }
}
