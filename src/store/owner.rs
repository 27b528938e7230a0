//! Owners of files, and others who can write to them.
//!
//! Many distributions give each user a group of the same name and a umask that lets it write: such
//! a group is nobody else. It is known by its name and its members, never by its number.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use crate::parallel;
use crate::report::escaped;

/// Places of getent. It isn't looked for on PATH, where a project's commands may come first.
const GETENT: [&str; 3] = [
    "/usr/bin/getent",
    "/bin/getent",
    "/run/current-system/sw/bin/getent",
];

/// The time that a directory server is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// More than any account's line takes, however many are in its group.
const LONGEST: u64 = 1 << 20;

/// The number of every user that a user namespace has no number for.
const UNMAPPED: u32 = 65534;

/// True if the user owns it.
pub(crate) fn is_own(data: &Metadata) -> bool {
    data.uid() == user()
}

/// True if it belongs to the user or to root, who could change it anyway.
pub(crate) fn is_own_or_roots(data: &Metadata) -> bool {
    data.uid() == 0 || is_own(data) || (data.uid() == UNMAPPED && !has_root())
}

/// True if anybody but the owner may write. A group that is the user's alone, or root's, is nobody
/// else.
pub(crate) fn others_can_write(data: &Metadata) -> bool {
    data.mode() & 0o002 != 0 || (data.mode() & 0o020 != 0 && !is_private(data.gid()))
}

/// A folder in which somebody else could put another file or folder in the place of one that is
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFolder {
    pub path: PathBuf,
    pub why: Openness,
}

/// Why a folder is open to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Openness {
    /// It is somebody else's.
    Owner,
    /// The user owns it, and could take the right to write away from others.
    Own,
    /// It is root's, and others may write.
    Roots,
}

/// Displays a line without advice, which [`OpenFolder::advice`] gives.
impl fmt::Display for OpenFolder {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let path = escaped(&self.path.display().to_string());
        match self.why {
            Openness::Owner => write!(f, "{path} belongs to somebody else"),
            Openness::Own | Openness::Roots => write!(f, "others can write to {path}"),
        }
    }
}

impl OpenFolder {
    /// Returns the commands for an environment of the project `folder` all the same. Who owns the
    /// open folder can close it, others have an environment of that name elsewhere.
    pub fn advice(&self, folder: &Path) -> String {
        match self.why {
            Openness::Own => format!("chmod go-w {}", word(&self.path)),
            Openness::Owner | Openness::Roots => named(folder),
        }
    }
}

/// The commands that give the project `folder` an environment which doesn't lie in it.
pub(crate) fn named(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
        && !["python", "system", "latest", "cpython", "pypy"]
            .iter()
            .any(|taken| name.to_ascii_lowercase().starts_with(taken));
    let name = if is_name { &*name } else { "work" };
    format!("boot venv --name {name} && boot python pin {name}")
}

/// The first folder, from `path` up to `/`, in which anybody but the user or root could rename what
/// is there. In a folder with the sticky bit, as `/tmp` has it, nobody renames what is the user's;
/// `path` itself must not even let others add something. Where links lead counts, not where they
/// stand; of what isn't there yet the nearest folder that is.
pub(crate) fn first_open_folder(path: &Path) -> Option<OpenFolder> {
    let real = path
        .ancestors()
        .find_map(|path| fs::canonicalize(path).ok())?;
    let mut folders = real
        .ancestors()
        .filter_map(|folder| Some((folder, fs::metadata(folder).ok().filter(Metadata::is_dir)?)));
    folders.find_map(|(folder, data)| {
        Some(OpenFolder {
            path: folder.into(),
            why: openness(&data, folder != real)?,
        })
    })
}

/// `with_sticky`: whether the sticky bit protects what the question is about.
fn openness(data: &Metadata, with_sticky: bool) -> Option<Openness> {
    if !is_own_or_roots(data) {
        return Some(Openness::Owner);
    }
    let is_sticky = with_sticky && data.mode() & 0o1000 != 0;
    let why = if is_own(data) {
        Openness::Own
    } else {
        Openness::Roots
    };
    (!is_sticky && others_can_write(data)).then_some(why)
}

/// The user whose home directory root is about to fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignHome {
    pub home: PathBuf,
    pub owner: String,
}

/// Finds the other user whose home directory `home` is, where boot runs as root: sudo keeps HOME on
/// some systems. What belongs to a number that is nobody's, as in a container, is nobody's home.
pub(crate) fn foreign_home(home: &Path) -> Option<ForeignHome> {
    if user() != 0 {
        return None;
    }
    let owner = fs::metadata(home).ok()?.uid();
    let names = (owner != 0).then(|| System.users(owner))?;
    let name = names.into_iter().next()?.name;
    Some(ForeignHome {
        home: home.into(),
        owner: name,
    })
}

/// A user's line in passwd.
#[derive(Clone, Debug)]
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

/// A group's line in group.
#[derive(Clone, Debug)]
struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

/// A source of accounts.
trait Accounts {
    /// The text of `/etc/passwd` or `/etc/group`.
    fn file(&self, name: &'static str) -> String;
    /// Asks the system's other sources (sssd, LDAP, homed) about a number. They answer in the same
    /// form.
    fn ask(&self, name: &'static str, id: u32) -> Option<String>;

    /// Everybody with this number.
    fn users(&self, uid: u32) -> Vec<User> {
        let here: Vec<User> = users(&self.file("passwd"))
            .filter(|user| user.uid == uid)
            .collect();
        if here.is_empty() {
            users(&self.ask("passwd", uid).unwrap_or_default())
                .filter(|user| user.uid == uid)
                .collect()
        } else {
            here
        }
    }

    /// Every line of the group with this number.
    fn groups(&self, gid: u32) -> Vec<Group> {
        let here: Vec<Group> = groups(&self.file("group"))
            .filter(|group| group.gid == gid)
            .collect();
        if here.is_empty() {
            groups(&self.ask("group", gid).unwrap_or_default())
                .filter(|group| group.gid == gid)
                .collect()
        } else {
            here
        }
    }

    /// True if the group has the name of the user `uid`, and nobody else in it.
    fn is_private(&self, gid: u32, uid: u32) -> bool {
        let groups = self.groups(gid);
        if groups.is_empty() {
            return false;
        }
        let own: Vec<String> = self.users(uid).into_iter().map(|user| user.name).collect();
        groups.iter().any(|group| own.contains(&group.name))
            && groups
                .iter()
                .flat_map(|group| &group.members)
                .all(|member| own.contains(member))
            && !users(&self.file("passwd")).any(|user| user.gid == gid && user.uid != uid)
    }
}

/// name:password:uid:gid:…
fn users(text: &str) -> impl Iterator<Item = User> {
    text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        Some(User {
            name: fields.first().filter(|name| !name.is_empty())?.to_string(),
            uid: fields.get(2)?.parse().ok()?,
            gid: fields.get(3)?.parse().ok()?,
        })
    })
}

/// name:password:gid:members
fn groups(text: &str) -> impl Iterator<Item = Group> {
    text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let members = fields
            .get(3)?
            .split(',')
            .map(str::trim)
            .filter(|member| !member.is_empty())
            .map(String::from)
            .collect();
        Some(Group {
            name: fields.first().filter(|name| !name.is_empty())?.to_string(),
            gid: fields.get(2)?.parse().ok()?,
            members,
        })
    })
}

/// The accounts of this machine.
struct System;

impl Accounts for System {
    fn file(&self, name: &'static str) -> String {
        let bytes = fs::read(Path::new("/etc").join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn ask(&self, name: &'static str, id: u32) -> Option<String> {
        let getent = GETENT.iter().find(|path| Path::new(path).is_file())?;
        let mut asked = Command::new(getent)
            .args([name, &id.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let answer = asked.stdout.take()?;
        let (send, receive) = mpsc::channel();
        // Whatever a directory server does, nobody waits for it for long.
        let reader = std::thread::Builder::new().spawn(move || {
            let mut text = Vec::new();
            let whole = answer
                .take(LONGEST)
                .read_to_end(&mut text)
                .is_ok_and(|read| (read as u64) < LONGEST);
            let _ = send.send(whole.then_some(text));
        });
        let text = reader
            .ok()
            .and_then(|_| receive.recv_timeout(PATIENCE).ok().flatten());
        let _ = asked.kill();
        let _ = asked.wait();
        Some(String::from_utf8_lossy(&text?).into_owned())
    }
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// True if nobody but the user, or root, is in the group. Looked up once a process.
fn is_private(gid: u32) -> bool {
    static KNOWN: Mutex<Option<HashMap<u32, bool>>> = Mutex::new(None);
    let mut known = parallel::lock(&KNOWN);
    *known
        .get_or_insert_default()
        .entry(gid)
        .or_insert_with(|| System.is_private(gid, user()) || System.is_private(gid, 0))
}

/// True if this user namespace has a number for root; where it has none, root's folders seem to be
/// nobody's.
fn has_root() -> bool {
    // inside outside count
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.is_empty()
        || map
            .lines()
            .any(|line| line.split_whitespace().next() == Some("0"))
}

/// A path in a command that people copy.
fn word(path: &Path) -> String {
    let text = escaped(&path.display().to_string());
    let is_plain = text
        .chars()
        .all(|c| c.is_alphanumeric() || "/._-+@,".contains(c));
    if is_plain {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// Accounts of a test: two files, and what the directory knows.
    #[derive(Default)]
    struct Told {
        passwd: &'static str,
        group: &'static str,
        directory: Vec<(&'static str, u32, &'static str)>,
        asked: RefCell<Vec<(&'static str, u32)>>,
    }

    impl Accounts for Told {
        fn file(&self, name: &'static str) -> String {
            if name == "passwd" {
                self.passwd
            } else {
                self.group
            }
            .into()
        }
        fn ask(&self, name: &'static str, id: u32) -> Option<String> {
            self.asked.borrow_mut().push((name, id));
            self.directory
                .iter()
                .find(|(file, number, _)| (*file, *number) == (name, id))
                .map(|(_, _, line)| line.to_string())
        }
    }

    fn told(passwd: &'static str, group: &'static str) -> Told {
        Told {
            passwd,
            group,
            ..Told::default()
        }
    }

    #[test]
    fn is_private_accepts_group_of_user_alone() {
        const ALICE: &str = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/:\n";
        for (passwd, group, private) in [
            (ALICE, "root:x:0:\nalice:x:1000:\n", true),
            (ALICE, "alice:x:1000:alice\n", true),
            ("alice:x:1000:1007::/:\n", "alice:x:1007:\n", true),
            // Not her primary group, but of her name and hers alone.
            (
                "alice:x:1000:100::/:\n",
                "users:x:100:\nalice:x:1007:alice\n",
                true,
            ),
            (ALICE, "alice:x:1000:alice,bob\n", false),
            (ALICE, "alice:x:1000: bob \n", false),
            (ALICE, "team:x:1000:\n", false),
            (ALICE, "alice:x:1001:\n", false),
            (
                "alice:x:1000:1000::/:\nbob:x:1001:1000::/:\n",
                "alice:x:1000:\n",
                false,
            ),
            // Two names for one number: what either lets in is in.
            (ALICE, "alice:x:1000:\nteam:x:1000:bob\n", false),
            // Two names of one user.
            (
                "alice:x:1000:1000::/:\nadmin:x:1000:1000::/:\n",
                "alice:x:1000:admin\n",
                true,
            ),
            (ALICE, "", false),
            ("", "alice:x:1000:\n", false),
            ("alice:x:1000\n", "alice:x:1000\n::::\n:x:1000:\n", false),
        ] {
            let gid = if group.contains(":1007:") { 1007 } else { 1000 };
            assert_eq!(
                told(passwd, group).is_private(gid, 1000),
                private,
                "{passwd}{group}"
            );
        }
    }

    #[test]
    fn is_private_asks_directory_only_for_missing() {
        let local = told("alice:x:1000:1000::/:\n", "alice:x:1000:\n");
        assert!(local.is_private(1000, 1000) && local.asked.borrow().is_empty());
        let directory = vec![
            (
                "passwd",
                60001,
                "alice:*:60001:60001::/home/alice:/bin/sh\n",
            ),
            ("group", 60001, "alice:*:60001:\n"),
            ("group", 60002, "team:*:60002:alice\n"),
        ];
        let remote = Told {
            passwd: "root:x:0:0::/root:/bin/sh\n",
            group: "root:x:0:\n",
            directory,
            ..Told::default()
        };
        assert!(remote.is_private(60001, 60001));
        assert!(!remote.is_private(60002, 60001));
        assert!(!remote.is_private(60003, 60001));
        // An answer to another question.
        let wrong = Told {
            directory: vec![("group", 7, "alice:*:8:\n")],
            passwd: "alice:x:7:7::/:\n",
            ..Told::default()
        };
        assert!(!wrong.is_private(7, 7));
    }

    #[test]
    fn first_open_folder_finds_writable_parents() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        let project = root.join("shared/deep/p");
        fs::create_dir_all(&project).unwrap();
        let mode = |folder: &Path, mode| {
            fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap()
        };
        for folder in [
            &root,
            &root.join("shared"),
            &root.join("shared/deep"),
            &project,
        ] {
            mode(folder, 0o755);
        }
        assert_eq!(first_open_folder(&project), None);
        mode(&root.join("shared"), 0o777);
        let open = first_open_folder(&project).unwrap();
        assert_eq!(
            open,
            OpenFolder {
                path: root.join("shared"),
                why: Openness::Own
            }
        );
        assert_eq!(
            open.to_string(),
            format!("others can write to {}", root.join("shared").display())
        );
        assert_eq!(
            open.advice(&project),
            format!("chmod go-w {}", root.join("shared").display())
        );
        // Of what isn't there yet, and through a link.
        assert_eq!(
            first_open_folder(&project.join("not/yet")),
            Some(open.clone())
        );
        symlink(&project, root.join("link")).unwrap();
        assert_eq!(first_open_folder(&root.join("link")), Some(open));
        // Nobody renames another's folder where the bit is set, but anybody adds one.
        mode(&root.join("shared"), 0o1777);
        assert_eq!(first_open_folder(&project), None);
        assert!(first_open_folder(&root.join("shared")).is_some());
    }

    #[test]
    fn advice_without_ownership_is_venv_elsewhere() {
        let open = |why| OpenFolder {
            path: "/srv/te am".into(),
            why,
        };
        assert_eq!(
            open(Openness::Owner).advice(Path::new("/srv/te am/web")),
            "boot venv --name web && boot python pin web"
        );
        assert_eq!(
            open(Openness::Roots).advice(Path::new("/srv/te am/3.11")),
            "boot venv --name work && boot python pin work"
        );
        assert_eq!(
            open(Openness::Own).advice(Path::new("/srv/te am/web")),
            "chmod go-w '/srv/te am'"
        );
        assert_eq!(
            open(Openness::Owner).to_string(),
            "/srv/te am belongs to somebody else"
        );
    }
}
