//! Tests of caches that cannot be written, are full, or have no links.

use std::fs;

use crate::server::commit;
use crate::support::{MODEL, User, contains, hub, weights};

#[test]
fn without_links_snapshots_hold_the_files() {
    let server = hub();
    let user = User::new(&server);
    let plain = ("HF_HUB_DISABLE_SYMLINKS", "1");
    let path = user.resnet_with(plain, &["fetch", MODEL]).ok();
    let path = path.trim_end();
    assert!(fs::symlink_metadata(path).unwrap().is_file());
    assert_eq!(fs::read(path).unwrap(), weights());
    // Both modes find the files in their place.
    server.take_requests();
    user.resnet_with(plain, &["fetch", MODEL]).ok();
    user.fetch().ok();
    assert_eq!(server.take_requests().len(), 2);
}

#[test]
fn a_link_whose_file_is_gone_is_fetched_again() {
    let server = hub();
    let user = User::new(&server);
    let path = user.fetch().ok();
    fs::remove_dir_all(user.cached("blobs")).unwrap();
    assert_eq!(user.fetch().ok(), path);
    assert_eq!(fs::read(path.trim_end()).unwrap(), weights());
    let snapshot = user.cached(&format!("snapshots/{}", commit('a')));
    assert_eq!(fs::read_dir(snapshot).unwrap().count(), 2);
}

#[test]
fn a_file_that_has_lost_bytes_is_fetched_again() {
    let server = hub();
    for plain in ["0", "1"] {
        let user = User::new(&server);
        let fetch = || user.resnet_with(("HF_HUB_DISABLE_SYMLINKS", plain), &["fetch", MODEL]);
        let path = fetch().ok();
        let file = path.trim_end();
        let cut = || {
            let file = fs::OpenOptions::new().write(true).open(file).unwrap();
            file.set_len(300_000).unwrap();
        };
        cut();
        server.take_requests();
        assert_eq!(fetch().says("1.0 MiB from"), path);
        assert_eq!(fs::read(file).unwrap(), weights());
        // A configuration is not requested again.
        let requests = server.take_requests();
        assert!(
            !requests
                .iter()
                .any(|request| request.path.contains("config"))
        );
        fetch().says("from the cache");
        assert_eq!(server.take_requests().len(), 1);

        // The damaged copy is no fallback if the fetch fails.
        cut();
        server.state().cdn_status = Some(403);
        let error = fetch().error(1);
        contains(&error, &["found HTTP 403"]);
        server.state().cdn_status = None;
        // Only the hub knows the file's size, so an offline run accepts the damaged copy.
        fetch().ok();
        cut();
        assert_eq!(user.resnet_with(OFFLINE, &["fetch", MODEL]).ok(), path);
    }
}

const OFFLINE: (&str, &str) = ("HF_HUB_OFFLINE", "1");

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io::ErrorKind;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::Command;
    use std::time::Duration;

    use crate::support::{MODEL, User, contains, finished, hub, weights};

    /// The user id of `nobody`. The tests drop root's rights, since root can write to any folder.
    const NOBODY: u32 = 65_534;

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// Runs a fetch as a user without write access to `user`'s files.
    fn fetch_without_rights(user: &User) -> crate::support::CommandOutput {
        let binary = Path::new(env!("CARGO_BIN_EXE_resnet"));
        let folder = tempfile::tempdir().unwrap();
        allow(folder.path(), 0o755);
        let copy = folder.path().join("resnet");
        fs::copy(binary, &copy).unwrap();
        let mut command = Command::new(copy);
        command.args(["fetch", MODEL]);
        user.prepare(&mut command);
        command.current_dir("/");
        if fs::metadata(folder.path()).unwrap().uid() == 0 {
            command.uid(NOBODY).gid(NOBODY);
        }
        // Between its fork and exec, a child of another test may still hold the copy open.
        let output = loop {
            match command.output() {
                Err(e) if e.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                output => break output.unwrap(),
            }
        };
        finished(output)
    }

    #[test]
    fn a_read_only_cache_is_read() {
        let server = hub();
        let user = User::new(&server);
        allow(user.home(), 0o755);
        let path = user.fetch().ok();
        let folders = walkdir::WalkDir::new(user.home()).contents_first(true);
        let folders: Vec<_> = folders.into_iter().map(Result::unwrap).collect();
        let folders = folders.iter().filter(|entry| entry.file_type().is_dir());
        let folders: Vec<&Path> = folders.map(walkdir::DirEntry::path).collect();
        folders.iter().for_each(|folder| allow(folder, 0o555));
        let read = fetch_without_rights(&user);
        // The branch moves to a commit that is not in the cache.
        let newer = vec![crate::server::File::large("model.safetensors", "x")];
        let commit = crate::server::commit('b');
        server.state().commits.push((MODEL, commit.clone(), newer));
        server.state().revisions[0].2 = commit;
        let written = fetch_without_rights(&user);
        folders.iter().for_each(|folder| allow(folder, 0o755));
        assert_eq!(read.says("from the cache"), path);
        let error = written.error(1);
        contains(
            &error,
            &["cannot be written", "models--some--resnet20", "HF_HOME"],
        );
        contains(&error, &["HF_HUB_OFFLINE=1 to use what the cache has"]);
    }

    #[test]
    fn a_cache_that_cannot_be_made_is_an_error_with_its_path() {
        let server = hub();
        let user = User::new(&server);
        allow(user.home(), 0o555);
        let error = fetch_without_rights(&user).error(1);
        allow(user.home(), 0o755);
        contains(
            &error,
            &[
                "cannot be written",
                user.home().to_str().unwrap(),
                "HF_HOME",
            ],
        );
    }

    /// Limits files to half a MiB. The system then refuses further writes, as on a full disk.
    #[test]
    fn a_full_disk_keeps_the_received_part() {
        let server = hub();
        let user = User::new(&server);
        let mut command = Command::new("sh");
        let script = "trap '' XFSZ; ulimit -f 512; exec \"$0\" fetch \"$1\"";
        command.args(["-c", script, env!("CARGO_BIN_EXE_resnet"), MODEL]);
        user.prepare(&mut command);
        let error = finished(command.output().unwrap()).error(1);
        contains(
            &error,
            &[".incomplete", "cannot be written", "make room", "HF_HOME"],
        );
        let blobs = fs::read_dir(user.cached("blobs"))
            .unwrap()
            .map(Result::unwrap);
        let part = blobs
            .map(|b| b.path())
            .find(|b| b.extension().is_some())
            .unwrap();
        let kept = fs::metadata(part).unwrap().len() as usize;
        assert!(kept > 0 && kept < weights().len(), "{kept}");

        server.take_requests();
        let path = user.fetch().ok();
        assert_eq!(fs::read(path.trim_end()).unwrap(), weights());
        assert_eq!(server.take_sent_bytes(), weights().len() - kept);
    }
}
