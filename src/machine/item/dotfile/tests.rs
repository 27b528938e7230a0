use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::list::clash;
use super::*;
use crate::machine::applied::{Applied, Placed};
use crate::machine::vars::Vars;
use crate::manifest::condition::Surroundings;
use crate::manifest::{Dotfiles, Entry, Place};
use crate::store::paths::Paths;

struct Box {
    _folder: tempfile::TempDir,
    paths: Paths,
    manifest: Manifest,
    applied: Applied,
}

/// A home, and a repository with `home/.a` and `home/.config/b`.
fn machine() -> Box {
    let folder = tempfile::tempdir().unwrap();
    let (home, root) = (folder.path().join("h"), folder.path().join("repo"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(root.join("home/.config")).unwrap();
    fs::write(root.join("home/.a"), "a").unwrap();
    fs::write(root.join("home/.config/b"), "b").unwrap();
    let paths = Paths::from(&|name| (name == "HOME").then(|| home.clone().into())).unwrap();
    let dotfiles = vec![Dotfiles {
        place: Place::at(&root),
        root: "home".into(),
        ..Dotfiles::default()
    }];
    let manifest = Manifest {
        place: Place::at(&root),
        dotfiles,
        ..Manifest::default()
    };
    Box {
        _folder: folder,
        paths,
        manifest,
        applied: Applied::default(),
    }
}

impl Box {
    fn list(&self) -> Vec<Dotfile> {
        list(&self.manifest, &Surroundings::default()).unwrap()
    }
    fn there(&self, dotfile: &Dotfile) -> FileState {
        file_state(
            &self.paths,
            &Vars::of(&self.manifest, &self.applied),
            &self.applied,
            dotfile,
        )
    }
    fn supplant(&mut self, dotfile: &Dotfile) -> PathBuf {
        let vars = Vars::of(&self.manifest, &self.applied);
        supplant(&self.paths, &vars, &mut self.applied, dotfile).unwrap()
    }

    fn place(&mut self, dotfile: &Dotfile) -> Result<()> {
        let vars = Vars::of(&self.manifest, &self.applied);
        place(&self.paths, &vars, &mut self.applied, dotfile)
    }
    fn say(&mut self, target: &str, mode: Mode, chmod: Option<u32>) {
        let entry = Entry {
            target: target.into(),
            mode,
            chmod,
            only: Default::default(),
            at: "boot.toml:1:1".into(),
        };
        self.manifest.dotfiles[0].entries.push(entry);
    }
}

#[test]
fn place_links_every_file() {
    let mut machine = machine();
    let dotfiles = machine.list();
    assert_eq!(
        dotfiles
            .iter()
            .map(|dotfile| dotfile.target.as_str())
            .collect::<Vec<_>>(),
        [".a", ".config/b"]
    );
    for dotfile in &dotfiles {
        assert_eq!(machine.there(dotfile), FileState::Missing);
        machine.place(dotfile).unwrap();
        assert_eq!(machine.there(dotfile), FileState::Right);
    }
    assert_eq!(
        fs::read_to_string(machine.paths.home.join(".config/b")).unwrap(),
        "b"
    );
}

#[test]
fn place_keeps_foreign_files_and_updates_own_links() {
    let mut machine = machine();
    let dotfile = machine.list().remove(0);
    let target = machine.paths.home.join(".a");
    fs::write(&target, "mine").unwrap();
    assert_eq!(machine.there(&dotfile), FileState::Foreign("is a file"));
    assert!(machine.place(&dotfile).is_err());
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    fs::remove_file(&target).unwrap();
    symlink("/somewhere", &target).unwrap();
    assert_eq!(machine.there(&dotfile), FileState::Foreign("is a link"));
    machine
        .applied
        .dotfiles
        .insert(".a".into(), Placed::Link("/somewhere".into()));
    assert_eq!(machine.there(&dotfile), FileState::Own);
    machine.place(&dotfile).unwrap();
    assert_eq!(machine.there(&dotfile), FileState::Right);
}

#[test]
fn place_copy_sets_mode_and_spares_edited_copy() {
    let mut machine = machine();
    machine.say(".config/b", Mode::Copy, Some(0o600));
    let dotfile = machine.list().remove(1);
    machine.place(&dotfile).unwrap();
    let target = machine.paths.home.join(".config/b");
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(target.parent().unwrap()).unwrap().mode() & 0o777,
        0o700
    );
    assert_eq!(machine.there(&dotfile), FileState::Right);
    fs::write(machine.manifest.place.root.join("home/.config/b"), "new").unwrap();
    assert_eq!(machine.there(&dotfile), FileState::Own);
    fs::write(&target, "edited").unwrap();
    assert_eq!(machine.there(&dotfile), FileState::Foreign("is a file"));
}

#[test]
fn supplant_backs_up_everything_without_collision() {
    let mut machine = machine();
    let dotfile = machine.list().remove(0);
    let target = machine.paths.home.join(".a");
    let mut places = Vec::new();
    for content in ["one", "two"] {
        fs::write(&target, content).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        places.push(machine.supplant(&dotfile));
        assert_eq!(machine.there(&dotfile), FileState::Right);
        fs::remove_file(&target).unwrap();
    }
    symlink("/away", &target).unwrap();
    places.push(machine.supplant(&dotfile));
    assert_eq!(fs::read_to_string(&places[0]).unwrap(), "one");
    assert_eq!(fs::read_to_string(&places[1]).unwrap(), "two");
    assert_eq!(fs::metadata(&places[0]).unwrap().mode() & 0o777, 0o640);
    assert_eq!(fs::read_link(&places[2]).unwrap(), Path::new("/away"));
    assert_eq!(machine.applied.backups.len(), 3);
}

#[test]
fn check_place_accepts_source_behind_folder_link() {
    let machine = machine();
    symlink(
        machine.manifest.place.root.join("home/.config"),
        machine.paths.home.join(".config"),
    )
    .unwrap();
    let dotfile = machine.list().remove(1);
    check_place(&machine.paths, &dotfile, None).unwrap();
    assert_eq!(machine.there(&dotfile), FileState::Right);
}

#[test]
fn check_place_and_list_refuse_links_that_lead_out() {
    let machine = machine();
    symlink("/tmp", machine.paths.home.join(".config")).unwrap();
    let dotfile = machine.list().remove(1);
    assert!(
        check_place(&machine.paths, &dotfile, None)
            .unwrap_err()
            .to_string()
            .contains("out of the home")
    );
    for leads in ["/etc/passwd", "../../../h", "nowhere"] {
        let link = machine.manifest.place.root.join("home/.out");
        symlink(leads, &link).unwrap();
        let error = list(&machine.manifest, &Surroundings::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("out of the repository") && error.lines().count() <= 3,
            "{error}"
        );
        fs::remove_file(link).unwrap();
    }
    fs::write(machine.manifest.place.root.join("home/a\u{1b}[2J"), "").unwrap();
    let error = list(&machine.manifest, &Surroundings::default())
        .unwrap_err()
        .to_string();
    assert!(!error.contains('\u{1b}'), "{error}");
}

#[test]
fn check_place_refuses_folders_of_boot() {
    let machine = machine();
    let trust = Dotfile {
        target: ".local/state/boot/trust.toml".into(),
        place: Place::default(),
        source: "x".into(),
        mode: Mode::Link,
        chmod: None,
    };
    assert!(check_place(&machine.paths, &trust, None).is_err());
}

#[test]
fn list_refuses_entry_without_file_and_links_named_folder() {
    let mut machine = machine();
    machine.say(".nothing", Mode::Link, None);
    assert!(
        list(&machine.manifest, &Surroundings::default())
            .unwrap_err()
            .to_string()
            .starts_with("boot.toml:1:1")
    );
    machine.manifest.dotfiles[0].entries.clear();
    machine.say(".config", Mode::Link, None);
    assert_eq!(
        machine.list()[1].target,
        ".config",
        "a folder that is named is linked whole"
    );
}

fn at(target: &str) -> Dotfile {
    Dotfile {
        target: target.into(),
        place: Place::default(),
        source: target.into(),
        mode: Mode::Link,
        chmod: None,
    }
}

#[test]
fn clash_finds_nested_and_equal_targets() {
    for (targets, expected) in [
        (&["a", "a-b", "a/c"][..], Some(("a", "a/c"))),
        (&["a/b/c", "a-b", "a.b", "a/b"], Some(("a/b/c", "a/b"))),
        (&["x", "a", "a"], Some(("a", "a"))),
        (&["a", "ab", "a-b/c", "a.c", "b/a"], None),
        (&[], None),
    ] {
        let all: Vec<Dotfile> = targets.iter().map(|target| at(target)).collect();
        assert_eq!(
            clash(&all).map(|(one, other)| (one.target.as_str(), other.target.as_str())),
            expected,
            "{targets:?}"
        );
    }
}

/// Compared each with each, this many would take minutes.
#[test]
fn clash_is_fast_for_many_dotfiles() {
    let all: Vec<Dotfile> = (0..40_000)
        .map(|number| at(&format!(".config/some/folder/{number}")))
        .collect();
    let begin = std::time::Instant::now();
    assert!(clash(&all).is_none());
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
