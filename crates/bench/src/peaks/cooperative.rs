//! Ceilings of cooperative matrices (tensor cores), measured on an isolated device. wgpu's support
//! is experimental, so any failure becomes a reason in [`Peaks::not_measured`] and never an error.

use std::time::{Duration, Instant};

use super::ceiling::{ceiling, dispatch_size};
use super::kernels::{BestRate, clock};
use crate::{Clock, CooperativePeak, MissingFigure, Peaks};
use resnet_wgpu::DeviceSelector;
use resnet_wgpu::low_level::gpu::GpuError;
use resnet_wgpu::low_level::kernels::Scalar;
use resnet_wgpu::low_level::peaks::{
    CooperativePeak as CooperativeKernel, CooperativeShape, Rig, cooperative,
};

/// The independent sums (chains) of a subgroup and the invocations of a workgroup, with the most
/// promising shape first.
const SHAPES: [(u32, u32); 4] = [(8, 128), (4, 128), (8, 256), (4, 64)];
/// The most invocations, as a power of two.
const MAX_INVOCATIONS_LOG2: u32 = 19;

/// Adds the figures to `peaks`, or the reasons why figures are missing.
pub(super) fn measure(
    selector: &DeviceSelector,
    budget: Duration,
    mut progress: impl FnMut(&str),
    peaks: &mut Peaks,
) {
    progress("cooperative matrices");
    let mut note = |what: &str, why: String| {
        let what = format!("cooperative_matrix{what}");
        let missing = MissingFigure { what, why };
        if !peaks.not_measured.contains(&missing) {
            peaks.not_measured.push(missing);
        }
    };
    let offer = match cooperative(selector) {
        Ok(Some(offer)) => offer,
        Ok(None) => return note("", "the adapter does not offer it".into()),
        Err(error) => return note("", error.to_string()),
    };
    let opened = Rig::new(&offer.gpu).and_then(|rig| {
        let clock = clock(&rig)?.0;
        Ok((rig, clock))
    });
    let (rig, clock) = match opened {
        Ok(opened) => opened,
        Err(error) => return note("", error.to_string()),
    };
    let mut products: Vec<MatrixProduct> = Vec::new();
    for offered in &offer.products {
        match supported_product(offered, offer.gpu.device().features()) {
            Ok(product) if products.contains(&product) => {}
            Ok(product) => products.push(product),
            Err(why) => note(&format!(" {}", describe(offered)), why.to_owned()),
        }
    }
    let share = budget.div_f64(products.len().max(1) as f64);
    for product in products {
        let operands = product.operands.name();
        let accumulator = product.accumulator.name();
        let size = product.size;
        let name = format!(" {size}×{size}×{size} {operands} → {accumulator}");
        progress(&format!("cooperative matrices{name}"));
        match best_rate(&rig, clock, product, Instant::now() + share) {
            Ok(gflops) => peaks.cooperative_matrix.push(CooperativePeak {
                shape: [size; 3],
                operands: operands.to_owned(),
                accumulator: accumulator.to_owned(),
                gflops,
            }),
            Err(error) => note(&name, error.to_string()),
        }
    }
}

/// A product that WGSL can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MatrixProduct {
    size: u32,
    operands: Scalar,
    accumulator: Scalar,
}

/// Returns the product, or the reason why it cannot be measured.
fn supported_product(
    offered: &wgpu::CooperativeMatrixProperties,
    features: wgpu::Features,
) -> Result<MatrixProduct, &'static str> {
    let size = offered.m_size;
    if [offered.n_size, offered.k_size] != [size; 2] || ![8, 16].contains(&size) {
        return Err("WGSL has matrices of 8×8 and 16×16 only");
    }
    let scalar = |scalar| match scalar {
        wgpu::CooperativeScalarType::F16 => Ok(Scalar::F16),
        wgpu::CooperativeScalarType::F32 => Ok(Scalar::F32),
        _ => Err("WGSL has matrices of f16 and f32 only"),
    };
    let product = MatrixProduct {
        size,
        operands: scalar(offered.ab_type)?,
        accumulator: scalar(offered.cr_type)?,
    };
    let half = [product.operands, product.accumulator].contains(&Scalar::F16);
    if half && !features.contains(wgpu::Features::SHADER_F16) {
        return Err("the adapter does not offer f16 in shaders");
    }
    // The kernel needs the number of subgroups in a workgroup.
    if !features.contains(wgpu::Features::SUBGROUP) {
        return Err("the adapter does not offer subgroups in shaders");
    }
    Ok(product)
}

/// Describes an offered product, such as `16×8×16 f16 → f32`.
fn describe(offered: &wgpu::CooperativeMatrixProperties) -> String {
    let [m, n, k] = [offered.m_size, offered.n_size, offered.k_size];
    let [operands, accumulator] =
        [offered.ab_type, offered.cr_type].map(|scalar| format!("{scalar:?}").to_lowercase());
    format!("{m}×{n}×{k} {operands} → {accumulator}")
}

fn best_rate(
    rig: &Rig,
    clock: Clock,
    product: MatrixProduct,
    deadline: Instant,
) -> Result<f64, GpuError> {
    let mut best = BestRate::default();
    for (chains, workgroup) in SHAPES {
        best.attempt(deadline, chains, || {
            let shape = CooperativeShape {
                size: product.size,
                operands: product.operands,
                accumulator: product.accumulator,
                chains,
                workgroup,
            };
            let kernel = CooperativeKernel::new(rig, shape)?;
            ceiling(clock, deadline, |level| {
                let (invocations, rounds) = dispatch_size(level, MAX_INVOCATIONS_LOG2);
                kernel.run(invocations, rounds)
            })
        });
    }
    best.rate()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wgpu::CooperativeScalarType::{F16, F32, I32};
    use wgpu::Features;

    #[test]
    fn only_products_that_wgsl_expresses_are_supported() {
        let offered = |m_size, k_size, ab_type, cr_type| wgpu::CooperativeMatrixProperties {
            m_size,
            n_size: m_size,
            k_size,
            ab_type,
            cr_type,
            saturating_accumulation: false,
        };
        let all = Features::SUBGROUP | Features::SHADER_F16;
        let product = supported_product(&offered(16, 16, F16, F32), all).unwrap();
        assert_eq!((product.size, product.operands), (16, Scalar::F16));
        assert_eq!(product.accumulator, Scalar::F32);
        assert!(supported_product(&offered(8, 8, F32, F32), Features::SUBGROUP).is_ok());
        assert!(supported_product(&offered(8, 8, F16, F32), Features::SUBGROUP).is_err());
        assert!(supported_product(&offered(8, 8, F32, F32), Features::empty()).is_err());
        assert!(supported_product(&offered(16, 8, F16, F32), all).is_err());
        assert!(supported_product(&offered(16, 16, I32, I32), all).is_err());
        assert_eq!(describe(&offered(16, 8, F16, F32)), "16×16×8 f16 → f32");
    }
}
