//! Host code for the convolution kernels.

use super::conv_problem::ConvProblem;
use super::dispatch::{Dispatch, Flags, word};
use super::divisor::Divisor;
use super::table::Kernel;
use super::tile::Tile;
use crate::tensor::quads;

impl ConvProblem {
    /// Returns the parameters and the geometry.
    pub fn dispatch(&self, kernel: &Kernel) -> Dispatch {
        self.dispatch_parts(kernel, 1)
    }

    /// Returns the parameters and the geometry for a tiled kernel that cuts each tile's reduction
    /// into `parts` parts. The number must come from [`ConvProblem::parts`].
    ///
    /// The kernel writes the parts' sums, `[points][parts][N][P][Q][out_quads]`. With more than one
    /// part, the bias must be zeros, and the problem must have neither residual nor ReLU.
    pub fn dispatch_parts(&self, kernel: &Kernel, parts: usize) -> Dispatch {
        let (m_tiles, n_tiles) = self.tiles(kernel);
        let tiles = m_tiles * n_tiles * self.points * parts;
        let input_quads = self.batch * self.input.h * self.input.w * quads(self.input.c);
        let rows = self.window.kernel.pow(2) * self.tap_rows(kernel);
        let (group_in, group_out) = self.group_channels();
        let per_workgroup = match kernel.tile {
            Tile::Shuffle { lanes, .. } | Tile::Stem { lanes, .. } => kernel.workgroup / lanes,
            Tile::Direct { .. } | Tile::Row { .. } => kernel.workgroup,
            _ => 1,
        };
        let by = [
            self.output.h * self.output.w,
            self.output.w,
            quads(self.input.c),
            self.window.kernel,
            n_tiles,
        ];
        let by = by.map(|d| Divisor::new(word(d)).words());
        let mut params = vec![
            word(self.pixels()),
            word(self.input.h),
            word(self.input.w),
            word(quads(self.input.c)),
            word(self.output.h),
            word(self.output.w),
            word(quads(self.output.c)),
            word(self.window.kernel),
            word(self.window.stride),
            word(self.window.padding),
            word(self.weight_quads(kernel)),
            word(m_tiles),
            word(tiles),
            Flags {
                relu: self.relu,
                residual: self.residual,
            }
            .word(),
            word(group_in),
            word(group_out),
        ];
        params.extend(by.as_flattened());
        params.extend([
            word(n_tiles),
            word(rows),
            word(quads(rows)),
            word(parts),
            word(self.part_quads(kernel, parts)),
            word(input_quads),
            word(rows * self.weight_quads(kernel)),
            word(self.points),
        ]);
        Dispatch {
            params,
            workgroups: tiles.div_ceil(per_workgroup) as u64,
        }
    }
}
