//! The compute kernels: one flat table of all kernels with the device features and limits that each
//! requires.
//!
//! For each family this module holds the host code: parameters, dispatch geometry and the packing
//! of weights. The module produces plain data and calls no GPU.

mod candidates;
mod conv;
mod conv_problem;
mod cooperative;
mod dispatch;
mod divisor;
mod elementwise;
mod ingest;
mod kernel_sequence;
mod linear;
mod pack;
mod peaks;
mod pool;
mod resample;
mod rows;
mod scalar;
mod split;
mod storage;
mod table;
mod template;
mod tile;
mod variant;
mod winograd;
mod winograd_matrices;

pub use candidates::{Algorithm, Candidate, candidate, candidates};
pub use conv_problem::ConvProblem;
pub use dispatch::{Dispatch, ParamWords, grid};
pub use elementwise::{ElementwiseProblem, ShortcutProblem, SoftmaxProblem};
pub use ingest::{IngestProblem, InputForm};
pub use kernel_sequence::{KernelCall, KernelSequence, Operand, Scratch, WeightSource};
pub use linear::{LinearChunk, LinearProblem};
pub use pack::Packing;
pub use peaks::PeakShader;
pub use pool::{GlobalPoolProblem, PoolProblem, UNROLL as POOL_UNROLL};
pub use resample::ResampleShader;
pub use rows::{KERNELS, find};
pub use scalar::{Scalar, ScalarTypes};
pub use split::split_parts;
pub use storage::{MemoryKind, Storage, TEXTURE_ROW};
pub use table::{Kernel, Requirements};
pub(crate) use template::fingerprint;
pub use template::{TemplateError, source};
pub use tile::{KernelFamily, Reduction, Tile};
pub use variant::{KernelOutputs, KernelVariant};
pub use winograd::WinogradProblem;

use dispatch::{Flags, word};
