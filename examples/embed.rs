//! Classifies a file and prints its labels, which is all that most applications need.
//!
//!     cargo run --release --example embed -- photos/chelsea.png [model.safetensors]

use resnet_wgpu::{Classifier, Device, Error, Model};

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip(1);
    let photo = args.next().unwrap_or("photos/chelsea.png".into());
    let classifier = match args.next() {
        Some(checkpoint) => Classifier::open(checkpoint)?,
        // ResNet-20 with the ten classes of CIFAR-10
        None => Classifier::new(Device::auto()?, &Model::embedded()?, &Default::default())?,
    };
    for best in classifier.classify(&photo, 3)? {
        println!("{:5.1} %  {}", 100.0 * best.probability, best.label);
    }
    Ok(())
}
