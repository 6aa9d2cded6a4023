//! The devices that tests run on, and how much of them.

use resnet_wgpu::low_level::kernels::Storage;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::{DeviceSelector, Gpu, adapters};

/// The adapter that an application would get. Never the CPU path: a test of
/// kernels fails where there is no adapter.
pub fn gpu() -> Gpu {
    Gpu::new(DeviceSelector::Auto).expect("a GPU adapter; ./scripts/test installs a software one")
}

/// Every adapter of this machine, with values in buffers and in textures; the
/// first is [`gpu`]'s with values in buffers.
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

/// Whether everything is to be tested, as `scripts/test-all` asks: not only one
/// of each kind.
pub fn all() -> bool {
    std::env::var_os("RESNET_TEST_ALL").is_some()
}
