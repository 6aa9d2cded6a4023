//! The devices that tests run on, and the extent of the tests.

use resnet_wgpu::low_level::kernels::Storage;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::{DeviceSelector, Gpu, adapters};

/// Opens the adapter that an application would get. This is never the CPU path, so a test of
/// kernels fails if no adapter exists.
pub fn gpu() -> Gpu {
    Gpu::new(DeviceSelector::Auto).expect("a GPU adapter; ./scripts/test installs a software one")
}

/// Opens every adapter of this machine, with values in buffers and in textures. The first device is
/// [`gpu`]'s with values in buffers.
pub fn gpus() -> Vec<Gpu> {
    let gpus = adapters().into_iter().flat_map(|adapter| {
        let gpu = Gpu::new(DeviceSelector::Index(adapter.index)).unwrap();
        [Storage::Buffers, Storage::Textures].map(|storage| with_storage(&gpu, storage))
    });
    let gpus: Vec<Gpu> = gpus.collect();
    assert!(
        !gpus.is_empty(),
        "no adapter; ./scripts/test installs a software one"
    );
    gpus
}

/// Returns whether to test everything, as `scripts/test-all` requests, and not only one case of
/// each kind.
pub fn all() -> bool {
    std::env::var_os("RESNET_TEST_ALL").is_some()
}
