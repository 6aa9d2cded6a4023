//! Classifies several photos at once as tasks, on an executor without any knowledge of GPUs. No
//! code polls the device, and no thread waits for it.
//!
//!     cargo run --release --example async -- photos/*.png

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use resnet_wgpu::{
    Classifier, ClassifierOptions, DeviceSelector, Error, Gpu, Loading, ModelSource, decode_file,
};

fn main() -> Result<(), Error> {
    let mut photos: Vec<String> = std::env::args().skip(1).collect();
    if photos.is_empty() {
        photos = ["chelsea.png", "coffee.png", "rocket.jpg"]
            .map(|name| format!("photos/{name}"))
            .into();
    }
    // Any executor works; this one runs a task on the main thread.
    pollster::block_on(run(&photos))
}

async fn run(photos: &[String]) -> Result<(), Error> {
    let gpu = Gpu::new_async(DeviceSelector::Auto).await?;
    let options = ClassifierOptions {
        in_flight: 2,
        ..Default::default()
    };
    // The classifier is loaded on a thread of its own and awaited here.
    let classifier = Loading::start(&gpu, ModelSource::Embedded, options)?.await?;
    for line in all(photos.iter().map(|photo| label(&classifier, photo))).await {
        println!("{}", line?);
    }
    Ok(())
}

async fn label(classifier: &Classifier, photo: &str) -> Result<String, Error> {
    let picture = decode_file(photo, &Default::default())?;
    let best = classifier.classify_async(&picture, 1).await?;
    let percent = 100.0 * best[0].probability;
    Ok(format!("{percent:5.1} %  {:<10}  {photo}", best[0].label))
}

/// Returns the outcomes of all futures, which run concurrently. This is a small version of
/// `join_all` of the crate `futures`.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut tasks: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut outcomes: Vec<Option<F::Output>> = tasks.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (task, outcome) in tasks.iter_mut().zip(&mut outcomes) {
            if outcome.is_none()
                && let Poll::Ready(done) = task.as_mut().poll(context)
            {
                *outcome = Some(done);
            }
        }
        if outcomes.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    outcomes.into_iter().flatten().collect()
}
