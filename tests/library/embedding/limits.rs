//! Tests of devices whose limits the application chose.

use std::sync::OnceLock;

use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::kernels::Storage;
use resnet_wgpu::low_level::plan::PlanError;
use resnet_wgpu::low_level::with_storage;
use resnet_wgpu::wgpu;
use resnet_wgpu::{Classifier, ClassifierOptions, Device, Gpu, Model, Scores};

use super::common::{classifier, difference, golden, photos};
use crate::support::host::{host_adapter, host_device};

fn gpu(limits: wgpu::Limits) -> Result<Gpu, GpuError> {
    let (adapter, device, queue) = host_device(&wgpu::DeviceDescriptor {
        required_limits: limits,
        ..Default::default()
    });
    Gpu::from_device(&adapter, device, queue)
}

/// ResNet-50 with the scores of a photo by the CPU reference, for all tests of this module. The
/// crop is small, since limits concern the weights more than the image.
struct Expected {
    model: Model,
    options: ClassifierOptions,
    scores: Scores,
}

fn expected() -> &'static Expected {
    static EXPECTED: OnceLock<Expected> = OnceLock::new();
    EXPECTED.get_or_init(|| {
        let model = golden("resnet50@224");
        let mut options = ClassifierOptions::default();
        options.preprocess.input_size = Some(96);
        let reference = Classifier::new(Device::Cpu, &model, &options).unwrap();
        let scores = reference.score(&photos()[1].1).unwrap();
        Expected {
            model,
            options,
            scores,
        }
    })
}

/// Runs ResNet-50 on a device with these limits and compares the result with the CPU reference.
fn resnet50_is_right(name: &str, limits: wgpu::Limits, storages: &[Storage]) {
    let gpu = gpu(limits).unwrap();
    let expected = expected();
    for &storage in storages {
        let gpu = with_storage(&gpu, storage);
        let classifier = Classifier::new(&gpu, &expected.model, &expected.options).unwrap();
        let found = classifier.score(&photos()[1].1).unwrap();
        let difference = difference(&found, &expected.scores);
        println!("{name}, {storage:?}: {difference:.1e}");
        assert!(difference < 1e-4, "{name}, {storage:?}: {difference}");
        assert_eq!(
            found.top(0, 5),
            expected.scores.top(0, 5),
            "{name}, {storage:?}"
        );
    }
}

/// CPU drivers read textures faster; all other devices use buffers. Both storages are tested.
#[test]
fn default_limits_and_no_features_suffice() {
    let both = [Storage::Buffers, Storage::Textures];
    resnet50_is_right("default", wgpu::Limits::defaults(), &both);
}

#[test]
fn small_bindings_and_workgroups_suffice() {
    let limits = wgpu::Limits {
        max_storage_buffer_binding_size: 64 << 20,
        max_compute_invocations_per_workgroup: 128,
        max_compute_workgroup_size_x: 128,
        max_compute_workgroup_size_y: 128,
        ..wgpu::Limits::defaults()
    };
    resnet50_is_right("64 MiB, 128 invocations", limits, &[Storage::Buffers]);
}

#[test]
fn the_required_limits_suffice() {
    let both = [Storage::Buffers, Storage::Textures];
    resnet50_is_right("required", Gpu::required_limits(), &both);
}

#[test]
fn the_descriptor_can_be_had_and_suffices() {
    let adapter = host_adapter();
    let descriptor = Gpu::device_descriptor(&adapter);
    let request = adapter.request_device(&descriptor);
    let (device, queue) = pollster::block_on(request).unwrap();
    assert!(device.features().contains(descriptor.required_features));
    let gpu = Gpu::from_device(&adapter, device, queue).unwrap();
    let (_, photo) = &photos()[0];
    let model = Model::embedded().unwrap();
    let score = |gpu| classifier(gpu, &model, 1).score(photo).unwrap();
    let reference = Classifier::new(Device::Cpu, &model, &ClassifierOptions::default()).unwrap();
    assert!(difference(&score(&gpu), &reference.score(photo).unwrap()) < 1e-4);
    let own = Gpu::new(resnet_wgpu::DeviceSelector::Auto).unwrap();
    if own.info().name == gpu.info().name && own.info().backend == gpu.info().backend {
        // Cooperative matrices are experimental, so the descriptor does not request them.
        let plain = |gpu: &Gpu| resnet_wgpu::low_level::plan::DeviceProfile {
            cooperative: vec![],
            ..gpu.profile().clone()
        };
        assert_eq!(plain(&gpu), plain(&own));
    }
}

#[test]
fn what_is_missing_is_named_with_its_remedy() {
    let needed = Gpu::required_limits();
    let cases = [
        (
            "max_compute_invocations_per_workgroup",
            wgpu::Limits {
                max_compute_invocations_per_workgroup: 16,
                ..needed.clone()
            },
        ),
        (
            "max_storage_buffers_per_shader_stage",
            wgpu::Limits {
                max_storage_buffers_per_shader_stage: 2,
                ..needed.clone()
            },
        ),
        (
            "max_compute_workgroup_storage_size",
            wgpu::Limits {
                max_compute_workgroup_storage_size: 1024,
                ..needed.clone()
            },
        ),
        (
            "max_compute_workgroup_size_y",
            wgpu::Limits {
                max_compute_workgroup_size_y: 1,
                ..needed.clone()
            },
        ),
        (
            "max_bindings_per_bind_group",
            wgpu::Limits {
                max_bindings_per_bind_group: 2,
                ..needed.clone()
            },
        ),
        (
            "max_uniform_buffer_binding_size",
            wgpu::Limits {
                max_uniform_buffer_binding_size: 16,
                ..needed.clone()
            },
        ),
        (
            "max_sampled_textures_per_shader_stage",
            wgpu::Limits {
                max_sampled_textures_per_shader_stage: 0,
                ..needed
            },
        ),
    ];
    for (name, limits) in cases {
        let error = gpu(limits).unwrap_err();
        assert!(matches!(error, GpuError::DeviceLimits { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(name) && text.contains("device_descriptor"),
            "{text}"
        );
    }
}

#[test]
fn a_binding_too_small_for_a_network_is_named() {
    let gpu = gpu(wgpu::Limits {
        max_storage_buffer_binding_size: 1 << 20,
        ..wgpu::Limits::defaults()
    });
    let model = golden("resnet50@224");
    let options = ClassifierOptions::default();
    let error = Classifier::new(gpu.unwrap(), &model, &options).unwrap_err();
    assert!(
        matches!(
            error.downcast_ref(),
            Some(PlanError::TooLarge {
                limit: 1_048_576,
                ..
            })
        ),
        "{error}"
    );
}

/// A device that is paired with another device's queue would receive no commands.
#[test]
fn the_queue_of_another_device_is_refused() {
    let adapter = host_adapter();
    let open = || {
        let request = adapter.request_device(&wgpu::DeviceDescriptor::default());
        pollster::block_on(request).unwrap()
    };
    let ((device, queue), (other, others)) = (open(), open());
    let error = Gpu::from_device(&adapter, device.clone(), others.clone()).unwrap_err();
    assert!(matches!(error, GpuError::OtherQueue { .. }), "{error}");
    // In both cases, other work on the queue must not affect the result.
    let fill = |device: &wgpu::Device, queue: &wgpu::Queue| {
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 1 << 20,
            usage: wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        queue.write_buffer(&buffer, 0, &[7; 1 << 20]);
        queue.submit([]);
    };
    for _ in 0..20 {
        fill(&device, &queue);
        fill(&other, &others);
        let error = Gpu::from_device(&adapter, device.clone(), others.clone()).unwrap_err();
        assert!(matches!(error, GpuError::OtherQueue { .. }), "{error}");
        assert!(Gpu::from_device(&adapter, device.clone(), queue.clone()).is_ok());
    }
}
