//! Devices with the limits that an application chose.

use resnet_wgpu::Error;
use resnet_wgpu::classify::{Classifier, ClassifierOptions};
use resnet_wgpu::gpu::{Gpu, GpuError};
use resnet_wgpu::model::Model;
use resnet_wgpu::plan::PlanError;
use resnet_wgpu::wgpu;

use crate::common::{classifier, difference, golden, photos};
use crate::host::{host_adapter, host_device};

fn gpu(limits: wgpu::Limits) -> Result<Gpu, GpuError> {
    let (adapter, device, queue) = host_device(&wgpu::DeviceDescriptor {
        required_limits: limits,
        ..Default::default()
    });
    Gpu::from_device(&adapter, device, queue)
}

/// ResNet-50 on that device, against the CPU twin.
fn resnet50_is_right(name: &str, limits: wgpu::Limits) {
    let gpu = gpu(limits).unwrap();
    let model = golden("resnet50@224");
    let options = ClassifierOptions::default();
    let classifier = Classifier::new(Some(&gpu), &model, &options).unwrap();
    let twin = Classifier::new(None, &model, &options).unwrap();
    let (_, photo) = &photos()[1];
    let found = classifier.score(photo).unwrap();
    let expected = twin.score(photo).unwrap();
    let difference = difference(&found, &expected);
    println!("{name}: {difference:.1e}");
    assert!(difference < 1e-4, "{name}: {difference}");
    assert_eq!(found.top(0, 5), expected.top(0, 5), "{name}");
}

#[test]
fn default_limits_and_no_features_suffice() {
    resnet50_is_right("default", wgpu::Limits::defaults());
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
    resnet50_is_right("64 MiB, 128 invocations", limits);
}

#[test]
fn the_required_limits_suffice() {
    resnet50_is_right("required", Gpu::required_limits());
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
    let twin = Classifier::new(None, &model, &ClassifierOptions::default()).unwrap();
    assert!(difference(&score(&gpu), &twin.score(photo).unwrap()) < 1e-4);
    let own = Gpu::new(resnet_wgpu::DeviceSelector::Auto).unwrap();
    if own.info().name == gpu.info().name && own.info().backend == gpu.info().backend {
        // Cooperative matrices are experimental: nobody is made to ask for them.
        let plain = |gpu: &Gpu| resnet_wgpu::plan::DeviceProfile {
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
    let error = Classifier::new(Some(&gpu.unwrap()), &model, &options).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Plan(PlanError::TooLarge {
                limit: 1_048_576,
                ..
            })
        ),
        "{error}"
    );
}
