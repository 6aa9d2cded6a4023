//! Seeded weights for a network without a checkpoint.
//!
//! Each value is a hash of its tensor's name and its place in it, so that
//! another program (`tests/goldens/make_networks.py` is one) computes the
//! same weights, and goldens need to store none. All arithmetic is f64 up to
//! the last step.

use rayon::prelude::*;

use crate::graph::Graph;
use crate::mix::{STEP, mix};
use crate::models::{ActivationOrder, Block, Naming, Network, Norm, Shortcut};
use crate::tensor::{Param, Params, Source, Tensor, TensorError};

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
    /// torchvision's name, as in the graph.
    pub canonical: String,
    /// The name in a checkpoint of the network's naming; the hash is of this.
    pub stored: String,
    /// The shape in such a checkpoint: as in the graph, but for the 1×1
    /// convolution that is the head of timm's `resnetv2`.
    pub shape: Vec<usize>,
    /// The values in row-major order.
    pub data: Vec<f32>,
}

impl Network {
    /// Weights for `graph` (of this network) from a seed, under canonical
    /// names, each computed when it is wanted: uniform, after He's
    /// initialisation, with batch norm statistics that are not trivial and
    /// residual branches scaled by [`residual_scale`](Network::residual_scale).
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

    /// `1/√blocks`: a sum of n branches of variance 1 would grow with n, and
    /// this keeps it level. 1 for a network without shortcuts.
    pub fn residual_scale(&self) -> f64 {
        match self.shortcut {
            Shortcut::None => 1.0,
            _ => 1.0 / (self.blocks().max(1) as f64).sqrt(),
        }
    }

    /// The tensors of `graph` (of this network) one by one, as a checkpoint
    /// would store them. The last factor of each residual branch (γ of its
    /// last batch norm; the weight of its last convolution where no batch
    /// norm follows that) is multiplied by `residual_scale`.
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
    ) -> impl Iterator<Item = (String, Seeded)> + use<'a> {
        let last = self.last_of_branch();
        graph.params().into_iter().map(move |spec| {
            let in_branch = spec.name.starts_with("layer") && spec.name.ends_with(last);
            let seeded = Seeded {
                stored: self.checkpoint_name(&spec.name),
                stored_shape: self.stored_shape(&spec.name, spec.shape.clone()),
                shape: spec.shape,
                seed,
                factor: if in_branch { residual_scale } else { 1.0 },
            };
            (spec.name, seeded)
        })
    }

    /// Hash of the names and shapes of this network's checkpoint, in
    /// hexadecimal: FNV-1a over the lines `name d0,d1,…`, sorted by name.
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
            // No branches; no name ends so.
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

/// A tensor that is computed when it is wanted.
#[derive(Debug)]
struct Seeded {
    stored: String,
    stored_shape: Vec<usize>,
    shape: Vec<usize>,
    seed: u64,
    factor: f64,
}

impl Seeded {
    fn data(&self) -> Vec<f32> {
        synthetic_tensor(&self.stored, &self.stored_shape, self.seed, self.factor)
    }
}

impl Source for Seeded {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn read(&self) -> Result<Tensor, TensorError> {
        Tensor::new(self.shape.clone(), self.data())
            .ok_or_else(|| TensorError::new(&self.stored, "expected a shape that memory holds"))
    }
}

/// Values that one thread computes at a time, at least.
const TOGETHER: usize = 1 << 14;

/// The seeded values of one tensor, in row-major order: uniform, their spread
/// and mean after the name's last part and the shape (`input`: variance 1),
/// all multiplied by `factor`.
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
        // √3: uniform in [−√3, √3] has variance 1.
        _ if name == "input" => (1.7320508075688772, 0.0),
        [_, dims @ ..] if dims.len() == 3 => ((6.0 / fan_in(dims)).sqrt(), 0.0),
        [_, dims @ ..] if dims.len() == 1 => ((3.0 / fan_in(dims)).sqrt(), 0.0),
        _ if name.ends_with("running_var") => (0.5, 1.0),
        _ if name.ends_with(".weight") => (0.25, 1.0),
        // Biases and running means.
        _ => (0.25, 0.0),
    }
}

/// The `i`-th number of the splitmix64 sequence of `seed`, its upper 24 bits
/// as a fraction in [−1, 1).
fn uniform(seed: u64, i: u64) -> f64 {
    let z = mix(seed.wrapping_add((i + 1).wrapping_mul(STEP)));
    (z >> 40) as f64 / (1u64 << 23) as f64 - 1.0
}

/// FNV-1a, 64 bits.
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
