//! Access to the goldens, and reconstruction of their weights and inputs.

use std::collections::BTreeMap;
use std::path::Path;

use resnet_wgpu::low_level::graph::{Graph, ZeroChannels};
use resnet_wgpu::low_level::models::{ActivationOrder, Naming, Shortcut};
use resnet_wgpu::low_level::passes::lower;
use resnet_wgpu::low_level::weights::synthetic_tensor;
use resnet_wgpu::{Checkpoint, Hints, Model, Network, Tensor};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// One case of `networks.json` with its network.
pub struct Case {
    pub case: String,
    pub preset: String,
    pub naming: String,
    pub layers: Vec<String>,
    pub state_dict_fnv: String,
    pub network: Network,
    input: Vec<usize>,
    residual_scale: f64,
}

/// All cases and their tensors.
pub struct Goldens {
    pub cases: Vec<Case>,
    tensors: Vec<u8>,
}

impl Goldens {
    pub fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
        let json = std::fs::read_to_string(folder.join("networks.json")).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let cases = json["cases"].as_array().unwrap();
        Self {
            cases: cases.iter().map(Case::new).collect(),
            tensors: std::fs::read(folder.join("networks.safetensors")).unwrap(),
        }
    }

    pub fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|c| c.case == name).unwrap()
    }

    pub fn tensor(&self, name: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.tensors).unwrap();
        let bytes = file.tensor(name).unwrap().data().to_vec();
        let floats = bytes.chunks_exact(4);
        floats
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect()
    }
}

impl Case {
    fn new(json: &serde_json::Value) -> Self {
        let text = |key: &str| json[key].as_str().unwrap().to_owned();
        let list = |key: &str| json[key].as_array().unwrap().clone();
        let mut network = Network::preset(&text("preset")).unwrap();
        network.naming = match text("naming").as_str() {
            "akamaster" | "kuangliu" => Naming::Cifar,
            "huggingface" => Naming::HuggingFace,
            "timm" if network.order == ActivationOrder::Pre => Naming::TimmV2,
            _ => Naming::Torchvision,
        };
        if text("case").ends_with("pad-after") {
            network.shortcut = Shortcut::A(ZeroChannels::After);
        }
        Self {
            case: text("case"),
            preset: text("preset"),
            naming: text("naming"),
            layers: list("layers")
                .iter()
                .map(|l| l.as_str().unwrap().into())
                .collect(),
            state_dict_fnv: text("state_dict_fnv"),
            network,
            input: list("input")
                .iter()
                .map(|d| d.as_u64().unwrap() as usize)
                .collect(),
            residual_scale: json["residual_scale"].as_f64().unwrap(),
        }
    }

    /// Returns the number of images, their height and their width.
    pub fn input(&self) -> (usize, usize, usize) {
        (self.input[0], self.input[2], self.input[3])
    }

    pub fn graph(&self) -> Graph {
        let (_, h, w) = self.input();
        self.network.graph(h, w).unwrap()
    }

    pub fn images(&self) -> Tensor {
        let (n, h, w) = self.input();
        seeded_images(n, h, w)
    }

    /// Returns hints for the properties that do not follow from shapes, and for nothing else.
    fn hints(&self) -> Hints {
        let plain = self.preset.starts_with("plain");
        let v1 = self.preset.ends_with("-v1");
        Hints {
            preset: (plain || v1).then(|| Network::preset(&self.preset).unwrap()),
            zero_channels: match self.network.shortcut {
                Shortcut::A(ZeroChannels::After) => Some(ZeroChannels::After),
                _ => None,
            },
            eps: None,
        }
    }

    /// Loads the case's weights through a checkpoint in PyTorch's own names.
    pub fn model(&self) -> Model {
        let checkpoint = self.checkpoint();
        let model = Model::load(&checkpoint, &self.hints()).unwrap();
        let mut expected = self.network.clone();
        // Recognition takes the name of the equal preset, independent of the zero channels.
        expected.name = model.network().name.clone();
        assert_eq!(model.network(), &expected, "{}", self.case);
        model
    }

    fn checkpoint(&self) -> Checkpoint {
        let graph = self.graph();
        let tensors = (self.network).synthetic_tensors(&graph, 0, self.residual_scale);
        checkpoint(&self.case, tensors.map(|t| (t.stored, t.shape, t.data)))
    }

    /// Returns a checkpoint of the weights with batch norm folded into the convolutions, as tools
    /// that prepare networks for inference write it.
    pub fn folded_checkpoint(&self) -> Checkpoint {
        let lowered = lower(&self.graph(), self.model().params(), &[]).unwrap();
        let tensors = lowered.params.iter().map(|(name, t)| {
            let stored = self.network.checkpoint_name(name);
            (stored, t.shape().to_vec(), t.own().unwrap().into_data())
        });
        checkpoint(&self.case, tensors)
    }
}

/// Returns a checkpoint in memory with the given names, shapes and values.
fn checkpoint(
    name: &str,
    tensors: impl Iterator<Item = (String, Vec<usize>, Vec<f32>)>,
) -> Checkpoint {
    let tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = tensors
        .map(|(name, shape, data)| {
            let bytes = data.iter().flat_map(|v| v.to_le_bytes()).collect();
            (name, (shape, bytes))
        })
        .collect();
    let views = tensors.iter().map(|(name, (shape, bytes))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name, view)
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    Checkpoint::from_bytes(name, bytes).unwrap()
}

/// Returns the goldens' input, `[N, H, W, 3]`.
pub fn seeded_images(n: usize, h: usize, w: usize) -> Tensor {
    let shape = [n, 3, h, w];
    let data = synthetic_tensor("input", &shape, 0, 1.0);
    Tensor::new(shape, data).unwrap().nchw_to_nhwc()
}
