//! One device for the window and the network.
//!
//! The window opens the device, since only the window knows which adapter can show it. The library
//! names the features and limits to request from that adapter, and then runs on the resulting
//! device.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use eframe::egui_wgpu::{
    RenderState, SurfaceConfig, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew,
};
use eframe::wgpu;
use resnet_wgpu::Gpu;
use resnet_wgpu::low_level::gpu::GpuError;

/// Returns the options with which `eframe` opens the device.
pub fn configuration(present_mode: wgpu::PresentMode) -> WgpuConfiguration {
    // The library requests the adapter's own limits, among others. They suffice for egui, which
    // needs textures as large as the window.
    let setup = WgpuSetupCreateNew {
        device_descriptor: Arc::new(Gpu::device_descriptor),
        ..WgpuSetupCreateNew::without_display_handle()
    };
    WgpuConfiguration {
        wgpu_setup: WgpuSetup::CreateNew(setup),
        surface: SurfaceConfig {
            present_mode,
            ..SurfaceConfig::HIGH_THROUGHPUT
        },
        ..Default::default()
    }
}

/// Returns the window's device for the network. wgpu's objects are reference-counted handles, so
/// the clones share one device and one queue.
///
/// # Errors
/// If the device is too weak for any network. The window shows the reason.
pub fn shared_gpu(window: &RenderState) -> Result<Gpu, GpuError> {
    Gpu::from_device(&window.adapter, window.device.clone(), window.queue.clone())
}

/// Errors of the device that no call of this application returned.
#[derive(Debug)]
pub enum DeviceEvent {
    /// A call failed, most likely one of egui's own. The application continues.
    Failed(String),
    /// The driver gave up the device, so nothing can be drawn any more.
    Lost(String),
}

/// Sends the device's errors to the returned channel and calls `wake`. wgpu's own handler would
/// panic in the thread that made the call.
pub fn watch(
    device: &wgpu::Device,
    wake: impl Fn() + Send + Sync + Clone + 'static,
) -> Receiver<DeviceEvent> {
    let (sender, receiver) = channel();
    let loss_sender = sender.clone();
    let wake_after_loss = wake.clone();
    // The receiver is gone after the end, so a failed send is ignored.
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        let _ = sender.send(DeviceEvent::Failed(error.to_string()));
        wake();
    }));
    device.set_device_lost_callback(move |reason, message| {
        let _ = loss_sender.send(DeviceEvent::Lost(format!("{reason:?}: {message}")));
        wake_after_loss();
    });
    receiver
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::Failure;
    use crate::texture::upload;

    /// As in `tests/xvfb.rs`, only Linux machines are expected to have a device.
    #[test]
    #[cfg_attr(not(target_os = "linux"), ignore = "needs a device")]
    fn errors_of_a_device_are_reported_without_a_panic() {
        let gpu = Gpu::new(resnet_wgpu::low_level::gpu::GpuOptions::default()).unwrap();
        let receiver = watch(gpu.device(), || {});
        // This error is in a scope, so only the caller of `upload` gets it.
        let side = gpu.device().limits().max_texture_dimension_2d + 1;
        let wide = image::RgbImage::new(side, 1);
        let refused = upload(gpu.device(), gpu.queue(), &wide);
        assert!(matches!(refused, Err(Failure::Texture(_))), "{refused:?}");
        assert!(receiver.try_recv().is_err());
        // This error is not in a scope.
        let _ = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::MAX / 2,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        });
        let next = || receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(next(), DeviceEvent::Failed(_)));
        gpu.device().destroy();
        // wgpu reports the loss when the device is polled.
        let _ = gpu.device().poll(wgpu::PollType::Poll);
        assert!(matches!(next(), DeviceEvent::Lost(_)));
    }
}
