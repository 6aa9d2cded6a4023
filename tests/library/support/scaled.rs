//! A network whose values exceed the range of f16.

use resnet_wgpu::low_level::graph::ParamSpec;
use resnet_wgpu::{Checkpoint, Hints, Model};
use safetensors::tensor::{Dtype, TensorView};

/// Returns the embedded network with the weights of some tensors scaled.
pub fn scaled(factors: &[(&str, f32)]) -> Model {
    let model = Model::embedded().unwrap();
    let graph = model.graph(32, 32).unwrap();
    let tensors = graph
        .params()
        .into_iter()
        .map(|ParamSpec { name, shape, .. }| {
            let tensor = model.params().get(&name).unwrap();
            let factor = factors.iter().find(|f| f.0 == name).map_or(1.0, |f| f.1);
            let bytes = tensor
                .data()
                .iter()
                .flat_map(|v| (v * factor).to_le_bytes());
            let stored = model.network().checkpoint_name(&name);
            (stored, shape, bytes.collect::<Vec<u8>>())
        });
    let tensors: Vec<_> = tensors.collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name, view)
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    Model::load(
        &Checkpoint::from_bytes("scaled", bytes).unwrap(),
        &Hints::default(),
    )
    .unwrap()
}
