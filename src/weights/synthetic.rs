//! Seeded weights for a network without a checkpoint.
//!
//! Each value is a hash of its tensor's name and its index in the tensor. Another program, such as
//! `tests/goldens/make_networks.py`, can therefore compute equal weights, and goldens need not
//! store weights. All arithmetic is in f64 up to the last step.

use rayon::prelude::*;

use crate::graph::Graph;
use crate::mix::{STEP, mix};
use crate::models::{ActivationOrder, Block, Naming, Network, Norm, Shortcut};
use crate::tensor::{Param, Params, Tensor, TensorError, TensorSource};

/// A tensor of a network with seeded weights.
///
/// ```
/// use resnet_wgpu::Network;
///
/// let net = Network::preset("resnet20").expect("a preset");
/// let graph = net.graph(32, 32)?;
/// let tensors = net.synthetic_tensors(&graph, 0, net.residual_scale());
/// let last = tensors.last().expect("it has weights");
/// assert_eq!((last.canonical.as_str(), last.stored.as_str()), ("fc.bias", "linear.bias"));
/// assert_eq!((last.shape, last.data.len()), (vec![10], 10));
/// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticTensor {
    /// torchvision's name, which the graph uses.
    pub canonical: String,
    /// The name in a checkpoint of the network's naming. The hash uses this name.
    pub stored: String,
    /// The shape in a checkpoint of the network's naming. Only the head of timm's `resnetv2` has
    /// another shape than in the graph, because timm stores this layer as a 1×1 convolution.
    pub shape: Vec<usize>,
    /// The values, in row-major order.
    pub data: Vec<f32>,
}

impl Network {
    /// Returns seeded weights for `graph`, a graph of this network, under canonical names. Each
    /// tensor is computed when its values are read.
    ///
    /// The values are uniform with He's initialisation. Batch norm statistics are not trivial, and
    /// [`residual_scale`](Network::residual_scale) scales the residual branches.
    ///
    /// ```
    /// use resnet_wgpu::Network;
    /// let net = Network::preset("resnet20").unwrap();
    /// let graph = net.graph(32, 32)?;
    /// let params = net.synthetic_params(&graph, 0);
    /// assert_eq!(params.len(), graph.params().len());
    /// # Ok::<(), resnet_wgpu::low_level::graph::GraphError>(())
    /// ```
    pub fn synthetic_params(&self, graph: &Graph, seed: u64) -> Params {
        let mut params = Params::new();
        for (canonical, seeded) in self.seeded(graph, seed, self.residual_scale()) {
            params.insert(canonical, Param::later(seeded));
        }
        params
    }

    /// Returns the factor for residual branches: `1/√blocks`, or 1 for a network without shortcuts.
    /// The variance of a sum of n branches of variance 1 would grow with n; this factor keeps the
    /// variance level.
    pub fn residual_scale(&self) -> f64 {
        match self.shortcut {
            Shortcut::None => 1.0,
            _ => 1.0 / (self.blocks().max(1) as f64).sqrt(),
        }
    }

    /// Returns the tensors of `graph`, a graph of this network, one by one, as a checkpoint would
    /// store them.
    ///
    /// `residual_scale` multiplies the last factor of each residual branch: γ of the branch's last
    /// batch norm, or the weight of its last convolution if no batch norm follows that convolution.
    pub fn synthetic_tensors<'a>(
        &'a self,
        graph: &Graph,
        seed: u64,
        residual_scale: f64,
    ) -> impl Iterator<Item = SyntheticTensor> + use<'a> {
        (self.seeded(graph, seed, residual_scale)).map(|(canonical, seeded)| SyntheticTensor {
            data: seeded.data(),
            shape: seeded.stored_shape,
            stored: seeded.stored,
            canonical,
        })
    }

    fn seeded<'a>(
        &'a self,
        graph: &Graph,
        seed: u64,
        residual_scale: f64,
    ) -> impl Iterator<Item = (String, SeededTensor)> + use<'a> {
        let last = self.last_of_branch();
        graph.params().into_iter().map(move |spec| {
            let in_branch = spec.name.starts_with("layer") && spec.name.ends_with(last);
            let seeded = SeededTensor {
                stored: self.checkpoint_name(&spec.name),
                stored_shape: self.stored_shape(&spec.name, spec.shape.clone()),
                shape: spec.shape,
                seed,
                factor: if in_branch { residual_scale } else { 1.0 },
            };
            (spec.name, seeded)
        })
    }

    /// Returns a hash, in hexadecimal, of the names and shapes in this network's checkpoint: FNV-1a
    /// over the lines `name d0,d1,…`, sorted by name.
    pub fn state_dict_fnv(&self, graph: &Graph) -> String {
        let mut lines: Vec<(String, String)> = graph
            .params()
            .into_iter()
            .map(|spec| {
                let dims = self.stored_shape(&spec.name, spec.shape);
                let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
                (self.checkpoint_name(&spec.name), dims.join(","))
            })
            .collect();
        lines.sort();
        let text: String = lines.iter().map(|(n, d)| format!("{n} {d}\n")).collect();
        format!("{:016x}", fnv1a64(text.as_bytes()))
    }

    fn last_of_branch(&self) -> &'static str {
        let before_sum = self.order == ActivationOrder::Pre || self.norm == Norm::Bias;
        match (self.block, before_sum) {
            // A network of such blocks has no branches, and no tensor's name ends with this text.
            (Block::Single, _) => "\0",
            (Block::Basic, false) => ".bn2.weight",
            (Block::Basic, true) => ".conv2.weight",
            (Block::Bottleneck, false) => ".bn3.weight",
            (Block::Bottleneck, true) => ".conv3.weight",
        }
    }

    fn stored_shape(&self, canonical: &str, mut shape: Vec<usize>) -> Vec<usize> {
        if self.naming == Naming::TimmV2 && canonical == HEAD {
            shape.extend([1, 1]);
        }
        shape
    }
}

const HEAD: &str = "fc.weight";

/// A tensor that is computed when its values are read.
#[derive(Debug)]
struct SeededTensor {
    stored: String,
    stored_shape: Vec<usize>,
    shape: Vec<usize>,
    seed: u64,
    factor: f64,
}

impl SeededTensor {
    fn data(&self) -> Vec<f32> {
        synthetic_tensor(&self.stored, &self.stored_shape, self.seed, self.factor)
    }
}

impl TensorSource for SeededTensor {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self) -> Result<Tensor, TensorError> {
        Tensor::new(self.shape.clone(), self.data())
            .ok_or_else(|| TensorError::new(&self.stored, "expected a shape that memory holds"))
    }
}

/// The smallest number of values that one thread computes at a time.
const TOGETHER: usize = 1 << 14;

/// Returns the seeded values of one tensor in row-major order.
///
/// The values are uniform. The last part of the name and the shape determine their spread and mean;
/// the tensor `input` has variance 1. `factor` multiplies every value.
///
/// ```
/// let values = resnet_wgpu::low_level::weights::synthetic_tensor("conv1.weight", &[64, 3, 7, 7], 0, 1.0);
/// assert_eq!(values[0], 0.018213026225566864);
/// ```
pub fn synthetic_tensor(name: &str, shape: &[usize], seed: u64, factor: f64) -> Vec<f32> {
    let seed = fnv1a64(name.as_bytes()) ^ seed;
    let (scale, centre) = scale_and_centre(name, shape);
    let len: usize = shape.iter().product();
    (0..len)
        .into_par_iter()
        .with_min_len(TOGETHER)
        .map(|i| i as u64)
        .map(|i| ((uniform(seed, i) * scale + centre) * factor) as f32)
        .collect()
}

fn scale_and_centre(name: &str, shape: &[usize]) -> (f64, f64) {
    let fan_in = |dims: &[usize]| dims.iter().product::<usize>() as f64;
    match shape {
        // A uniform distribution in [−√3, √3] has variance 1.
        _ if name == "input" => (1.7320508075688772, 0.0),
        [_, dims @ ..] if dims.len() == 3 => ((6.0 / fan_in(dims)).sqrt(), 0.0),
        [_, dims @ ..] if dims.len() == 1 => ((3.0 / fan_in(dims)).sqrt(), 0.0),
        _ if name.ends_with("running_var") => (0.5, 1.0),
        _ if name.ends_with(".weight") => (0.25, 1.0),
        // The remaining tensors are biases and running means.
        _ => (0.25, 0.0),
    }
}

/// Returns the `i`-th number of the splitmix64 sequence of `seed`: its upper 24 bits, as a fraction
/// in [−1, 1).
fn uniform(seed: u64, i: u64) -> f64 {
    let z = mix(seed.wrapping_add((i + 1).wrapping_mul(STEP)));
    (z >> 40) as f64 / (1u64 << 23) as f64 - 1.0
}

/// Returns the 64-bit FNV-1a hash of `bytes`.
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_scaled_and_nothing_else() {
        let net = Network::preset("preact-resnet18").unwrap();
        let graph = net.graph(32, 32).unwrap();
        let ones = net.synthetic_tensors(&graph, 7, 1.0);
        let halves = net.synthetic_tensors(&graph, 7, 0.5);
        let mut scaled = 0;
        for (one, half) in ones.zip(halves) {
            if one.data != half.data {
                assert!(one.canonical.ends_with("conv2.weight"), "{}", one.canonical);
                assert_eq!(one.data[0] * 0.5, half.data[0]);
                scaled += 1;
            }
        }
        assert_eq!(scaled, net.blocks());
        assert_eq!(Network::preset("plain18").unwrap().residual_scale(), 1.0);
    }

    #[test]
    fn the_timm_head_is_stored_as_a_convolution_and_loaded_as_a_matrix() {
        let mut net = Network::preset("preact-resnet18").unwrap();
        net.naming = Naming::TimmV2;
        let graph = net.graph(32, 32).unwrap();
        let head = net
            .synthetic_tensors(&graph, 0, 1.0)
            .find(|t| t.canonical == HEAD)
            .unwrap();
        assert_eq!(
            (&*head.stored, &*head.shape),
            ("head.fc.weight", &[1000, 512, 1, 1][..])
        );
        let params = net.synthetic_params(&graph, 0);
        assert_eq!(params.get(HEAD).unwrap().shape(), [1000, 512]);
        assert_ne!(net.synthetic_params(&graph, 1).get(HEAD), params.get(HEAD));
    }
}
