//! The cache in the layout of `huggingface_hub`: its paths and its content. This module never
//! writes.
//!
//! ```text
//! models--timm--resnet50.a1_in1k/
//!   blobs/{etag}                    the files, named by their hash
//!   blobs/{etag}.incomplete         the received part of a file
//!   refs/main                       the last known commit of a revision
//!   snapshots/{commit}/model.safetensors -> ../../blobs/{etag}
//!   .no_exist/{commit}/preprocessor_config.json
//! .locks/models--timm--resnet50.a1_in1k/{etag}.lock
//! ```

use std::path::{Path, PathBuf};

use super::ModelId;
use super::files::WEIGHTS;
use super::id::is_commit;

/// The part of the cache that belongs to one repository.
#[derive(Debug, Clone)]
pub(super) struct RepoCache {
    /// The root folder of the whole cache.
    pub root: PathBuf,
    name: String,
}

/// A commit of a repository whose weights are in the cache.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// The commit's hash.
    pub commit: String,
    /// The folder with the commit's files.
    pub folder: PathBuf,
}

impl RepoCache {
    pub fn new(root: &Path, id: &ModelId) -> Self {
        Self {
            root: root.to_owned(),
            name: format!("models--{}", id.repo().replace('/', "--")),
        }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    /// Returns the path of a blob; `ending` is appended to the file name.
    pub fn blob(&self, etag: &str, ending: &str) -> PathBuf {
        self.folder().join("blobs").join(format!("{etag}{ending}"))
    }

    /// Returns the path of the file that a process locks while it downloads a blob.
    pub fn lock(&self, etag: &str) -> PathBuf {
        let locks = self.root.join(".locks").join(&self.name);
        locks.join(format!("{etag}.lock"))
    }

    /// Returns the path of the file that maps a revision to its commit.
    pub fn reference(&self, revision: &str) -> PathBuf {
        self.folder().join("refs").join(revision)
    }

    /// Returns the path of the folder with a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder().join("snapshots").join(commit)
    }

    /// Returns the path of the empty file that marks a file as missing from a commit.
    pub fn absent(&self, commit: &str, file: &str) -> PathBuf {
        self.folder().join(".no_exist").join(commit).join(file)
    }

    /// Returns whether the cache has the file of the commit, or knows that the commit has no such
    /// file.
    pub fn is_known(&self, commit: &str, file: &str) -> bool {
        self.snapshot(commit).join(file).is_file() || self.absent(commit, file).is_file()
    }

    /// Returns the commit that the revision had when it was last fetched, if the commit's weights
    /// are in the cache.
    pub fn find(&self, revision: &str) -> Option<Snapshot> {
        let commit = if is_commit(revision) {
            revision.to_owned()
        } else {
            let text = std::fs::read_to_string(self.reference(revision)).ok()?;
            // Other programs may have written this text, and it becomes part of a path.
            Some(text.trim().to_owned()).filter(|text| is_commit(text))?
        };
        let folder = self.snapshot(&commit);
        // `is_file` follows the link: a deleted blob counts as missing.
        (folder.join(WEIGHTS).is_file()).then_some(Snapshot { commit, folder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_snapshots_and_nowhere_else() {
        let root = tempfile::tempdir().unwrap();
        let id: ModelId = "some/model".parse().unwrap();
        let cache = RepoCache::new(root.path(), &id);
        let commit = "0a".repeat(20);
        let snapshot = cache.snapshot(&commit);
        std::fs::create_dir_all(&snapshot).unwrap();
        std::fs::create_dir_all(cache.reference("main").parent().unwrap()).unwrap();
        let refer = |to: &str| std::fs::write(cache.reference("main"), to).unwrap();

        refer(&commit);
        assert!(cache.find("main").is_none(), "no weights yet");
        std::fs::write(snapshot.join(WEIGHTS), "").unwrap();
        assert_eq!(cache.find("main").unwrap().folder, snapshot);
        assert_eq!(cache.find(&commit).unwrap().commit, commit);
        assert!(cache.find("v2").is_none());
        refer(&format!("../snapshots/{commit}"));
        assert!(cache.find("main").is_none());
    }
}
