//! Tests of successful fetches: the results, the requests, and the use of the token.

use std::fs;
use std::ops::ControlFlow;
use std::process::Stdio;
use std::time::Duration;

use resnet_wgpu::hub::{Event, Hub, HubError, HubOptions, Provenance};

use crate::server::{File, RecordedRequest, State, commit};
use crate::support::{CommandOutput, MODEL, User, contains, finished, hub, hub_with, weights};

#[test]
fn a_model_is_fetched_and_classifies_as_its_file_does() {
    let server = hub();
    let user = User::new(&server);
    let classify = |args: &[&str]| {
        let args = [&["classify", "--device", "cpu", "photos/chelsea.png"], args].concat();
        user.resnet(&args)
    };
    let expected = classify(&["--weights", "weights/resnet20-cifar10.safetensors"]).ok();
    let fetched = classify(&["--model", MODEL]).says("1.0 MiB from http://127.0.0.1");
    assert_eq!(fetched, expected);
    assert!(expected.contains("cat"), "{expected}");
    let request_lines: Vec<String> = server.take_requests().iter().map(request_line).collect();
    let etag = File::small("", "{}\n").etag();
    let config = "config.json";
    let content = format!("config.json?etag=%22{etag}%22");
    let blob = format!("{}?signature=xyz", File::large("", weights()).etag());
    assert_eq!(
        request_lines,
        [
            "HEAD model.safetensors".to_owned(),
            format!("HEAD {config}"),
            format!("HEAD {content}"),
            format!("GET {config}"),
            format!("GET {content}"),
            "HEAD preprocessor_config.json".to_owned(),
            "HEAD processor_config.json".to_owned(),
            "GET model.safetensors".to_owned(),
            format!("GET {blob}"),
        ]
    );

    // With a cached copy, one request checks whether the revision has moved.
    assert_eq!(
        classify(&["--model", MODEL]).says("from the cache"),
        expected
    );
    let requests = server.take_requests();
    assert_eq!(
        (requests.len(), requests[0].method.as_str()),
        (1, "HEAD"),
        "{requests:?}"
    );
    let summary = user.resnet(&["summary", "--model", MODEL]).ok();
    assert!(summary.contains("resnet20"), "{summary}");
}

#[test]
fn the_cache_is_laid_out_as_huggingface_hub_has_it() {
    let server = hub();
    let user = User::new(&server);
    let printed = user.fetch().ok();
    let a = commit('a');
    let sha256 = File::large("", weights()).etag();
    let git = File::small("", "{}\n").etag();
    let model = "hub/models--some--resnet20";
    let mut blobs = [&sha256, &git];
    blobs.sort();
    assert_eq!(
        user.files(),
        [
            format!("{model}/.no_exist/{a}/preprocessor_config.json"),
            format!("{model}/.no_exist/{a}/processor_config.json"),
            format!("{model}/blobs/{}", blobs[0]),
            format!("{model}/blobs/{}", blobs[1]),
            format!("{model}/refs/main"),
            format!("{model}/snapshots/{a}/config.json"),
            format!("{model}/snapshots/{a}/model.safetensors"),
        ]
    );
    let snapshot = user.cached(&format!("snapshots/{a}/model.safetensors"));
    assert_eq!(printed.trim_end(), snapshot.to_str().unwrap());
    assert_eq!(fs::read_to_string(user.cached("refs/main")).unwrap(), a);
    let lock = format!("hub/.locks/models--some--resnet20/{sha256}.lock");
    assert!(user.home().join(lock).is_file());
    if cfg!(unix) {
        let link = fs::read_link(snapshot).unwrap();
        assert_eq!(link.to_str().unwrap(), format!("../../blobs/{sha256}"));
    }
}

/// Returns a request's method and the last part of its path.
fn request_line(request: &RecordedRequest) -> String {
    let file = request.path.rsplit('/').next().unwrap();
    format!("{} {file}", request.method)
}

#[test]
fn revisions_have_separate_snapshots() {
    let server = hub();
    let mut other = weights();
    // The two files differ in the last weight.
    let last = other.len() - 1;
    other[last] ^= 1;
    let newer = vec![
        File::large("model.safetensors", other.clone()),
        File::small("config.json", "{}\n"),
    ];
    server.state().commits.push((MODEL, commit('b'), newer));
    server
        .state()
        .revisions
        .push((MODEL, "refs/pr/1", commit('b')));
    let user = User::new(&server);
    let fetch = |revision: &str| {
        let path = user.resnet(&["fetch", &format!("{MODEL}@{revision}")]).ok();
        fs::read(path.trim_end()).unwrap()
    };
    assert_eq!(fetch("main"), weights());
    server.take_requests();
    assert_eq!(fetch("refs/pr/1"), other);
    assert_eq!(
        fs::read_to_string(user.cached("refs/refs/pr/1")).unwrap(),
        commit('b')
    );
    // The unchanged configuration is already in the cache.
    let requests = server.take_requests();
    let again = |s: &RecordedRequest| s.method == "GET" && s.path.contains("config");
    assert!(!requests.iter().any(again), "{requests:?}");

    // A commit never changes, so no request is necessary.
    for (digit, bytes) in [('a', weights()), ('b', other.clone())] {
        assert_eq!(fetch(&commit(digit)), bytes);
    }
    assert_eq!(server.take_requests().len(), 0);

    // The branch moves to the other commit.
    server.state().revisions[0].2 = commit('b');
    assert_eq!(fetch("main"), other);
    assert!(server.take_requests().iter().all(|s| s.method == "HEAD"));
}

#[test]
fn two_processes_transfer_once() {
    let pause = Duration::from_millis(150);
    let server = hub_with(State {
        pause,
        ..State::default()
    });
    let user = User::new(&server);
    let start = || {
        let mut command = user.command(&["fetch", MODEL]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start(), start()].map(|child| finished(child.wait_with_output().unwrap()));
    assert_eq!(both[0].stdout, both[1].stdout);
    let waited = |output: &CommandOutput| output.stderr.contains("another process is fetching");
    assert!(
        both.iter().any(waited),
        "{} {}",
        both[0].stderr,
        both[1].stderr
    );
    for output in both {
        assert_eq!(fs::read(output.ok().trim_end()).unwrap(), weights());
    }
    assert_eq!(server.take_sent_bytes(), weights().len());
}

#[test]
fn the_token_is_for_the_hub_alone() {
    let server = hub_with(State {
        token: Some("hf_secret"),
        ..State::default()
    });
    let user = User::new(&server);
    let error = user.fetch().error(1);
    contains(&error, &[MODEL, "private", "HF_TOKEN"]);
    fs::write(user.home().join("token"), "hf_secret\n").unwrap();
    user.fetch().ok();
    let another = User::new(&server);
    another
        .resnet_with(("HF_TOKEN", "hf_secret"), &["fetch", MODEL])
        .ok();

    let (cdn, hub): (Vec<_>, Vec<_>) = server.take_requests().into_iter().partition(|s| s.cdn);
    assert_eq!(cdn.len(), 2);
    assert!(cdn.iter().all(|s| s.authorization.is_none()), "{cdn:?}");
    let known = hub
        .iter()
        .filter(|s| s.authorization.as_deref() == Some("Bearer hf_secret"));
    assert_eq!(known.count(), hub.len() - 1, "{hub:?}");
}

#[test]
fn renamed_repositories_and_busy_hubs() {
    let server = hub();
    server.state().renamed.push(("old/name", MODEL));
    server.state().busy = 2;
    let user = User::new(&server);
    let path = user.resnet(&["fetch", "old/name"]).ok();
    assert!(path.contains("models--old--name"), "{path}");
    assert_eq!(fs::read(path.trim_end()).unwrap(), weights());
}

#[test]
fn the_library_reports_events_and_can_be_cancelled() {
    let server = hub();
    let folder = tempfile::tempdir().unwrap();
    let mut options = HubOptions::new(folder.path());
    options.endpoint = server.endpoint();
    let hub = Hub::new(options).unwrap();
    let id = MODEL.parse().unwrap();
    assert_eq!(hub.cached(&id), None);

    let ended = hub.fetch(&id, |event| match event {
        Event::Received {
            done: 100_000.., ..
        } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(
        matches!(ended, Err(HubError::Cancelled { .. })),
        "{ended:?}"
    );
    let mut reports = vec![];
    let fetched = hub.fetch(&id, |event| {
        if let Event::Received { file, done, total } = event {
            reports.push((file.to_owned(), done, total));
        }
        ControlFlow::Continue(())
    });
    let fetched = fetched.unwrap();
    let size = weights().len() as u64;
    let (file, left, total) = &reports[0];
    assert_eq!((file.as_str(), *total), ("model.safetensors", size));
    assert!((100_000..size).contains(left), "{left}");
    assert_eq!(reports.last().unwrap().1, size);
    assert_eq!(fetched.provenance, Provenance::Hub(size - left));
    assert_eq!(fetched.commit, commit('a'));
    let cached = hub.cached(&id).unwrap();
    assert_eq!((cached.weights, cached.bytes), (fetched.weights, size));
}

#[test]
fn several_names_and_json() {
    let server = hub();
    let user = User::new(&server);
    let output = user.resnet(&["fetch", "--json", "no/such", MODEL, "resnet20"]);
    assert_eq!(output.code, 1);
    contains(
        &output.stderr,
        &["error: no/such: no such repository", "in this program"],
    );
    let lines: Vec<serde_json::Value> = (output.stdout.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{}", output.stdout);
    assert_eq!(lines[0]["repository"], MODEL);
    assert_eq!(lines[0]["revision"], "main");
    assert_eq!(lines[0]["commit"], commit('a'));
    assert_eq!(lines[0]["transferred"], weights().len() + 3);
    assert_eq!(
        (&lines[1]["name"], &lines[1]["weights"]),
        (&"resnet20".into(), &().into())
    );
}
