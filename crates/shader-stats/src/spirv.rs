//! Translates a kernel to SPIR-V as wgpu does.

use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use resnet_wgpu::low_level::kernels::{KernelVariant, MemoryKind, Storage, source};

use crate::Error;
use crate::audited::Binding;

/// Translates a kernel to the SPIR-V that wgpu gives the driver for it: trusted, without zeroed
/// workgroup memory. The options are those of `compile_stage` and `open_with_callback` in
/// wgpu-hal's `vulkan` module, as far as compute shaders depend on them.
///
/// # Errors
/// [`Error::Shader`] if the kernel does not translate.
pub fn spirv(
    variant: KernelVariant,
    storage: Storage,
    version: (u8, u8),
) -> Result<Vec<u32>, Error> {
    let kernel = variant.kernel.name;
    let failed = |reason: String| Error::Shader { kernel, reason };
    let text = source(variant, storage).map_err(|e| failed(e.to_string()))?;
    let module =
        naga::front::wgsl::parse_str(&text).map_err(|e| failed(e.emit_to_string(&text)))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
        .subgroup_operations(naga::valid::SubgroupOperationSet::all())
        .validate(&module)
        .map_err(|e| failed(e.emit_to_string(&text)))?;
    let unchecked = BoundsCheckPolicy::Unchecked;
    let options = spv::Options {
        lang_version: version,
        flags: spv::WriterFlags::LABEL_VARYINGS | spv::WriterFlags::FORCE_POINT_SIZE,
        bounds_check_policies: BoundsCheckPolicies {
            index: unchecked,
            buffer: unchecked,
            image_load: unchecked,
            binding_array: unchecked,
        },
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        emit_int_div_checks: false,
        ..Default::default()
    };
    let pipeline = spv::PipelineOptions {
        shader_stage: naga::ShaderStage::Compute,
        entry_point: "main".into(),
    };
    spv::write_vec(&module, &info, &options, Some(&pipeline)).map_err(|e| failed(e.to_string()))
}

/// Returns the bindings of a kernel: its parameters, the values that it reads, and the values that
/// it writes.
pub fn bindings(variant: KernelVariant, storage: Storage) -> Vec<Binding> {
    let binding = |memory_kind, texture| match memory_kind {
        MemoryKind::Texture(_) => texture,
        _ => Binding::Buffer,
    };
    let read = binding(variant.read_memory_kind(storage), Binding::Texture);
    let written = binding(variant.write_memory_kind(storage), Binding::StorageTexture);
    std::iter::once(Binding::Uniform)
        .chain(std::iter::repeat_n(read, variant.reads()))
        .chain(std::iter::repeat_n(written, variant.writes()))
        .collect()
}
