//! Tests of revisions. A commit means exactly that commit, and a pull request has its own weights.

use std::fs;

use crate::server::{File, Server, State, commit};
use crate::support::{MODEL, User, contains, hub, weights};

#[test]
fn a_commit_is_that_commit() {
    let server = hub();
    let user = User::new(&server);
    let (a, b) = (commit('a'), commit('b'));
    // The hub returns another commit than requested, for the weights or for a configuration.
    // Configurations are always requested by commit.
    for (file, name) in [
        ("model.safetensors", format!("{MODEL}@{a}")),
        ("config.json", format!("{MODEL}@{a}")),
        ("config.json", MODEL.to_owned()),
        ("preprocessor_config.json", MODEL.to_owned()),
    ] {
        server.state().wrong_commit = Some((file, b.clone()));
        let error = user.resnet(&["fetch", &name]).error(1);
        let says = [file, &format!("expected {a}"), &format!("found {b}")];
        contains(&error, &says);
        let files = user.files();
        assert!(!files.iter().any(|f| f.contains(&b)), "{files:?}");
        assert!(!files.iter().any(|f| f.ends_with(".safetensors")));
    }
    server.state().wrong_commit = None;
    user.resnet(&["fetch", &format!("{MODEL}@{a}")]).ok();
    // Only branches are recorded under `refs`.
    assert!(!user.cached("refs").exists());
}

/// Some models, such as microsoft/resnet-101, have readable weights only in a pull request.
#[test]
fn weights_of_a_pull_request() {
    let server = Server::start(State::default());
    let repo = "microsoft/resnet-101";
    let of_pr = "refs/pr/2";
    let pickle = File::large("pytorch_model.bin", "x");
    let config = File::small("config.json", "{}\n");
    let main = vec![pickle.clone(), config.clone()];
    let pr = vec![pickle, config, File::large("model.safetensors", weights())];
    {
        let mut state = server.state();
        state.commits.push((repo, commit('c'), main));
        state.commits.push((repo, commit('d'), pr));
        state.revisions.push((repo, "main", commit('c')));
        state.revisions.push((repo, of_pr, commit('d')));
    }
    let user = User::new(&server);
    let error = user.resnet(&["fetch", repo]).error(1);
    contains(&error, &["no model.safetensors", "@refs/pr/"]);
    server.take_requests();
    let name = format!("{repo}@{of_pr}");
    let path = user.resnet(&["fetch", &name]).ok();
    let expected_path = format!("/{repo}/resolve/refs%2Fpr%2F2/model.safetensors");
    assert_eq!(server.take_requests()[0].path, expected_path);

    let folder = user.home().join("hub/models--microsoft--resnet-101");
    let reference = fs::read_to_string(folder.join("refs/refs/pr/2")).unwrap();
    assert_eq!(reference, commit('d'));
    let snapshot = folder.join("snapshots").join(commit('d'));
    let place = snapshot.join("model.safetensors");
    assert_eq!(path.trim_end(), place.to_str().unwrap());
    assert_eq!(fs::read(place).unwrap(), weights());

    let offline = ("HF_HUB_OFFLINE", "1");
    assert_eq!(user.resnet_with(offline, &["fetch", &name]).ok(), path);
    let json = user.resnet(&["fetch", "--json", &name]).ok();
    let line: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&line["repository"], &line["revision"]),
        (&repo.into(), &of_pr.into())
    );
    let summary = user.resnet(&["summary", "--model", &name]).ok();
    assert!(summary.contains("resnet20"), "{summary}");
}
