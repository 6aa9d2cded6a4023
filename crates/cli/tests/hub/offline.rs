//! Tests without a network, and of the offline mode.

use std::fs;

use crate::server::{File, commit};
use crate::support::{MODEL, User, closed, contains, finished, hub, weights};

const OFFLINE: (&str, &str) = ("HF_HUB_OFFLINE", "1");

#[test]
fn offline_no_request_is_sent() {
    let server = hub();
    let user = User::new(&server);
    let error = user.resnet_with(OFFLINE, &["fetch", MODEL]).error(1);
    let cache = user.home().join("hub");
    contains(
        &error,
        &[MODEL, "HF_HUB_OFFLINE", cache.to_str().unwrap(), "HF_HOME"],
    );
    assert_eq!(server.take_requests().len(), 0);

    let path = user.fetch().ok();
    server.take_requests();
    for variable in [OFFLINE, ("TRANSFORMERS_OFFLINE", "yes")] {
        let cached = user.resnet_with(variable, &["fetch", MODEL]);
        assert_eq!(cached.says("from the cache, offline"), path);
    }
    let pinned = format!("{MODEL}@{}", commit('a'));
    assert_eq!(user.resnet_with(OFFLINE, &["fetch", &pinned]).ok(), path);
    let other = user.resnet_with(OFFLINE, &["fetch", "some/resnet20@v1"]);
    contains(&other.error(1), &["some/resnet20@v1"]);
    assert_eq!(server.take_requests().len(), 0);
}

#[test]
fn without_a_network_the_cache_is_used() {
    let user = User::without_network();
    let error = user.fetch().error(1);
    contains(
        &error,
        &[
            MODEL,
            "cannot be reached",
            "127.0.0.1",
            "HTTPS_PROXY",
            "--weights",
        ],
    );
    assert_eq!(user.files(), [""; 0]);

    let server = hub();
    let user = User::new(&server);
    let path = user.fetch().ok();
    let gone = user.resnet_with(("HF_ENDPOINT", &closed()), &["fetch", MODEL]);
    assert_eq!(gone.says("a newer commit may exist"), path);
    // This host name does not resolve.
    let unknown = ("HF_ENDPOINT", "http://hub.invalid");
    assert_eq!(
        user.resnet_with(unknown, &["fetch", MODEL])
            .says("cannot be reached"),
        path
    );
    // The hub answers, but is always busy.
    server.state().busy = usize::MAX;
    assert_eq!(user.fetch().says("HTTP 503"), path);
}

/// Writes a cache as `huggingface_hub` leaves it after fetching the weights alone.
fn laid_out_by_hand(user: &User, model: &str) {
    let folder = user
        .home()
        .join("hub")
        .join(format!("models--{}", model.replace('/', "--")));
    let a = commit('a');
    let etag = File::large("", weights()).etag();
    let snapshot = folder.join("snapshots").join(&a);
    for made in [&folder.join("blobs"), &folder.join("refs"), &snapshot] {
        fs::create_dir_all(made).unwrap();
    }
    fs::write(folder.join("blobs").join(&etag), weights()).unwrap();
    fs::write(folder.join("refs/main"), &a).unwrap();
    let place = snapshot.join("model.safetensors");
    #[cfg(unix)]
    std::os::unix::fs::symlink(format!("../../blobs/{etag}"), place).unwrap();
    #[cfg(not(unix))]
    fs::copy(folder.join("blobs").join(&etag), place).unwrap();
}

#[test]
fn a_cache_that_huggingface_hub_made_is_found() {
    let user = User::without_network();
    laid_out_by_hand(&user, MODEL);
    let classify = ["classify", "photos/chelsea.png", "--device", "cpu"];
    let expected = user.resnet(&classify).ok();
    let args = [&classify[..], &["--model", MODEL]].concat();
    let output = user.resnet_with(OFFLINE, &args);
    contains(&output.stderr, &["config.json", "the hub was not asked"]);
    assert_eq!(output.ok(), expected);
    // HF_HUB_CACHE has priority over HF_HOME.
    let mut command = user.command(&args);
    let cache = user.home().join("hub");
    command
        .env("HF_HUB_CACHE", cache)
        .env("HF_HOME", "/nowhere");
    assert_eq!(finished(command.output().unwrap()).ok(), expected);
}

#[test]
fn models_lists_known_and_cached_weights() {
    let user = User::without_network();
    let cached = "timm/resnet18.tv_in1k";
    laid_out_by_hand(&user, cached);
    let report: serde_json::Value =
        serde_json::from_str(&user.resnet(&["models", "--json"]).ok()).unwrap();
    let models = report["models"].as_array().unwrap();
    let of = |key: &str, value: &str| models.iter().find(|m| m[key] == value).unwrap();
    let here = of("weights", cached);
    assert_eq!(here["cached"]["commit"], commit('a'));
    assert_eq!(here["cached"]["bytes"], weights().len());
    assert_eq!(
        (&here["preset"], &here["pretrained"]),
        (&"resnet18".into(), &true.into())
    );
    assert_eq!(here["licence"], "bsd-3-clause");
    assert_eq!(here["top1"]["percent"], 69.758);
    assert!(of("preset", "resnet50")["cached"].is_null());
    assert!(of("preset", "plain18")["weights"].is_null());
    assert_eq!(of("preset", "resnet20")["weights"], "embedded");

    let table = user.resnet(&["models"]).ok();
    let line = table.lines().find(|line| line.contains(cached)).unwrap();
    contains(
        line,
        &["resnet18", "bsd-3-clause", "69.76 %", "224 px", "1.0 MiB"],
    );
    contains(
        &table,
        &[
            "microsoft/resnet-50",
            "Presets without known weights",
            "plain18",
        ],
    );
}
