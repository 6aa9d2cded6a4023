//! What planning knows of a device: numbers, no handle.

use super::{DeviceClass, Vendor};
use crate::kernels::{Candidate, Kernel, Needs, Storage, Variant};

/// Bytes of a binding, at most, whatever the device can: kernels count in 32
/// bits.
const MAX_BINDING: u64 = u32::MAX as u64 - 15;

/// Limits and features of a device that decide a plan.
///
/// ```
/// use resnet_wgpu::low_level::plan::{DeviceClass, DeviceProfile};
///
/// // A card that is not there; `gpu.profile()` is that of a device.
/// let profile = DeviceProfile {
///     class: DeviceClass::Discrete,
///     subgroup: 32,
///     ..DeviceProfile::default()
/// };
/// assert!(!profile.f16);
/// assert_eq!(profile.max_binding, 128 << 20); // WebGPU's default
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceProfile {
    /// Kind of device.
    pub class: DeviceClass,
    /// Who made it.
    pub vendor: Vendor,
    /// Lanes of a subgroup where the device has subgroups of one fixed size,
    /// else 0.
    pub subgroup: u32,
    /// Whether shaders may use f16.
    pub f16: bool,
    /// What activations and weights lie in.
    pub storage: Storage,
    /// Bytes that one storage binding may have.
    pub max_binding: u64,
    /// Bytes that one buffer may have.
    pub max_buffer: u64,
    /// Workgroups along one dimension of a dispatch.
    pub max_workgroups: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Invocations of a workgroup.
    pub invocations: u32,
    /// Storage buffers that a kernel may bind.
    pub storage_buffers: u32,
    /// Sizes of the cooperative matrices that the device multiplies, f16 into
    /// f32.
    pub cooperative: Vec<u32>,
}

impl Default for DeviceProfile {
    /// WebGPU's default limits, without subgroups.
    fn default() -> Self {
        Self {
            class: DeviceClass::Other,
            vendor: Vendor::Other,
            subgroup: 0,
            f16: false,
            storage: Storage::Buffers,
            max_binding: 128 << 20,
            max_buffer: 256 << 20,
            max_workgroups: 65_535,
            workgroup_bytes: 16_384,
            invocations: 256,
            storage_buffers: 8,
            cooperative: vec![],
        }
    }
}

impl DeviceProfile {
    /// The same with bindings that kernels can count in 32 bits.
    pub(super) fn countable(&self) -> Self {
        Self {
            max_binding: self.max_binding.min(MAX_BINDING),
            ..self.clone()
        }
    }

    /// Whether the device runs that kernel.
    pub fn runs(&self, kernel: &'static Kernel) -> bool {
        self.lacks(kernel).next().is_none()
    }

    /// What that kernel needs and the device lacks, readably.
    pub fn lacks(&self, kernel: &'static Kernel) -> impl Iterator<Item = String> {
        let Needs {
            subgroup,
            workgroup_bytes,
            invocations,
            cooperative,
        } = kernel.needs();
        let values = Variant::of(kernel).values();
        let lack = |lacks: bool, text: &dyn Fn() -> String| lacks.then(text);
        [
            lack(subgroup != 0 && subgroup != self.subgroup, &|| {
                format!("subgroups of {subgroup}")
            }),
            lack(workgroup_bytes > self.workgroup_bytes, &|| {
                format!("{workgroup_bytes} bytes of workgroup memory")
            }),
            lack(invocations > self.invocations, &|| {
                format!("{invocations} invocations a workgroup")
            }),
            lack(
                cooperative != 0 && !self.cooperative.contains(&cooperative),
                &|| format!("cooperative matrices of {cooperative}×{cooperative}"),
            ),
            lack(!self.binds(values), &|| format!("{values} storage buffers")),
        ]
        .into_iter()
        .flatten()
    }

    /// Whether a kernel may bind so many values; parameters are uniform.
    pub(crate) fn binds(&self, values: usize) -> bool {
        // Every device binds as many textures as kernels read and write.
        self.storage == Storage::Textures || values <= self.storage_buffers as usize
    }

    /// Whether the device runs all kernels of that candidate.
    pub fn runs_all(&self, candidate: &Candidate) -> bool {
        candidate.kernels().into_iter().all(|k| self.runs(k))
    }

    /// The limits that kernels are chosen by, in one line.
    pub fn limits(&self) -> String {
        format!(
            "{} storage buffers, {} bytes of workgroup memory, {} invocations a workgroup",
            self.storage_buffers, self.workgroup_bytes, self.invocations
        )
    }
}
