//! Tests with many threads on one classifier, and with many inferences in a row.

use resnet_wgpu::low_level::preprocess::RgbImage;
use resnet_wgpu::{Gpu, Model, Scores};

use super::common::{alone, classifier, own_gpu, photos};

/// Returns the bytes of memory that the process occupies, or 0 if the system does not report them.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok());
    4096 * pages.unwrap_or(0)
}

/// Returns the bytes that wgpu has allocated on the device.
fn allocated(gpu: &Gpu) -> u64 {
    let report = gpu.device().generate_allocator_report();
    report.map_or(0, |r| r.total_allocated_bytes)
}

#[test]
fn eight_threads_share_a_classifier() {
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    // The classifier has fewer in-flight frames than threads, so the threads wait for each other.
    let classifier = classifier(&gpu, &model, 3);
    let photos = photos();
    let expected: Vec<Scores> = photos
        .iter()
        .map(|(_, p)| classifier.score(p).unwrap())
        .collect();
    // The process's other tests run at the same time, so memory of the device is measured and not
    // that of the process.
    let device = allocated(&gpu);
    let crops: Vec<RgbImage> = (photos.iter())
        .map(|(_, photo)| classifier.preprocess().crop_image(photo).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (classifier, expected, crops) = (classifier.clone(), &expected, &crops);
            scope.spawn(move || {
                for i in 0..200 {
                    let which = (i * 3 + thread) % crops.len();
                    let found = classifier.score(&crops[which]).unwrap();
                    assert_eq!(found, expected[which], "thread {thread}, run {i}");
                }
            });
        }
    });
    assert_eq!(classifier.session().in_flight(), 0);
    assert!(allocated(&gpu) <= device + (1 << 20));
}

/// Checks that memory stays constant over 1,000 runs; `RESNET_WGPU_MANY=10000` sets another number.
/// The test runs in a process of its own, because other tests allocate as well.
#[test]
fn memory_stays_flat() {
    let Some(()) = alone("embedding::threads::memory_stays_flat") else {
        return;
    };
    let many = std::env::var("RESNET_WGPU_MANY")
        .ok()
        .and_then(|n| n.parse().ok());
    let many: usize = many.unwrap_or(1000);
    let gpu = own_gpu();
    let model = Model::embedded().unwrap();
    let classifier = classifier(&gpu, &model, 1);
    let crop = RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, 99]));
    let expected = classifier.score(&crop).unwrap();
    let mut seen = vec![];
    for i in 0..many {
        assert_eq!(classifier.score(&crop).unwrap(), expected, "run {i}");
        if i % (many / 10).max(1) == 0 {
            seen.push((i, resident() >> 10, allocated(&gpu)));
        }
    }
    eprintln!("run, KiB of the process, bytes of the device: {seen:?}");
    let device = seen.iter().map(|s| s.2);
    assert_eq!(device.clone().min(), device.max(), "{seen:?}");
    let (first, last) = (seen[1].1, seen[seen.len() - 1].1);
    assert!(last < first + (1 << 10), "{seen:?}");
}
