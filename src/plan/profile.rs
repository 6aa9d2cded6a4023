//! Properties of a device that planning uses: plain numbers, without a device handle.

use super::{DeviceClass, Vendor};
use crate::kernels::{Candidate, Kernel, KernelVariant, Requirements, Storage};

/// Maximum size of a binding in bytes, even if the device allows more. Kernels count in 32 bits.
const MAX_BINDING: u64 = u32::MAX as u64 - 15;

/// Limits and features of a device that determine a plan.
///
/// ```
/// use resnet_wgpu::low_level::plan::{DeviceClass, DeviceProfile};
///
/// // A hypothetical graphics card. Use `gpu.profile()` for a real device.
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
    /// Kind of the device.
    pub class: DeviceClass,
    /// Manufacturer of the device.
    pub vendor: Vendor,
    /// Size of a subgroup in lanes, or 0 if the device has no subgroups or their size varies.
    pub subgroup: u32,
    /// Set if shaders may use f16.
    pub f16: bool,
    /// Memory kind of activations and weights.
    pub storage: Storage,
    /// Maximum size of a storage binding in bytes.
    pub max_binding: u64,
    /// Maximum size of a buffer in bytes.
    pub max_buffer: u64,
    /// Maximum number of workgroups along one dimension of a dispatch.
    pub max_workgroups: u32,
    /// Maximum workgroup memory in bytes.
    pub workgroup_bytes: u32,
    /// Maximum number of invocations in a workgroup.
    pub invocations: u32,
    /// Maximum number of storage buffers that a kernel may bind.
    pub storage_buffers: u32,
    /// Sizes of the cooperative matrices that the device can multiply (f16 factors, f32 sums).
    pub cooperative: Vec<u32>,
}

impl Default for DeviceProfile {
    /// Returns WebGPU's default limits, without subgroups.
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
    /// Returns the profile with bindings small enough for the kernels' 32-bit indices.
    pub(super) fn countable(&self) -> Self {
        Self {
            max_binding: self.max_binding.min(MAX_BINDING),
            ..self.clone()
        }
    }

    /// Returns whether the device can run `kernel`.
    pub fn runs(&self, kernel: &'static Kernel) -> bool {
        self.lacks(kernel).next().is_none()
    }

    /// Returns a description of each requirement of `kernel` that the device does not meet.
    pub fn lacks(&self, kernel: &'static Kernel) -> impl Iterator<Item = String> {
        let Requirements {
            subgroup,
            workgroup_bytes,
            invocations,
            cooperative,
        } = kernel.requirements();
        let values = KernelVariant::of(kernel).values();
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

    /// Returns whether a kernel may bind `values` buffers. Parameters do not count, because they
    /// are in a uniform buffer.
    pub(crate) fn binds(&self, values: usize) -> bool {
        // Every device binds as many textures as any kernel needs.
        self.storage == Storage::Textures || values <= self.storage_buffers as usize
    }

    /// Returns whether the device can run all kernels of `candidate`.
    pub fn runs_all(&self, candidate: &Candidate) -> bool {
        candidate.kernels().into_iter().all(|k| self.runs(k))
    }

    /// Returns a one-line description of the limits that kernel choice depends on.
    pub fn limits(&self) -> String {
        format!(
            "{} storage buffers, {} bytes of workgroup memory, {} invocations a workgroup",
            self.storage_buffers, self.workgroup_bytes, self.invocations
        )
    }
}
