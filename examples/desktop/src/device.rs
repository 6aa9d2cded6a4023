//! One device for the window and the network.
//!
//! The window opens it, since only a window knows which adapter can show it; the
//! library says what to ask that adapter for, and then runs on what came of it.

use std::sync::Arc;

use eframe::egui_wgpu::{RenderState, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use resnet_wgpu::Gpu;
use resnet_wgpu::gpu::GpuError;

/// How `eframe` is to open the device.
pub fn configuration() -> WgpuConfiguration {
    // The adapter's own limits are among what the library asks for: egui, which
    // needs textures as large as the window, finds all it needs in them.
    let setup = WgpuSetupCreateNew {
        device_descriptor: Arc::new(Gpu::device_descriptor),
        ..WgpuSetupCreateNew::without_display_handle()
    };
    WgpuConfiguration {
        wgpu_setup: WgpuSetup::CreateNew(setup),
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
