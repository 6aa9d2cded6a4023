//! One device for the window and the network.
//!
//! The window opens it, since only a window knows which adapter can show it; the
//! library says what to ask that adapter for, and then runs on what came of it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use eframe::egui_wgpu::{
    RenderState, SurfaceConfig, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew,
};
use eframe::wgpu;
use resnet_wgpu::Gpu;
use resnet_wgpu::low_level::gpu::GpuError;

/// How `eframe` is to open the device. Frames that are `measured` do not wait for
/// the screen: its next picture would hide what holds them up.
pub fn configuration(measured: bool) -> WgpuConfiguration {
    let present_mode = match measured {
        true => wgpu::PresentMode::AutoNoVsync,
        false => wgpu::PresentMode::AutoVsync,
    };
    // The adapter's own limits are among what the library asks for: egui, which
    // needs textures as large as the window, finds all it needs in them.
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

/// The window's device, for the network. What wgpu counts references to is
/// cloned: there is one device and one queue.
///
/// # Errors
/// Where the device does too little for any network; the window shows why.
pub fn shared(window: &RenderState) -> Result<Gpu, GpuError> {
    Gpu::from_device(&window.adapter, window.device.clone(), window.queue.clone())
}

/// What the device says that no call of ours gave back.
#[derive(Debug)]
pub enum Told {
    /// A call failed, most likely one of egui's own: it goes on.
    Failed(String),
    /// The driver gave the device up: nothing can be drawn any more.
    Lost(String),
}

/// Has that told to whoever looks, and `wake`s them. wgpu's own handler would
/// panic, in whatever thread made the call.
pub fn watch(
    device: &wgpu::Device,
    wake: impl Fn() + Send + Sync + Clone + 'static,
) -> Receiver<Told> {
    let (tell, told) = channel();
    let (lost, wake_then) = (tell.clone(), wake.clone());
    // Nobody listens after the end.
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        let _ = tell.send(Told::Failed(error.to_string()));
        wake();
    }));
    device.set_device_lost_callback(move |reason, message| {
        let _ = lost.send(Told::Lost(format!("{reason:?}: {message}")));
        wake_then();
    });
    told
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::Failure;
    use crate::texture::upload;

    /// As in `tests/xvfb.rs`, there is a device where there is a Linux.
    #[test]
    #[cfg_attr(not(target_os = "linux"), ignore = "needs a device")]
    fn what_a_device_says_is_told_and_no_panic() {
        let gpu = Gpu::new(resnet_wgpu::low_level::gpu::GpuOptions::default()).unwrap();
        let told = watch(gpu.device(), || {});
        // Scoped: the caller hears of it, and nobody else.
        let side = gpu.device().limits().max_texture_dimension_2d + 1;
        let wide = image::RgbImage::new(side, 1);
        let refused = upload(gpu.device(), gpu.queue(), &wide);
        assert!(matches!(refused, Err(Failure::Texture(_))), "{refused:?}");
        assert!(told.try_recv().is_err());
        // Not scoped.
        let _ = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::MAX / 2,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        });
        let next = || told.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(next(), Told::Failed(_)));
        gpu.device().destroy();
        // It is looked after when the device is polled.
        let _ = gpu.device().poll(wgpu::PollType::Poll);
        assert!(matches!(next(), Told::Lost(_)));
    }
}
