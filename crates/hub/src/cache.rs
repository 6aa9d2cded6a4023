//! The cache in `huggingface_hub`'s layout: where things are, and what is
//! there. Nothing here writes.
//!
//! ```text
//! models--timm--resnet50.a1_in1k/
//!   blobs/{etag}                    the files, named by their hash
//!   blobs/{etag}.incomplete         what has been received of one
//!   refs/main                       the commit that a revision was last
//!   snapshots/{commit}/model.safetensors -> ../../blobs/{etag}
//!   .no_exist/{commit}/preprocessor_config.json
//! .locks/models--timm--resnet50.a1_in1k/{etag}.lock
//! ```

use std::path::{Path, PathBuf};

use super::ModelId;
use super::files::WEIGHTS;
use super::id::is_commit;

/// One repository's part of the cache.
#[derive(Debug, Clone)]
pub(super) struct RepoCache {
    /// The whole cache.
    pub root: PathBuf,
    name: String,
}

/// A commit of a repository whose weights are in the cache.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// The commit's hash.
    pub commit: String,
    /// The folder with its files.
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

    /// A blob, or one with an ending behind its name.
    pub fn blob(&self, etag: &str, ending: &str) -> PathBuf {
        self.folder().join("blobs").join(format!("{etag}{ending}"))
    }

    /// The file that processes lock which receive a blob.
    pub fn lock(&self, etag: &str) -> PathBuf {
        let locks = self.root.join(".locks").join(&self.name);
        locks.join(format!("{etag}.lock"))
    }

    /// The file that says which commit a revision is.
    pub fn reference(&self, revision: &str) -> PathBuf {
        self.folder().join("refs").join(revision)
    }

    /// The folder with a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder().join("snapshots").join(commit)
    }

    /// The empty file that says that a commit has no such file.
    pub fn absent(&self, commit: &str, file: &str) -> PathBuf {
        self.folder().join(".no_exist").join(commit).join(file)
    }

    /// Whether it is known if a commit has that file, and it is here if so.
    pub fn settled(&self, commit: &str, file: &str) -> bool {
        self.snapshot(commit).join(file).is_file() || self.absent(commit, file).is_file()
    }

    /// The commit that the revision was when it was last fetched, if its
    /// weights are here.
    pub fn find(&self, revision: &str) -> Option<Snapshot> {
        let commit = if is_commit(revision) {
            revision.to_owned()
        } else {
            let text = std::fs::read_to_string(self.reference(revision)).ok()?;
            // What others wrote there becomes part of a path.
            Some(text.trim().to_owned()).filter(|text| is_commit(text))?
        };
        let folder = self.snapshot(&commit);
        // Through the link: a blob that is gone is not there.
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
