//! Tests of every kernel variant with naga. Each is validated and translated to every language that
//! naga supports for its features. A kernel that one vendor would refuse is found here, without a
//! GPU.

use naga::back::{glsl, hlsl, msl, spv};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use resnet_wgpu::low_level::kernels::{KERNELS, Kernel, ResampleShader, Storage, source};

/// The shader languages of wgpu's backends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    /// Vulkan.
    Spirv,
    /// Metal.
    Msl,
    /// Direct3D 12. DXC takes shader model 6; FXC, its fallback, takes 5.1.
    Hlsl(hlsl::ShaderModel),
    /// OpenGL ES.
    Glsl,
}

/// Returns whether naga translates a kernel to a target.
type Supports = fn(&Kernel) -> bool;

/// The targets, and the kernels that naga translates for each. GLSL and HLSL before shader model 6
/// have no subgroup operations here. wgpu does not offer the feature on OpenGL or with FXC, so
/// those kernels are never chosen there. Cooperative matrices exist for Vulkan and Metal only.
const TARGETS: &[(Target, Supports)] = &[
    (Target::Spirv, |_| true),
    (Target::Msl, |_| true),
    (Target::Hlsl(hlsl::ShaderModel::V6_0), |k| {
        k.requirements().cooperative == 0
    }),
    (Target::Hlsl(hlsl::ShaderModel::V5_1), |k| {
        k.requirements().subgroup == 0
    }),
    (Target::Glsl, |k| k.requirements().subgroup == 0),
];

const STORAGES: [Storage; 2] = [Storage::Buffers, Storage::Textures];

#[test]
fn every_kernel_is_valid_and_translates() {
    let mut translated = 0;
    let all = KERNELS.iter().flat_map(Kernel::variants);
    for (variant, storage) in all.flat_map(|v| STORAGES.map(|storage| (v, storage))) {
        let (kernel, types) = (variant.kernel, variant.types);
        let left = variant.outputs;
        let name = format!(
            "{} of {types:?} leaving {left:?} in {storage:?}",
            kernel.name
        );
        let text = source(variant, storage).expect(&name);
        // Textures convert f16 without a shader feature.
        let half = types.half() && storage == Storage::Buffers;
        assert!(text.contains("enable f16;") || !half, "{name}");
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&text)));
        let mut capabilities = Capabilities::default();
        if kernel.requirements().subgroup > 0 {
            capabilities |= Capabilities::SUBGROUP;
        }
        if half || kernel.requirements().cooperative > 0 {
            capabilities |= Capabilities::SHADER_FLOAT16;
        }
        if kernel.requirements().cooperative > 0 {
            capabilities |= Capabilities::COOPERATIVE_MATRIX;
        }
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
            .subgroup_operations(naga::valid::SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&text)));
        for (target, supports) in TARGETS {
            // A device without subgroups or f16 never gets such kernels.
            let target = match target {
                Target::Hlsl(hlsl::ShaderModel::V6_0) if half => {
                    &Target::Hlsl(hlsl::ShaderModel::V6_2)
                }
                Target::Hlsl(hlsl::ShaderModel::V5_1) | Target::Glsl if half => continue,
                target => target,
            };
            if !supports(kernel) {
                continue;
            }
            let text = translate(*target, &module, &info)
                .unwrap_or_else(|e| panic!("{name} to {target:?}: {e}"));
            assert!(text.len() > 200, "{name} to {target:?}: {text}");
            translated += 1;
        }
    }
    // Vulkan, Metal and DXC take all kernels, except that DXC lacks cooperative matrices.
    let variants = KERNELS.iter().flat_map(Kernel::variants);
    let least = variants.map(|v| match v.kernel.requirements().cooperative {
        0 => 3,
        _ => 2,
    });
    assert!(translated >= STORAGES.len() * least.sum::<usize>());
}

/// Checks that max pools and ReLUs detect a NaN by its bits in every language. Compilers may fold
/// `x != x` to false.
#[test]
fn a_nan_is_known_by_its_bits_in_every_language() {
    for name in ["max_pool", "relu"] {
        let kernel = KERNELS.iter().find(|kernel| kernel.name == name).unwrap();
        for variant in kernel.variants() {
            let wgsl = source(variant, Storage::Buffers).unwrap();
            if wgsl.contains("enable f16;") {
                continue;
            }
            let module = naga::front::wgsl::parse_str(&wgsl).unwrap();
            let info = Validator::new(ValidationFlags::all(), Capabilities::default())
                .validate(&module)
                .unwrap();
            for (target, cast) in [
                (Target::Msl, "as_type<metal::uint4>("),
                (Target::Hlsl(hlsl::ShaderModel::V6_0), "asuint("),
                (Target::Hlsl(hlsl::ShaderModel::V5_1), "asuint("),
                (Target::Glsl, "floatBitsToUint("),
            ] {
                let text = translate(target, &module, &info).unwrap();
                // 2139095040 is the bit pattern of infinity.
                let tests = text.contains(cast) && text.contains("2139095040u");
                assert!(tests, "{name} to {target:?}:\n{text}");
            }
        }
    }
}

/// Checks that the shaders that prepare pictures on the device translate to every language.
#[test]
fn every_resample_shader_is_valid_and_translates() {
    for shader in ResampleShader::ALL {
        let (name, text) = (shader.name(), shader.source().unwrap());
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&text)));
        let info = Validator::new(ValidationFlags::all(), Capabilities::default())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&text)));
        for (target, _) in TARGETS {
            let text = translate(*target, &module, &info)
                .unwrap_or_else(|e| panic!("{name} to {target:?}: {e}"));
            assert!(text.len() > 200, "{name} to {target:?}: {text}");
        }
    }
}

/// Checks the shaders that measure a device. Cooperative matrices exist for Vulkan and Metal only,
/// and old HLSL and GLSL lack f16.
#[test]
fn every_peak_shader_is_valid_and_translates() {
    use resnet_wgpu::low_level::kernels::{PeakShader, Scalar};

    let scalars = [Scalar::F16, Scalar::F32];
    let mut shaders = vec![PeakShader::Copy { workgroup: 256 }, PeakShader::Tick];
    for scalar in scalars {
        shaders.extend([2, 4, 8].map(|chains| PeakShader::Fma {
            scalar,
            chains,
            workgroup: 64,
        }));
        for accumulator in scalars {
            shaders.extend([8, 16].map(|size| PeakShader::Cooperative {
                size,
                operands: scalar,
                accumulator,
                chains: 8,
                workgroup: 128,
            }));
        }
    }
    for shader in shaders {
        let text = shader.source().unwrap();
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|e| panic!("{shader:?}: {}", e.emit_to_string(&text)));
        let cooperative = matches!(shader, PeakShader::Cooperative { .. });
        let mut capabilities = Capabilities::SHADER_FLOAT16;
        if cooperative {
            capabilities |= Capabilities::COOPERATIVE_MATRIX | Capabilities::SUBGROUP;
        }
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
            .subgroup_operations(naga::valid::SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{shader:?}: {}", e.emit_to_string(&text)));
        let half = text.contains("enable f16;");
        // Shader model 6.2 is the first with a type for f16.
        let half_target = Target::Hlsl(hlsl::ShaderModel::V6_2);
        let targets = TARGETS.iter().map(|(target, _)| target);
        for target in targets.chain([&half_target]) {
            let supported = match target {
                Target::Spirv => true,
                // Metal's matrices are 8×8.
                Target::Msl => !text.contains("coop_mat16x16"),
                Target::Hlsl(hlsl::ShaderModel::V6_2) => !cooperative,
                Target::Hlsl(_) | Target::Glsl => !cooperative && !half,
            };
            // GLSL allows one entry point, and this shader has two.
            if supported && !(*target == Target::Glsl && shader.name().contains("copy")) {
                translate(*target, &module, &info)
                    .unwrap_or_else(|e| panic!("{shader:?} to {target:?}: {e}"));
            }
        }
    }
}

/// Returns the text of the translation.
fn translate(
    target: Target,
    module: &naga::Module,
    info: &naga::valid::ModuleInfo,
) -> Result<String, String> {
    let err = |e: &dyn std::fmt::Display| e.to_string();
    match target {
        Target::Spirv => {
            let options = spv::Options {
                lang_version: (1, 3),
                ..Default::default()
            };
            let words = spv::write_vec(module, info, &options, None).map_err(|e| err(&e))?;
            // SPIR-V is binary, so its words are written as hexadecimal digits.
            Ok(words.iter().map(|word| format!("{word:08x} ")).collect())
        }
        Target::Msl => {
            let options = msl::Options {
                lang_version: (2, 4),
                fake_missing_bindings: true,
                ..Default::default()
            };
            let pipeline = msl::PipelineOptions::default();
            let (text, info) =
                msl::write_string(module, info, &options, &pipeline).map_err(|e| err(&e))?;
            for name in info.entry_point_names {
                name.map_err(|e| err(&e))?;
            }
            Ok(text)
        }
        Target::Hlsl(shader_model) => {
            let options = hlsl::Options {
                shader_model,
                fake_missing_bindings: true,
                ..Default::default()
            };
            let mut text = String::new();
            let pipeline = hlsl::PipelineOptions::default();
            let info = hlsl::Writer::new(&mut text, &options, &pipeline)
                .write(module, info, None)
                .map_err(|e| err(&e))?;
            for name in info.entry_point_names {
                name.map_err(|e| err(&e))?;
            }
            Ok(text)
        }
        Target::Glsl => {
            let options = glsl::Options {
                version: glsl::Version::new_gles(310),
                ..Default::default()
            };
            let pipeline = glsl::PipelineOptions {
                shader_stage: naga::ShaderStage::Compute,
                entry_point: "main".into(),
                multiview: None,
            };
            let mut text = String::new();
            glsl::Writer::new(
                &mut text,
                module,
                info,
                &options,
                &pipeline,
                naga::proc::BoundsCheckPolicies::default(),
            )
            .map_err(|e| err(&e))?
            .write()
            .map_err(|e| err(&e))?;
            Ok(text)
        }
    }
}
