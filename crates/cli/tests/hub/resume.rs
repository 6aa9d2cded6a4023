//! Tests of interrupted transfers, which resume at their last byte, and of the check of received
//! files.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::server::{File, RecordedRequest, Server, State, TransferFailure, commit};
use crate::support::{MODEL, User, contains, hub, hub_with, weights};

/// Returns the requests to the CDN: the requested range, and the bytes that were sent.
fn transfers(server: &Server) -> Vec<(Option<String>, usize)> {
    let cdn = server
        .take_requests()
        .into_iter()
        .filter(|request| request.cdn);
    cdn.map(|RecordedRequest { range, sent, .. }| (range, sent))
        .collect()
}

fn fetched(user: &User) -> Vec<u8> {
    fs::read(user.cached(&format!("snapshots/{}/model.safetensors", commit('a')))).unwrap()
}

/// Returns the path of the partly received file.
fn part(user: &User) -> std::path::PathBuf {
    let etag = File::large("", weights()).etag();
    user.cached(&format!("blobs/{etag}.incomplete"))
}

#[test]
fn within_a_process() {
    let transfer_failures = vec![TransferFailure::Cut(300_000), TransferFailure::Cut(100_000)];
    let server = hub_with(State {
        transfer_failures,
        ..State::default()
    });
    let user = User::new(&server);
    user.fetch().says("resuming it");
    assert_eq!(fetched(&user), weights());
    assert_eq!(
        transfers(&server),
        [
            (None, 300_000),
            (Some("bytes=300000-".into()), 100_000),
            (Some("bytes=400000-".into()), weights().len() - 400_000),
        ]
    );
}

#[test]
fn in_the_next_process_after_this_one_was_killed() {
    let transfer_failures = vec![TransferFailure::Stall(500_000)];
    let server = hub_with(State {
        transfer_failures,
        ..State::default()
    });
    let user = User::new(&server);
    let mut command = user.command(&["fetch", MODEL]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while fs::metadata(part(&user)).map_or(0, |kind| kind.len()) < 500_000 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(transfers(&server), [(None, 500_000)]);

    user.fetch().ok();
    assert_eq!(fetched(&user), weights());
    let rest = weights().len() - 500_000;
    assert_eq!(transfers(&server), [(Some("bytes=500000-".into()), rest)]);
    assert!(!part(&user).exists());
}

#[test]
fn a_connection_that_falls_silent_counts_as_cut() {
    let transfer_failures = vec![TransferFailure::Stall(500_000)];
    let server = hub_with(State {
        transfer_failures,
        ..State::default()
    });
    let user = User::new(&server);
    let begun = Instant::now();
    user.resnet_with(("HF_HUB_DOWNLOAD_TIMEOUT", "1"), &["fetch", MODEL])
        .ok();
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(fetched(&user), weights());
}

#[test]
fn a_transfer_that_fails_keeps_the_received_part() {
    let mut transfer_failures = vec![TransferFailure::Cut(200_000)];
    transfer_failures.extend([TransferFailure::Cut(0); 5]);
    let server = hub_with(State {
        transfer_failures,
        ..State::default()
    });
    let user = User::new(&server);
    let error = user.fetch().error(1);
    contains(
        &error,
        &[MODEL, "model.safetensors", "200000 bytes", "run it again"],
    );
    assert_eq!(fs::metadata(part(&user)).unwrap().len(), 200_000);
    server.take_requests();
    user.fetch().ok();
    let rest = weights().len() - 200_000;
    assert_eq!(transfers(&server), [(Some("bytes=200000-".into()), rest)]);
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let transfer_failures = vec![TransferFailure::Cut(300_000)];
    let server = hub_with(State {
        transfer_failures,
        no_ranges: true,
        ..State::default()
    });
    let user = User::new(&server);
    user.fetch().ok();
    assert_eq!(fetched(&user), weights());
    let sent: Vec<usize> = transfers(&server).into_iter().map(|t| t.1).collect();
    assert_eq!(sent, [300_000, weights().len()]);
}

#[test]
fn the_part_of_an_earlier_run_is_verified() {
    let server = hub();
    for left in [&b"not the beginning"[..], &[0; 2_000_000]] {
        let user = User::new(&server);
        fs::create_dir_all(part(&user).parent().unwrap()).unwrap();
        fs::write(part(&user), left).unwrap();
        user.fetch().ok();
        assert_eq!(fetched(&user), weights());
    }
    // The whole file is already there, so no byte is requested.
    let user = User::new(&server);
    fs::create_dir_all(part(&user).parent().unwrap()).unwrap();
    fs::write(part(&user), weights()).unwrap();
    server.take_requests();
    user.fetch().ok();
    assert_eq!((fetched(&user), transfers(&server)), (weights(), vec![]));
}

#[test]
fn other_bytes_than_announced_are_refused_and_gone() {
    let etag = File::large("", weights()).etag();
    for (state, expected) in [
        (
            State {
                corrupts: true,
                ..State::default()
            },
            format!("sha256 {etag}"),
        ),
        (
            State {
                announced_size: Some(1000),
                ..State::default()
            },
            "1000 bytes".into(),
        ),
    ] {
        let server = hub_with(state);
        server.state().commits[0].2.truncate(1);
        let user = User::new(&server);
        let error = user.fetch().error(1);
        contains(
            &error,
            &[
                MODEL,
                "model.safetensors",
                &expected,
                "deleted",
                "run it again",
            ],
        );
        let absent = |name: &&String| !name.contains(".no_exist");
        let files = user.files();
        assert_eq!(files.iter().find(absent), None, "{files:?}");

        // The hub has recovered.
        server.state().corrupts = false;
        server.state().announced_size = None;
        user.fetch().ok();
        assert_eq!(fetched(&user), weights());
    }
}
