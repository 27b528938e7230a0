use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink as make_symlink};
use std::path::PathBuf;

use super::staging::{named, staged_file};
use super::*;

#[test]
fn publish_replaces_folder_whole() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("tool");
    for content in ["one", "two"] {
        let staging = Staging::beside(&target).unwrap();
        fs::write(staging.path().join("f"), content).unwrap();
        staging.publish(&target).unwrap();
        assert_eq!(fs::read_to_string(target.join("f")).unwrap(), content);
    }
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        1,
        "no staging is left"
    );
}

/// Makes the folder that a killed run leaves: kept, and its lock let go.
fn killed_folder(root: &Path) -> PathBuf {
    let staging = Staging::new(root).unwrap();
    let path = staging.path().to_path_buf();
    let Staging { _alive: alive, .. } = &staging;
    alive.unlock().unwrap();
    std::mem::forget(staging);
    path
}

fn set_old(path: &Path) {
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(5);
    File::open(path).unwrap().set_modified(long_ago).unwrap();
}

#[test]
fn staging_sweeps_leftovers_of_dead_runs_only() {
    let root = tempfile::tempdir().unwrap();
    let dead = killed_folder(root.path());
    fs::create_dir_all(dead.join("locked")).unwrap();
    fs::set_permissions(dead.join("locked"), fs::Permissions::from_mode(0o500)).unwrap();
    let dead_file = staged_file(root.path()).unwrap();
    dead_file.as_file().unlock().unwrap();
    let dead_file = dead_file.into_temp_path().keep().unwrap();
    let living = staged_file(root.path()).unwrap();
    set_old(&dead_file);
    set_old(living.path());
    // Killed before they had their names.
    let bare = [
        root.path().join(format!("{STAGING}aB3dE6")),
        root.path().join(format!("{STAGING}aB3dE7")),
    ];
    fs::create_dir(&bare[0]).unwrap();
    fs::write(&bare[1], "").unwrap();
    fs::set_permissions(&bare[1], fs::Permissions::from_mode(0o600)).unwrap();
    bare.iter().for_each(|path| set_old(path));
    assert!(has_leftovers(root.path()));
    let alive = Staging::within(root.path()).unwrap();
    assert!(!dead.exists() && !dead_file.exists() && !bare[0].exists() && !bare[1].exists());
    assert!(living.path().exists());
    let second = Staging::within(root.path()).unwrap();
    assert!(alive.path().exists() && second.path().exists());
    assert!(!has_leftovers(root.path()));
}

#[test]
fn sweep_removes_replaced_folder_of_killed_run() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("tool");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("old"), "").unwrap();
    for after in [false, true] {
        let mut staging = Staging::beside(&target).unwrap();
        staging.rename_for(&target).unwrap();
        if after {
            exchange(staging.path(), &target).unwrap();
        }
        staging._alive.unlock().unwrap();
        std::mem::forget(staging);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
        sweep(root.path());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(target.join("old").exists(), !after);
    }
}

#[test]
fn sweep_spares_lookalikes_of_others() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(format!("{STAGING}{name}"));
    for name in ["mine", "abcdef", "7f.abcdef", "7f.80.abcdef", "", "."] {
        fs::create_dir(at(&format!("{name}-folder"))).unwrap();
        fs::create_dir(at(name).join("x"))
            .unwrap_or_else(|_| fs::create_dir_all(at(name).join("x")).unwrap());
        fs::write(at(&format!("{name}-file")), "mine").unwrap();
    }
    fs::write(at("abcde1"), "").unwrap();
    fs::write(at("abcde2"), "mine").unwrap();
    fs::set_permissions(at("abcde2"), fs::Permissions::from_mode(0o600)).unwrap();
    make_symlink("/nowhere", at("abcde3")).unwrap();
    for path in [at("abcde4"), at("pipe")] {
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        // A name with the right inode makes no FIFO boot's.
        fs::rename(
            &path,
            named(&path, &[fs::symlink_metadata(&path).unwrap().ino()]),
        )
        .unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(at("abcde5")).unwrap();
    make_symlink(at("pipe"), at("abcde6")).unwrap();
    let names = || {
        fs::read_dir(root.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect::<std::collections::BTreeSet<_>>()
    };
    let before = names();
    for entry in fs::read_dir(root.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_type().unwrap().is_file())
    {
        set_old(&entry.path());
    }
    assert!(!has_leftovers(root.path()));
    sweep(root.path());
    sweep_own(root.path());
    drop(Staging::within(root.path()).unwrap());
    assert_eq!(names(), before);
}

#[test]
fn symlink_replaces_links_but_no_files() {
    let root = tempfile::tempdir().unwrap();
    let link = root.path().join("l");
    symlink(Path::new("a"), &link).unwrap();
    symlink(Path::new("b"), &link).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("b"));
    let file = root.path().join("f");
    fs::write(&file, "mine").unwrap();
    assert!(symlink(Path::new("a"), &file).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
}

#[test]
fn write_keeps_mode_of_file() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("f");
    write(&path, b"1", Some(0o600)).unwrap();
    write(&path, b"2", Some(0o644)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}
