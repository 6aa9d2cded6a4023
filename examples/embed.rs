//! A file in, labels out: the whole of what most applications need.
//!
//!     cargo run --release --example embed -- photos/chelsea.png [model.safetensors]

use resnet_wgpu::{Checkpoint, Classifier, DeviceSelector, Gpu, Hints, Model, decode_file};

fn main() -> Result<(), resnet_wgpu::Error> {
    let mut args = std::env::args().skip(1);
    let photo = args.next().unwrap_or("photos/chelsea.png".into());
    let model = match args.next() {
        Some(file) => Model::load(&Checkpoint::from_file(file)?, &Hints::default())?,
        None => Model::embedded()?, // ResNet-20: ten classes of CIFAR-10
    };
    let gpu = Gpu::new(DeviceSelector::Auto)?;
    let classifier = Classifier::new(&gpu, &model, &Default::default())?;
    let photo = decode_file(photo, &Default::default())?;
    for best in classifier.classify(&photo, 3)? {
        println!("{:5.1} %  {}", 100.0 * best.probability, best.label);
    }
    Ok(())
}
