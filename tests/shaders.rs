//! Every kernel variant is validated by naga and translated to each language
//! that naga supports for its features, so that a kernel that one vendor would
//! refuse is found here, without a GPU.

use naga::back::{glsl, hlsl, msl, spv};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use resnet_wgpu::kernels::{KERNELS, Kernel, source};

/// The languages that wgpu's backends take.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    /// Vulkan.
    Spirv,
    /// Metal.
    Msl,
    /// Direct3D 12: DXC takes shader model 6, FXC, its fallback, 5.1.
    Hlsl(hlsl::ShaderModel),
    /// OpenGL ES.
    Glsl,
}

/// Whether naga translates a kernel to a target.
type Supports = fn(&Kernel) -> bool;

/// What naga translates, by feature. GLSL and HLSL before shader model 6 have
/// no subgroup operations here: wgpu does not offer the feature on OpenGL or
/// with FXC, so those kernels are never chosen there.
const TARGETS: &[(Target, Supports)] = &[
    (Target::Spirv, |_| true),
    (Target::Msl, |_| true),
    (Target::Hlsl(hlsl::ShaderModel::V6_0), |_| true),
    (Target::Hlsl(hlsl::ShaderModel::V5_1), |k| {
        k.needs().subgroup == 0
    }),
    (Target::Glsl, |k| k.needs().subgroup == 0),
];

#[test]
fn every_kernel_is_valid_and_translates() {
    let mut translated = 0;
    for kernel in KERNELS {
        let text = source(kernel).expect(kernel.name);
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|e| panic!("{}: {}", kernel.name, e.emit_to_string(&text)));
        let mut capabilities = Capabilities::default();
        if kernel.needs().subgroup > 0 {
            capabilities |= Capabilities::SUBGROUP;
        }
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
            .subgroup_operations(naga::valid::SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{}: {}", kernel.name, e.emit_to_string(&text)));
        for (target, supports) in TARGETS {
            if !supports(kernel) {
                continue;
            }
            let text = translate(*target, &module, &info)
                .unwrap_or_else(|e| panic!("{} to {target:?}: {e}", kernel.name));
            assert!(text > 200, "{} to {target:?}: {text} bytes", kernel.name);
            translated += 1;
        }
    }
    let subgroups = KERNELS.iter().filter(|k| k.needs().subgroup > 0).count();
    assert_eq!(translated, TARGETS.len() * KERNELS.len() - 2 * subgroups);
}

/// Bytes of the translation.
fn translate(
    target: Target,
    module: &naga::Module,
    info: &naga::valid::ModuleInfo,
) -> Result<usize, String> {
    let err = |e: &dyn std::fmt::Display| e.to_string();
    match target {
        Target::Spirv => {
            let options = spv::Options {
                lang_version: (1, 3),
                ..Default::default()
            };
            let words = spv::write_vec(module, info, &options, None).map_err(|e| err(&e))?;
            Ok(words.len() * 4)
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
            Ok(text.len())
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
            Ok(text.len())
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
            Ok(text.len())
        }
    }
}
