//! Measures the peak rate of cooperative matrix products.

use half::f16;

use super::PeakRun;
use super::rig::{Launch, Rig, numbers};
use crate::gpu::GpuError;
use crate::kernels::{PeakShader, Scalar};

/// The parameters of the shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CooperativeShape {
    /// Rows and columns of each matrix.
    pub size: u32,
    /// The type of the factors.
    pub operands: Scalar,
    /// The type of the sum.
    pub accumulator: Scalar,
    /// Independent sums of a subgroup.
    pub chains: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
}

/// The kernel, ready to run.
#[derive(Debug)]
pub struct CooperativePeak<'r> {
    rig: &'r Rig,
    shape: CooperativeShape,
    shader: PeakShader,
    pipeline: wgpu::ComputePipeline,
    params: wgpu::Buffer,
    a: wgpu::Buffer,
    d: wgpu::Buffer,
    found: wgpu::Buffer,
    binds: wgpu::BindGroup,
    /// Tiles that fit in `d`.
    tiles: u32,
    max_groups: u32,
}

/// The largest size of all results, in bytes: enough tiles for the largest GPUs.
const MAX_BYTES: u64 = 64 << 20;
/// The smallest subgroup of any device.
const MIN_SUBGROUP: u32 = 4;

impl<'r> CooperativePeak<'r> {
    /// Creates the kernel, runs a few rounds and checks the products.
    pub fn new(rig: &'r Rig, shape: CooperativeShape) -> Result<Self, GpuError> {
        let CooperativeShape {
            size,
            operands,
            accumulator,
            chains,
            workgroup,
        } = shape;
        let shader = PeakShader::Cooperative {
            size,
            operands,
            accumulator,
            chains,
            workgroup,
        };
        let pipeline = rig.pipeline(&shader, "main")?;
        let profile = rig.gpu().profile();
        let tile = u64::from(chains * size * size) * width(accumulator);
        let tiles = (MAX_BYTES.min(profile.max_binding) / tile) as u32;
        let subgroup = rig.gpu().info().subgroup_min_size.max(MIN_SUBGROUP);
        let max_groups = tiles / workgroup.div_ceil(subgroup);
        let matrix = u64::from(size * size);
        let params = rig.uniform()?;
        let a = rig.storage(2 * matrix * width(operands))?;
        let b = rig.storage(matrix * width(operands))?;
        let c = rig.storage(tile)?;
        let d = rig.storage(u64::from(tiles) * tile)?;
        let found = rig.storage(16)?;
        let buffers = [&params, &a, &b, &c, &d, &found];
        let buffers: Vec<_> = (0..).zip(buffers).collect();
        let binds = rig.binds(&pipeline, &buffers)?;
        let right = ExpectedValues { size, chains };
        rig.write(&b, &encode(operands, &right.b()))?;
        rig.write(&c, &encode(accumulator, &right.c()))?;
        let made = Self {
            rig,
            shape,
            shader,
            pipeline,
            params,
            a,
            d,
            found,
            binds,
            tiles,
            max_groups: max_groups.clamp(1, profile.max_workgroups),
        };
        for rounds in [1, 3] {
            made.run(workgroup, rounds)?;
        }
        Ok(made)
    }

    /// Runs `invocations` invocations of `rounds` rounds each, and checks the products.
    pub fn run(&self, invocations: u32, rounds: u32) -> Result<PeakRun, GpuError> {
        let CooperativeShape {
            size,
            operands,
            accumulator,
            chains,
            workgroup,
        } = self.shape;
        let right = ExpectedValues { size, chains };
        let groups = (invocations / workgroup).clamp(1, self.max_groups);
        let pairs = rounds * self.shader.pairs();
        let cancel = pairs > ExpectedValues::MAX_PAIRS;
        let rig = self.rig;
        let a = if cancel {
            right.cancelling_a()
        } else {
            right.a()
        };
        rig.write(&self.a, &encode(operands, &a))?;
        let words = [rounds, self.tiles, 0, 0];
        rig.write(&self.params, bytemuck::cast_slice(&words))?;
        let elapsed = rig.time(Launch {
            pipeline: &self.pipeline,
            binds: &self.binds,
            groups,
            times: 1,
        })?;
        let found = numbers(&rig.read(&self.found, 0..4)?).next();
        let subgroups: u32 = found.unwrap_or_default();
        if subgroups == 0 || subgroups > workgroup {
            return Err(rig.wrong(&self.shader, 0, subgroups.into(), 1.0));
        }
        let tiles = u64::from(groups * subgroups).min(u64::from(self.tiles));
        let bytes = tiles * u64::from(chains * size * size) * width(accumulator);
        let expected = right.d(if cancel { 0 } else { pairs });
        for (offset, bytes) in rig.ends(&self.d, bytes)? {
            let first = offset / width(accumulator);
            for (at, found) in (first..).zip(decode(accumulator, &bytes)) {
                let right = expected[at as usize % expected.len()];
                if found != right {
                    return Err(rig.wrong(&self.shader, at, found.into(), right.into()));
                }
            }
        }
        let products = tiles * u64::from(2 * pairs) * u64::from(chains);
        Ok(PeakRun {
            amount: products as f64 * 2.0 * f64::from(size).powi(3),
            elapsed,
        })
    }
}

/// The operands and the expected results: small whole numbers, exact in f16.
#[derive(Debug, Clone, Copy)]
struct ExpectedValues {
    size: u32,
    chains: u32,
}

impl ExpectedValues {
    /// The largest number of pairs that do not cancel. A pair adds up to 48 to an element, and f16
    /// is exact up to 2,048.
    const MAX_PAIRS: u32 = 20;

    /// Returns the matrices a₀ and a₁.
    fn a(self) -> Vec<f32> {
        let second = matrix(self.size, |row, k| (row + 7 * k) % 3);
        [self.first(), second].concat()
    }

    /// Returns the matrices a₀ and −a₀, whose products cancel.
    fn cancelling_a(self) -> Vec<f32> {
        let first = self.first();
        let second = first.iter().map(|v| -v).collect();
        [first, second].concat()
    }

    fn first(self) -> Vec<f32> {
        matrix(self.size, |row, k| (3 * row + 5 * k) % 4)
    }

    fn b(self) -> Vec<f32> {
        matrix(self.size, |k, column| (7 * k + 2 * column) % 3)
    }

    fn c(self) -> Vec<f32> {
        let chain = |i| matrix(self.size, move |row, column| (row + 2 * column + i) % 8);
        (0..self.chains).flat_map(chain).collect()
    }

    /// Returns c + pairs · (a₀·b + a₁·b).
    fn d(self, pairs: u32) -> Vec<f32> {
        let (a, b, mut d) = (self.a(), self.b(), self.c());
        let size = self.size as usize;
        let (first, second) = a.split_at(size * size);
        for (at, d) in d.iter_mut().enumerate() {
            let (row, column) = (at / size % size, at % size);
            for k in 0..size {
                let a = first[row * size + k] + second[row * size + k];
                *d += pairs as f32 * a * b[k * size + column];
            }
        }
        d
    }
}

fn matrix(size: u32, value: impl Fn(u32, u32) -> u32) -> Vec<f32> {
    let cells = (0..size * size).map(|at| value(at / size, at % size) as f32 - 1.0);
    cells.collect()
}

fn width(scalar: Scalar) -> u64 {
    match scalar {
        Scalar::F16 => 2,
        Scalar::F32 => 4,
    }
}

fn encode(scalar: Scalar, values: &[f32]) -> Vec<u8> {
    match scalar {
        Scalar::F16 => {
            let bytes = values.iter().flat_map(|&v| f16::from_f32(v).to_ne_bytes());
            bytes.collect()
        }
        Scalar::F32 => bytemuck::cast_slice(values).to_vec(),
    }
}

fn decode(scalar: Scalar, bytes: &[u8]) -> Vec<f32> {
    match scalar {
        Scalar::F16 => numbers::<f16>(bytes).map(f16::to_f32).collect(),
        Scalar::F32 => numbers(bytes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_exact_in_f16() {
        for size in [8, 16] {
            let right = ExpectedValues { size, chains: 8 };
            for pairs in 0..=ExpectedValues::MAX_PAIRS {
                // Between the two products of a pair the sum may be larger, hence the margin of 64.
                let within = |v: &f32| v.fract() == 0.0 && v.abs() <= 2_048.0 - 64.0;
                assert!(right.d(pairs).iter().all(within), "{size}, {pairs}");
            }
            for values in [right.a(), right.cancelling_a(), right.b(), right.c()] {
                assert_eq!(decode(Scalar::F16, &encode(Scalar::F16, &values)), values);
            }
        }
    }

    #[test]
    fn products_distinguish_rows_from_columns() {
        let right = ExpectedValues { size: 8, chains: 1 };
        let d = right.d(1);
        let transposed = matrix(8, |row, column| {
            (d[(column * 8 + row) as usize] + 1.0) as u32
        });
        assert_ne!(d, transposed);
        // The first element of d, computed directly: c = −1, plus row 0 of a₀ + a₁ times b's first
        // column.
        let a = [-2.0, 0.0, 2.0, 1.0, -1.0, 1.0, 0.0, 2.0];
        let sums: f32 = a
            .iter()
            .zip(right.b().chunks(8))
            .map(|(a, b)| a * b[0])
            .sum();
        assert_eq!(d[0], -1.0 + sums);
    }
}
