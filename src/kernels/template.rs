//! Renders a kernel's WGSL from its template in `shaders/`.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::cooperative::Layout;
use super::{Kernel, KernelFamily, KernelVariant, Storage, TEXTURE_ROW, Tile, winograd_matrices};

/// A template that does not render. The cause is a defect of this crate, which owns both the
/// templates and the table of kernels.
#[derive(Debug, thiserror::Error)]
#[error("shader template of kernel `{kernel}` does not render: {source}")]
pub struct TemplateError {
    /// Name of the kernel.
    pub kernel: &'static str,
    source: minijinja::Error,
}

impl TemplateError {
    pub(super) fn new(kernel: &'static str, source: minijinja::Error) -> Self {
        Self { kernel, source }
    }
}

macro_rules! shaders {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/", $name)))),*]
    };
}

const SHADERS: &[(&str, &str)] = shaders![
    "common.wgsl",
    "conv_cooperative.wgsl",
    "conv_grouped.wgsl",
    "conv_grouped_row.wgsl",
    "conv_params.wgsl",
    "conv_shuffle.wgsl",
    "conv_stem.wgsl",
    "conv_tiled.wgsl",
    "elementwise.wgsl",
    "global_avg_pool.wgsl",
    "ingest.wgsl",
    "linear.wgsl",
    "peaks/cooperative.wgsl",
    "peaks/copy.wgsl",
    "peaks/fma.wgsl",
    "peaks/tick.wgsl",
    "pool.wgsl",
    "resample.wgsl",
    "resample_common.wgsl",
    "resample_crop.wgsl",
    "results.wgsl",
    "shortcut_a.wgsl",
    "softmax.wgsl",
    "storage.wgsl",
    "sum_parts.wgsl",
    "winograd_input.wgsl",
    "winograd_output.wgsl",
    "winograd_params.wgsl",
];

/// Returns a variant's WGSL for values in the given kind of storage.
pub fn source(variant: KernelVariant, storage: Storage) -> Result<String, TemplateError> {
    let KernelVariant {
        kernel,
        types,
        outputs,
    } = variant;
    let textures = storage == Storage::Textures;
    let values = context! {
        textures,
        texture_row => TEXTURE_ROW,
        reads => types.reads.name(),
        writes => types.writes.name(),
        outputs => outputs.name(),
        // Texture loads and stores convert f16 without the shader feature.
        half => types.half() && !textures,
        ..values(kernel)
    };
    render(kernel.shader, values).map_err(|source| TemplateError {
        kernel: kernel.name,
        source,
    })
}

/// Returns a fingerprint of all kernels under the given hash function. It changes with the kernels'
/// computations, and so with their run times.
pub(crate) fn fingerprint(hash: fn(&[u8]) -> u64) -> u64 {
    let mut text = String::new();
    for (_, shader) in SHADERS.iter().filter(|s| of_networks(s.0)) {
        text.push_str(shader);
    }
    for candidate in super::candidates() {
        text.push_str(&format!("{candidate:?}"));
    }
    hash(text.as_bytes())
}

/// Returns whether a file of `shaders/` is a part of network kernels.
fn of_networks(shader: &str) -> bool {
    !shader.starts_with("peaks/") && !shader.starts_with("resample")
}

/// Creates the environment that renders this crate's templates. Statements leave no blank lines in
/// the output, and an undefined value is an error.
fn environment() -> Result<Environment<'static>, minijinja::Error> {
    let mut env = Environment::new();
    env.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    Ok(env)
}

/// Renders a file of `shaders/` with the given values.
pub(super) fn render(shader: &str, values: Value) -> Result<String, minijinja::Error> {
    let mut env = environment()?;
    for (name, text) in SHADERS {
        env.add_template(name, text)?;
    }
    env.get_template(shader)?.render(values)
}

fn values(kernel: &Kernel) -> Value {
    let (workgroup, tile) = (kernel.workgroup, kernel.tile);
    match tile {
        Tile::Shuffle { lanes, pixels } => context! { lanes, pixels, workgroup },
        Tile::Stem {
            lanes,
            pixels,
            kernel,
            stride,
        } => {
            let columns = (pixels - 1) * stride + kernel;
            let loads = columns.div_ceil(lanes);
            context! { lanes, pixels, kernel, stride, columns, loads, workgroup }
        }
        Tile::Gemm {
            bm,
            bn,
            bk,
            tm,
            tn,
            reduction,
        } => context! {
            bm,
            bn,
            bk,
            tm,
            tn,
            reduction => reduction.name(),
            threads => workgroup,
        },
        Tile::Cooperative {
            size,
            lanes,
            bm,
            bn,
            bk,
            subgroups: (subgroups_m, subgroups_n),
            vector,
            reduction,
        } => {
            let layout = Layout::new(&kernel.tile);
            let (tiles_m, tiles_n) = layout.map_or((0, 0), |l| l.matrices());
            let (x_row, w_row) = layout.map_or((0, 0), |l| l.rows());
            context! {
                size, lanes, bm, bn, bk, subgroups_m, subgroups_n, tiles_m, tiles_n, x_row, w_row,
                vector, reduction => reduction.name(), threads => workgroup,
            }
        }
        Tile::Row { pixels, kernel } => context! { pixels, kernel, workgroup },
        Tile::Direct { pixels, aligned } => context! { pixels, aligned, workgroup },
        Tile::Reduce { quads, slices } => {
            context! { quads, slices, workgroup, unroll => super::pool::UNROLL }
        }
        Tile::Winograd { output } => {
            let matrices = winograd_matrices::matrices(output);
            let matrix = match kernel.family {
                KernelFamily::WinogradInput => matrices.input,
                _ => matrices.output,
            };
            context! { tile => output, points => output + 2, sums => sums(matrix), workgroup }
        }
        Tile::Flat | Tile::Bytes => context! {
            workgroup,
            bytes => kernel.tile == Tile::Bytes,
            max => kernel.family == KernelFamily::MaxPool,
            op => kernel.name,
        },
    }
}

/// Builds the WGSL sums of a transform that multiplies by `matrix` on both sides.
///
/// `columns[i][c]` is a sum over the values `d_r_c` of column c. `rows[i][j]` is a sum over the
/// values `t_i_c`.
fn sums(matrix: &[&[f64]]) -> Value {
    let points = matrix.first().map_or(0, |row| row.len());
    let table = |width: usize, sum: &dyn Fn(usize, usize) -> String| -> Vec<Vec<String>> {
        let row = |i| (0..width).map(|j| sum(i, j)).collect();
        (0..matrix.len()).map(row).collect()
    };
    let columns = table(points, &|i, c| sum(matrix[i], |r| format!("d_{r}_{c}")));
    let rows = table(matrix.len(), &|i, j| {
        sum(matrix[j], |c| format!("t_{i}_{c}"))
    });
    context! { columns, rows }
}

/// Builds the product of one matrix row and named values, without the zero terms.
fn sum(row: &[f64], name: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for (i, &factor) in row.iter().enumerate().filter(|(_, f)| **f != 0.0) {
        text += match (text.is_empty(), factor < 0.0) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        };
        if factor.abs() != 1.0 {
            text += &format!("{:?} * ", factor.abs());
        }
        text += &name(i);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_read_like_their_matrix() {
        let text = sum(&[4.0, 0.0, -5.0, 1.0], |i| format!("d_{i}"));
        assert_eq!(text, "4.0 * d_0 - 5.0 * d_2 + d_3");
        assert_eq!(sum(&[0.0, -1.0], |i| format!("t_{i}")), "-t_1");
    }
}
