//! Puts cached wheels into an environment that is being made, as pip would install them, by hard links: a file that is
//! rewritten (a script, RECORD) is written anew, and the cache is never written through.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use super::bytecode;
use super::facts::Facts;
use super::record::{self, Line};
use super::script::{self, Interpreter};
use super::wheel::{CachedWheel, WheelFile, data_key};
use crate::store::digest::Sha256;
use crate::store::{self};

/// An environment in the making.
#[derive(Debug)]
pub struct Environment<'a> {
    root: PathBuf,
    python: PathBuf,
    facts: &'a Facts,
    isolated: bool,
    /// What stands where, and which wheel put it there.
    taken: HashMap<PathBuf, (String, String)>,
    folders: HashSet<PathBuf>,
    /// Set once the filesystem has refused a hard link: the cache is on another one, and nothing more is tried.
    copies: bool,
}

/// What is said of one installed distribution.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Asked for by name, not only needed by another.
    pub requested: bool,
    /// The content of direct_url.json, without credentials.
    pub direct_url: Option<&'a str>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Linked {
    /// The names in the environment's scripts folder, sorted.
    pub scripts: Vec<String>,
    /// For people: files that another wheel had put there before, which stay.
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{wheel} wants to replace {path} of the environment itself\nnothing was installed; ask for another version, or tell the package's authors"
    )]
    Replaces { wheel: String, path: String },
    #[error("the cache has lost {path} of {wheel}\nrun the same command again: it is fetched anew")]
    Lost { wheel: String, path: String },
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

impl<'a> Environment<'a> {
    /// The environment written to `root` that will live at `home`; an interpreter of `facts` runs it. `isolated`: see
    /// [`Interpreter::isolated`]; for tools, not for projects.
    pub fn new(root: &Path, home: &Path, facts: &'a Facts, isolated: bool) -> Environment<'a> {
        Environment {
            root: root.into(),
            python: home.join(&facts.scripts).join("python"),
            facts,
            isolated,
            taken: HashMap::new(),
            folders: HashSet::new(),
            copies: false,
        }
    }

    /// Installs `wheel`. Where two wheels have the same file, the one that is installed first keeps it.
    pub fn install(&mut self, wheel: &CachedWheel, options: Options<'_>) -> Result<Linked> {
        let mut linked = Linked::default();
        let mut lines: Vec<Line> = Vec::with_capacity(wheel.files().len() + 8);
        let base = if wheel.is_purelib() { self.facts.purelib.clone() } else { self.facts.platlib.clone() };
        let scripts = self.facts.scripts.clone();

        for point in wheel.commands() {
            let interpreter = Interpreter { path: &self.python, isolated: self.isolated };
            let content = script::for_entry_point(point, interpreter);
            self.write(wheel, &scripts.join(&point.name), &content, 0o755, &base, &mut lines, &mut linked)?;
        }
        for file in wheel.files() {
            let (place, is_script) = self.place(wheel, file, &base);
            // A wheel may ship what its entry points also name: then the entry point's stays. Programs of megabytes are linked as they are.
            if is_script && (!file.executable || self.starts_with(wheel, file, script::TO_FILL_IN)?) {
                let content = self.read(wheel, file)?;
                let interpreter = Interpreter { path: &self.python, isolated: self.isolated };
                let content = script::rewritten(&content, interpreter).unwrap_or(content);
                self.write(wheel, &place, &content, 0o755, &base, &mut lines, &mut linked)?;
            } else {
                self.link(wheel, file, &place, &base, &mut lines, &mut linked)?;
            }
        }

        self.link_bytecode(wheel, &base);

        let info = base.join(wheel.dist_info());
        self.write(wheel, &info.join("INSTALLER"), b"boot\n", 0o644, &base, &mut lines, &mut linked)?;
        if options.requested {
            self.write(wheel, &info.join("REQUESTED"), b"", 0o644, &base, &mut lines, &mut linked)?;
        }
        if let Some(text) = options.direct_url {
            self.write(wheel, &info.join("direct_url.json"), text.as_bytes(), 0o644, &base, &mut lines, &mut linked)?;
        }
        let record = info.join("RECORD");
        lines.push(Line { path: relative(&record, &base), hash: String::new(), size: None });
        let text = record::text(lines.clone());
        self.write(wheel, &record, text.as_bytes(), 0o644, &base, &mut lines, &mut linked)?;
        linked.scripts.sort();
        linked.scripts.dedup();
        Ok(linked)
    }

    /// Where a file of the wheel goes, relative to the environment, and whether it is a script.
    fn place(&self, wheel: &CachedWheel, file: &WheelFile, base: &Path) -> (PathBuf, bool) {
        // Keys were checked when the wheel was unpacked.
        match data_key(&file.path) {
            None => (base.join(&file.path), false),
            Some(("purelib", rest)) => (self.facts.purelib.join(rest), false),
            Some(("platlib", rest)) => (self.facts.platlib.join(rest), false),
            Some(("scripts", rest)) => (self.facts.scripts.join(rest), true),
            // As pip does in virtual environments, whose include folder is the interpreter's own.
            Some(("headers", rest)) => {
                let (major, minor, _) = self.facts.version;
                (Path::new("include/site").join(format!("python{major}.{minor}")).join(wheel.name()).join(rest), false)
            }
            Some((_, rest)) => (PathBuf::from(rest), false),
        }
    }

    /// Whether `place` is free for `wheel`, and makes its folder. None if another wheel has it already.
    fn claim(&mut self, wheel: &CachedWheel, place: &Path, hash: &str, linked: &mut Linked) -> Result<Option<PathBuf>> {
        if let Some((owner, content)) = self.taken.get(place) {
            if content != hash && owner != wheel.dist_info() {
                linked.warnings.push(format!(
                    "{} and {} both have {}; that of {} stays",
                    owner.trim_end_matches(".dist-info"),
                    wheel.dist_info().trim_end_matches(".dist-info"),
                    crate::report::escaped(&place.to_string_lossy()),
                    owner.trim_end_matches(".dist-info"),
                ));
            }
            return Ok(None);
        }
        self.taken.insert(place.into(), (wheel.dist_info().into(), hash.into()));
        let path = self.root.join(place);
        if let Some(folder) = path.parent()
            && !self.folders.contains(folder)
        {
            fs::create_dir_all(folder).map_err(|error| self.failed(wheel, place, error))?;
            self.folders.insert(folder.into());
        }
        Ok(Some(path))
    }

    fn link(
        &mut self,
        wheel: &CachedWheel,
        file: &WheelFile,
        place: &Path,
        base: &Path,
        lines: &mut Vec<Line>,
        linked: &mut Linked,
    ) -> Result<()> {
        let Some(path) = self.claim(wheel, place, &file.hash, linked)? else { return Ok(()) };
        let source = wheel.path_of(file);
        if let Err(error) = self.link_or_copy(&source, &path) {
            if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(&source).is_err() {
                wheel.discard();
                return Err(Error::Lost { wheel: wheel.name().into(), path: file.path.clone() });
            }
            return Err(self.failed(wheel, place, error));
        }
        if place.parent() == Some(&self.facts.scripts) && file.executable {
            linked.scripts.extend(place.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
        lines.push(Line { path: relative(place, base), hash: file.hash.clone(), size: Some(file.size) });
        Ok(())
    }

    /// Links the bytecode that the cache has. Not where files were copied: bytecode holds the time of the source it was made from.
    fn link_bytecode(&mut self, wheel: &CachedWheel, base: &Path) {
        let compiled = bytecode::folder(wheel, self.facts);
        if self.copies || !compiled.is_dir() {
            return;
        }
        for file in wheel.files().iter().filter(|file| data_key(&file.path).is_none()) {
            let Some(place) = bytecode::place(Path::new(&file.path), self.facts) else { continue };
            let source = compiled.join(&place);
            let path = self.root.join(base).join(&place);
            let folder = path.parent().unwrap_or(&path);
            if !self.folders.contains(folder) && fs::create_dir_all(folder).is_ok() {
                self.folders.insert(folder.into());
            }
            // A module that could not be compiled has none, and a wheel may ship its own.
            let _ = fs::hard_link(source, path);
        }
    }

    fn link_or_copy(&mut self, source: &Path, path: &Path) -> io::Result<()> {
        if !self.copies {
            match fs::hard_link(source, path) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::CrossesDevices | io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
                    ) =>
                {
                    self.copies = true;
                }
                Err(error) if error.kind() == io::ErrorKind::TooManyLinks => {}
                done => return done,
            }
        }
        // The standard library clones the content where the filesystem can.
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::copy(source, path).map(drop)
    }

    #[allow(clippy::too_many_arguments)]
    fn write(
        &mut self,
        wheel: &CachedWheel,
        place: &Path,
        content: &[u8],
        mode: u32,
        base: &Path,
        lines: &mut Vec<Line>,
        linked: &mut Linked,
    ) -> Result<()> {
        let hash = record::hash(&Sha256::of(content));
        let Some(path) = self.claim(wheel, place, &hash, linked)? else { return Ok(()) };
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(content)?;
                file.set_permissions(fs::Permissions::from_mode(mode))
            })
            .map_err(|error| self.failed(wheel, place, error))?;
        if place.parent() == Some(&self.facts.scripts) {
            linked.scripts.extend(place.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
        lines.push(Line { path: relative(place, base), hash, size: Some(content.len() as u64) });
        Ok(())
    }

    fn read(&self, wheel: &CachedWheel, file: &WheelFile) -> Result<Vec<u8>> {
        self.read_up_to(wheel, file, u64::MAX)
    }

    fn starts_with(&self, wheel: &CachedWheel, file: &WheelFile, words: &[u8]) -> Result<bool> {
        Ok(self.read_up_to(wheel, file, words.len() as u64)? == words)
    }

    fn read_up_to(&self, wheel: &CachedWheel, file: &WheelFile, most: u64) -> Result<Vec<u8>> {
        let path = wheel.path_of(file);
        let mut content = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut content));
        match read {
            Ok(_) => Ok(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                wheel.discard();
                Err(Error::Lost { wheel: wheel.name().into(), path: file.path.clone() })
            }
            Err(error) => Err(store::Error::io("read", &path)(error).into()),
        }
    }

    /// Something that no wheel put there stands in the way: the environment's own interpreter, its configuration.
    fn failed(&self, wheel: &CachedWheel, place: &Path, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => Error::Replaces {
                wheel: wheel.dist_info().trim_end_matches(".dist-info").into(),
                path: crate::report::escaped(&place.to_string_lossy()),
            },
            _ => store::Error::io("write", &self.root.join(place))(error).into(),
        }
    }
}

/// `place` as RECORD writes it: relative to the folder that the distribution is installed in.
fn relative(place: &Path, base: &Path) -> String {
    let mut base: Vec<Component<'_>> = base.components().collect();
    let place: Vec<Component<'_>> = place.components().collect();
    let common = base.iter().zip(&place).take_while(|(a, b)| a == b).count();
    let mut parts: Vec<String> = base.drain(common..).map(|_| "..".to_string()).collect();
    parts.extend(place[common..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned()));
    parts.join("/")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::wheel::tests::{cached, wheel};
    use super::*;

    pub fn facts() -> Facts {
        serde_json::from_value(serde_json::json!({
            "version": [3, 11, 9],
            "markers": {
                "implementation_name": "cpython", "implementation_version": "3.11.9", "os_name": "posix", "platform_machine": "x86_64",
                "platform_python_implementation": "CPython", "platform_release": "", "platform_system": "Linux",
                "platform_version": "", "python_full_version": "3.11.9", "python_version": "3.11", "sys_platform": "linux"
            },
            "free_threaded": false, "soabi": "cpython-311-x86_64-linux-gnu", "pointer_bits": 64, "libc": ["glibc", 2, 36],
            "macos": null, "cache_tag": "cpython-311", "magic": "a70d0d0a", "stdlib": "/p/lib/python3.11",
            "purelib": "lib/python3.11/site-packages", "platlib": "lib/python3.11/site-packages", "scripts": "bin",
            "include": "include/python3.11"
        }))
        .unwrap()
    }

    #[test]
    fn a_wheel_is_installed_as_pip_would() {
        let home = tempfile::tempdir().unwrap();
        let env = home.path().join("env");
        fs::create_dir_all(env.join("bin")).unwrap();
        let files = [
            ("a/__init__.py", "x = 1\n"),
            ("INFO/entry_points.txt", "[console_scripts]\na = a:main\n"),
            ("a-1.0.data/scripts/a-script", "#!python\nprint()\n"),
            ("a-1.0.data/headers/a.h", "//"),
            ("a-1.0.data/data/share/man/man1/a.1", ".TH"),
            ("a-1.0.data/purelib/b.py", ""),
        ];
        let wheel = cached(home.path(), "a-1.0-py3-none-any.whl", &wheel("a", "1.0", &files)).unwrap();
        let facts = facts();
        let mut environment = Environment::new(&env, Path::new("/t/a"), &facts, true);
        let linked = environment.install(&wheel, Options { requested: true, direct_url: None }).unwrap();
        assert_eq!(linked.scripts, ["a", "a-script"]);
        assert!(linked.warnings.is_empty());
        assert!(fs::read_to_string(env.join("bin/a")).unwrap().starts_with("#!/t/a/bin/python -E\n"));
        assert_eq!(fs::read_to_string(env.join("bin/a-script")).unwrap(), "#!/t/a/bin/python -E\nprint()\n");
        let site = env.join("lib/python3.11/site-packages");
        assert!(env.join("include/site/python3.11/a/a.h").is_file() && site.join("b.py").is_file());
        assert_eq!(fs::read_to_string(site.join("a-1.0.dist-info/INSTALLER")).unwrap(), "boot\n");
        let record = fs::read_to_string(site.join("a-1.0.dist-info/RECORD")).unwrap();
        let paths: Vec<&str> = record.lines().filter_map(|line| line.split(',').next()).collect();
        assert_eq!(
            paths,
            [
                "../../../bin/a",
                "../../../bin/a-script",
                "../../../include/site/python3.11/a/a.h",
                "../../../share/man/man1/a.1",
                "a-1.0.dist-info/INSTALLER",
                "a-1.0.dist-info/METADATA",
                "a-1.0.dist-info/RECORD",
                "a-1.0.dist-info/REQUESTED",
                "a-1.0.dist-info/WHEEL",
                "a-1.0.dist-info/entry_points.txt",
                "a/__init__.py",
                "b.py",
            ]
        );
        let known = record::hashes(&record);
        assert_eq!(known["../../../bin/a"], record::hash(&Sha256::of(&fs::read(env.join("bin/a")).unwrap())));
        assert_eq!(known.len(), paths.len() - 1);
    }

    #[test]
    fn of_two_wheels_with_the_same_file_the_first_keeps_it() {
        let home = tempfile::tempdir().unwrap();
        let first =
            cached(home.path(), "a-1-py3-none-any.whl", &wheel("a", "1", &[("tests/__init__.py", "a"), ("ns/__init__.py", "")])).unwrap();
        let second =
            cached(home.path(), "b-1-py3-none-any.whl", &wheel("b", "1", &[("tests/__init__.py", "b"), ("ns/__init__.py", "")])).unwrap();
        let facts = facts();
        let env = home.path().join("env");
        let mut environment = Environment::new(&env, &env, &facts, false);
        environment.install(&first, Options::default()).unwrap();
        let linked = environment.install(&second, Options::default()).unwrap();
        assert_eq!(linked.warnings, ["a-1 and b-1 both have lib/python3.11/site-packages/tests/__init__.py; that of a-1 stays"]);
        assert_eq!(fs::read_to_string(env.join("lib/python3.11/site-packages/tests/__init__.py")).unwrap(), "a");
    }

    #[test]
    fn no_wheel_replaces_the_environment_itself() {
        for path in ["a-1.data/data/bin/python", "a-1.data/data/pyvenv.cfg", "a-1.data/data/bin/python/x"] {
            let home = tempfile::tempdir().unwrap();
            let env = home.path().join("env");
            fs::create_dir_all(env.join("bin")).unwrap();
            fs::write(env.join("pyvenv.cfg"), "home").unwrap();
            std::os::unix::fs::symlink("/nowhere/python", env.join("bin/python")).unwrap();
            let wheel = cached(home.path(), "a-1-py3-none-any.whl", &wheel("a", "1", &[(path, "evil")])).unwrap();
            let facts = facts();
            let error = Environment::new(&env, &env, &facts, true).install(&wheel, Options::default()).unwrap_err();
            assert!(matches!(error, Error::Replaces { .. }), "{path}: {error}");
        }
    }

    #[test]
    fn a_cache_that_lost_a_file_heals_itself() {
        let home = tempfile::tempdir().unwrap();
        let wheel = cached(home.path(), "a-1-py3-none-any.whl", &wheel("a", "1", &[("a.py", "")])).unwrap();
        let gone = wheel.files().iter().find(|file| file.path == "a.py").unwrap();
        fs::remove_file(wheel.path_of(gone)).unwrap();
        let facts = facts();
        let env = home.path().join("env");
        let error = Environment::new(&env, &env, &facts, true).install(&wheel, Options::default()).unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert!(!wheel.path_of(gone).parent().unwrap().exists());
    }
}
