//! Tests of servers between the hub and the program, and of using a cached copy if they fail.

use std::fs;

use crate::server::{File, State, commit};
use crate::support::{MODEL, User, contains, hub, hub_with, weights};

#[test]
fn storage_that_is_out_of_reach_is_not_the_hub() {
    for status in [401, 403, 404, 451] {
        let server = hub_with(State {
            cdn_status: Some(status),
            ..State::default()
        });
        let error = User::new(&server).fetch().error(1);
        let blob = server
            .take_requests()
            .into_iter()
            .find(|request| request.cdn)
            .unwrap();
        let blob = blob.path.split('?').next().unwrap().to_owned();
        let found = format!("{blob}: expected the file that {}", server.endpoint());
        contains(
            &error,
            &[
                &found,
                &format!("found HTTP {status}"),
                "proxies",
                "HTTPS_PROXY",
            ],
        );
        for wrong in ["HF_TOKEN", "no such repository", "signature"] {
            assert!(!error.contains(wrong), "{error}");
        }
    }
}

#[test]
fn a_portal_that_everyone_is_sent_to_is_named() {
    for (status, says) in [(Some(404), "found HTTP 404"), (Some(200), "X-Repo-Commit")] {
        let server = hub_with(State {
            cdn_status: status,
            captive_portal: true,
            ..State::default()
        });
        let user = User::new(&server);
        let error = user.fetch().error(1);
        contains(&error, &["error: http://127.0.0.1:", "/login: ", says]);
        assert!(!error.contains("secret") && !error.contains("from=hub"));
        assert_eq!(user.files(), [""; 0]);
    }
    // For a pinned model, no file is recorded as absent.
    let server = hub();
    let user = User::new(&server);
    let pinned = format!("{MODEL}@{}", commit('a'));
    user.resnet(&["fetch", &pinned]).ok();
    let marks = user.cached(".no_exist");
    fs::remove_dir_all(&marks).unwrap();
    server.state().cdn_status = Some(404);
    server.state().captive_portal = true;
    let output = user.resnet(&["fetch", &pinned]);
    contains(
        &output.stderr,
        &["/login", "preprocessor_config.json", "did not report"],
    );
    output.ok();
    assert!(!marks.exists());
}

#[test]
fn a_cached_copy_is_used_if_the_hub_refuses() {
    let server = hub();
    let user = User::new(&server);
    let path = user.fetch().ok();
    let files = user.files();
    for (refusal, says) in [
        ((401, "RepoNotFound"), "no such repository"),
        ((404, "RepoNotFound"), "no such repository"),
        ((404, ""), "no such repository"),
        ((404, "RevisionNotFound"), "no revision `main`"),
        ((401, ""), "refuses access (HTTP 401); set HF_TOKEN"),
        ((403, ""), "refuses access (HTTP 403); set HF_TOKEN"),
        ((403, "GatedRepo"), "agree to its terms"),
        ((410, "Gone"), "HTTP 410"),
    ] {
        server.state().refusal = Some(refusal);
        let output = user.fetch();
        let hub = server.endpoint();
        let note =
            format!("note: {MODEL}: from the cache, commit aaaaaaa, because {hub} refused (");
        contains(&output.stderr, &[&note, "a newer commit may exist", says]);
        assert_eq!(output.ok(), path, "{refusal:?}");
    }
    server.state().refusal = None;

    // The hub's address serves a web page, as a network's login portal does.
    let pages = server.endpoint() + "/pages";
    let output = user.resnet_with(("HF_ENDPOINT", &pages), &["fetch", MODEL]);
    contains(
        &output.stderr,
        &["X-Repo-Commit", "a newer commit may exist"],
    );
    assert_eq!(output.ok(), path);
    server.state().captive_portal = true;
    assert_eq!(user.fetch().says("/login"), path);
    let args = ["summary", "--model", MODEL];
    let summary = user.resnet(&args).says("a newer commit may exist");
    assert!(summary.contains("resnet20"), "{summary}");
    assert_eq!(user.files(), files);
    assert_eq!(fs::read(path.trim_end()).unwrap(), weights());
}

#[test]
fn a_cached_copy_is_used_if_a_newer_one_is_unreachable() {
    let server = hub();
    let user = User::new(&server);
    let path = user.fetch().ok();
    let newer = vec![File::large("model.safetensors", "x")];
    server.state().commits.push((MODEL, commit('b'), newer));
    server.state().revisions[0].2 = commit('b');
    server.state().cdn_status = Some(403);
    assert_eq!(user.fetch().says("found HTTP 403"), path);
    // The revision now names a commit without weights, so the cached copy does not apply.
    server.state().commits[1].2.clear();
    contains(&user.fetch().error(1), &["no model.safetensors"]);
    assert_eq!(
        fs::read_to_string(user.cached("refs/main")).unwrap(),
        commit('a')
    );
}
