//! The search for the nearest rows in a sequence of rows.

use std::path::PathBuf;

/// A picture that is similar to the query.
///
/// ```
/// use resnet_wgpu::low_level::features::{Features, Neighbour};
///
/// # use resnet_wgpu::low_level::features::{FeaturesProvenance, FeaturesWriter};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("pictures.safetensors");
/// # let model = resnet_wgpu::Model::embedded()?;
/// # let preprocess = model.preprocess(&Default::default())?;
/// # let provenance = FeaturesProvenance::new(&model, "avgpool", &preprocess)?;
/// # let mut writer = FeaturesWriter::create(&path, provenance, &[2], 2)?;
/// # writer.add("cat.png", &[1.0, 0.0])?;
/// # writer.add("dog.png", &[0.0, 1.0])?;
/// # writer.finish()?;
/// // The features of cat.png are [1, 0], those of dog.png [0, 1].
/// let neighbours: Vec<Neighbour> = Features::open(&path)?.neighbours(&[3.0, 0.0], 2)?;
/// assert_eq!(neighbours[0].path.to_str(), Some("cat.png"));
/// assert_eq!((neighbours[0].similarity, neighbours[1].similarity), (1.0, 0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// The path of the picture, as passed to the writer.
    pub path: PathBuf,
    /// The cosine of the angle between the two features. It is 1 for the same direction and 0 for a
    /// right angle.
    pub similarity: f32,
    /// The row of the picture in the file.
    pub row: usize,
}

/// The `k` best rows so far.
pub(super) struct Neighbours {
    query: Vec<f32>,
    k: usize,
    /// Similarities and rows, best first.
    best: Vec<(f32, usize)>,
}

impl Neighbours {
    pub fn new(query: &[f32], k: usize) -> Self {
        let mut query = query.to_vec();
        normalize(&mut query);
        Self {
            query,
            k,
            best: vec![],
        }
    }

    pub fn add(&mut self, row: usize, values: &[f32]) {
        let dot = sum(self.query.iter().zip(values).map(|(a, b)| a * b));
        let length = sum(values.iter().map(|v| v * v)).sqrt();
        let similarity = (dot / length) as f32;
        if !similarity.is_finite() {
            return;
        }
        let at = self.best.partition_point(|&(best, _)| best >= similarity);
        if at < self.k {
            self.best.truncate(self.k - 1);
            self.best.insert(at, (similarity, row));
        }
    }

    pub fn into_best(self) -> Vec<(f32, usize)> {
        self.best
    }
}

/// Divides features by their Euclidean length (`torch.nn.functional.normalize`). Zeros stay zeros.
pub fn normalize(values: &mut [f32]) {
    let length = sum(values.iter().map(|v| v * v)).sqrt().max(1e-12);
    for value in values {
        *value = (f64::from(*value) / length) as f32;
    }
}

/// Sums in f64, because the sum has thousands of terms.
fn sum(values: impl Iterator<Item = f32>) -> f64 {
    values.map(f64::from).sum()
}
