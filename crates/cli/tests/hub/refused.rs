//! Tests of requests that the hub refuses, and of hub responses that the program refuses. Each
//! error names a remedy.

use crate::server::{File, Server, State, commit};
use crate::support::{MODEL, User, contains, hub, hub_with};

#[test]
fn missing_repositories_revisions_and_weights() {
    let server = hub();
    server.state().commits.push((
        "some/pickle",
        commit('c'),
        vec![
            File::small("config.json", "{}"),
            File::large("pytorch_model.bin", "x"),
        ],
    ));
    server
        .state()
        .revisions
        .push(("some/pickle", "main", commit('c')));
    let user = User::new(&server);
    for (name, says) in [
        (
            "no/such",
            &[
                "no/such",
                "no such repository",
                "check the name",
                "HF_TOKEN",
            ][..],
        ),
        (
            "some/resnet20@v9",
            &["some/resnet20@v9", "no revision `v9`", "/commits/main"],
        ),
        (
            "some/pickle",
            &["no model.safetensors", "pytorch_model.bin", "convert"],
        ),
    ] {
        contains(&user.resnet(&["fetch", name]).error(1), says);
        let error = user.resnet(&["classify", "photos/chelsea.png", "--model", name]);
        contains(&error.error(1), says);
    }
    let absent = format!(
        "hub/models--some--pickle/.no_exist/{}/model.safetensors",
        commit('c')
    );
    assert_eq!(user.files(), [absent]);
}

#[test]
fn requests_without_access() {
    for (refusal, says) in [
        ((401, "RepoNotFound"), &["private", "HF_TOKEN"][..]),
        (
            (401, ""),
            &["refuses access (HTTP 401)", "HF_TOKEN", "/settings/tokens"],
        ),
        ((403, ""), &["refuses access (HTTP 403)", "HF_TOKEN"]),
        (
            (403, "GatedRepo"),
            &["agree to its terms at", MODEL, "HF_TOKEN"],
        ),
        ((410, "Gone"), &["HTTP 410", "HF_ENDPOINT"]),
    ] {
        let refusal = Some(refusal);
        let server = hub_with(State {
            refusal,
            ..State::default()
        });
        let user = User::new(&server);
        let error = user.fetch().error(1);
        contains(&error, says);
        contains(&error, &[MODEL.split('/').next().unwrap()]);
        assert_eq!(user.files(), [""; 0]);
        assert_eq!(server.take_requests().len(), 1);
    }
}

#[test]
fn files_that_are_too_large() {
    let server = hub_with(State {
        announced_size: Some(5 << 30),
        ..State::default()
    });
    let error = User::new(&server).fetch().error(1);
    contains(
        &error,
        &["at most 4294967296 bytes", "5368709120", "another model"],
    );
    assert!(!server.take_requests().iter().any(|request| request.cdn));
}

#[test]
fn addresses_without_a_hub() {
    // This address answers every request with a web page.
    let server = Server::start(State::default());
    let user = User::with_endpoint(server.endpoint() + "/pages");
    contains(&user.fetch().error(1), &["X-Repo-Commit", "HF_ENDPOINT"]);
    for (variable, value) in [("HF_ENDPOINT", "localhost"), ("HF_TOKEN", "hf two")] {
        let error = user
            .resnet_with((variable, value), &["fetch", MODEL])
            .error(1);
        contains(&error, &[variable, "expected"]);
        assert!(!error.contains("hf two"), "{error}");
    }
}

#[test]
fn a_hub_that_would_lead_out_of_the_cache() {
    let a = commit('a');
    let etag = "0".repeat(64);
    for forged in [
        ("../../../x", &*etag.leak()),
        ("main", "0"),
        (&*a.leak(), "../../x"),
        ("0000000000000000000000000000000000000000", ".."),
    ] {
        let forged = Some(forged);
        let state = State {
            forged,
            ..State::default()
        };
        let server = hub_with(state);
        let user = User::new(&server);
        contains(&user.fetch().error(1), &["expected", "HF_ENDPOINT"]);
        assert_eq!(user.files(), [""; 0]);
    }
}
