//! Puts cached wheels into an environment that is being made, as pip would install them, by hard
//! links: a file that is rewritten (a script, RECORD) is written anew, and the cache is never
//! written through.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use self::put::{Target, Work, Written};
use super::facts::Facts;
use super::record::{self, Line};
use super::script::{self, Interpreter};
use super::wheel::{CachedWheel, WheelFile, data_key};
use crate::parallel::side_by_side;
use crate::store::digest::Sha256;
use crate::store::{self};

mod put;

/// An environment in the making. Wheels are planned one after another, for the first one that has a
/// file keeps it, and put there side by side when all are known.
#[derive(Debug)]
pub(crate) struct Environment<'a> {
    root: PathBuf,
    python: PathBuf,
    facts: &'a Facts,
    isolated: bool,
    /// What stands where: which wheel puts it there, and the content's hash.
    taken: HashMap<PathBuf, (&'a str, Cow<'a, str>)>,
    planned: Vec<Work<'a>>,
}

/// What is said of one installed distribution.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options<'a> {
    /// Asked for by name, not only needed by another.
    pub requested: bool,
    /// The content of direct_url.json, without credentials.
    pub direct_url: Option<&'a str>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Linked {
    /// The names in the environment's scripts folder, sorted.
    pub scripts: Vec<String>,
    /// For people: files that another wheel had put there before, which stay.
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{wheel} wants to replace {path} of the environment itself\n\
         nothing was installed; ask for another version, or tell the package's authors"
    )]
    Replaces { wheel: String, path: String },
    #[error("the cache has lost {path} of {wheel}\nrun the same command again: it is fetched anew")]
    Lost { wheel: String, path: String },
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl<'a> Environment<'a> {
    /// The environment written to `root` that will live at `home`; an interpreter of `facts` runs
    /// it. `isolated`: see [`Interpreter::isolated`]; for tools, not for projects.
    pub(crate) fn new(
        root: &Path,
        home: &Path,
        facts: &'a Facts,
        isolated: bool,
    ) -> Environment<'a> {
        Environment {
            root: root.into(),
            python: home.join(&facts.scripts).join("python"),
            facts,
            isolated,
            taken: HashMap::new(),
            planned: Vec::new(),
        }
    }

    /// Plans `wheel`. Where two wheels have the same file, the one that is planned first keeps it.
    /// Nothing is changed before [`finish`].
    ///
    /// [`finish`]: Environment::finish
    pub(crate) fn install(
        &mut self,
        wheel: &'a CachedWheel,
        options: Options<'_>,
    ) -> Result<Linked> {
        let base = if wheel.is_purelib() {
            &self.facts.purelib
        } else {
            &self.facts.platlib
        };
        let count = wheel.files().len();
        let work = Work {
            wheel,
            base,
            links: Vec::with_capacity(count),
            written: Vec::new(),
        };
        let mut plan = Plan {
            work,
            lines: Vec::with_capacity(count + 8),
            linked: Linked::default(),
        };
        let scripts = &self.facts.scripts;
        let python = self.python.clone();
        let interpreter = Interpreter {
            path: &python,
            isolated: self.isolated,
        };

        for point in wheel.commands() {
            self.write(
                &mut plan,
                scripts.join(&point.name),
                script::for_entry_point(point, interpreter),
                0o755,
            );
        }
        for file in wheel.files() {
            let (place, is_script) = self.place(wheel, file, base);
            // A wheel may ship what its entry points also name: then the entry point's stays.
            // Programs of megabytes are linked as they are.
            if is_script && (!file.executable || starts_with(wheel, file, script::TO_FILL_IN)?) {
                let content = read(wheel, file, u64::MAX)?;
                let content = script::rewritten(&content, interpreter).unwrap_or(content);
                self.write(&mut plan, place, content, 0o755);
            } else {
                self.link(&mut plan, file, place);
            }
        }

        self.plan_info(&mut plan, base, options);
        plan.linked.scripts.sort();
        plan.linked.scripts.dedup();
        self.planned.push(plan.work);
        Ok(plan.linked)
    }

    /// Plans boot's own files of the wheel's `.dist-info`. RECORD comes last: it lists the others.
    fn plan_info(&mut self, plan: &mut Plan<'a>, base: &Path, options: Options<'_>) {
        let info = base.join(plan.work.wheel.dist_info());
        self.write(plan, info.join("INSTALLER"), b"boot\n".into(), 0o644);
        if options.requested {
            self.write(plan, info.join("REQUESTED"), Vec::new(), 0o644);
        }
        if let Some(text) = options.direct_url {
            self.write(plan, info.join("direct_url.json"), text.into(), 0o644);
        }
        let record = info.join("RECORD");
        plan.lines.push(Line {
            path: relative(&record, base),
            hash: String::new(),
            size: None,
        });
        let text = record::text(std::mem::take(&mut plan.lines));
        self.write(plan, record, text.into(), 0o644);
    }

    /// Puts all that was planned into the environment's folder.
    ///
    /// # Errors
    /// Of one of the wheels: it would replace something of the environment's own, or the cache has
    /// lost a file of it; or of the disk.
    pub(crate) fn finish(mut self) -> Result<()> {
        let target = Target::open(&self.root, self.facts)?;
        // The largest first: nobody waits for one that was begun last.
        self.planned
            .sort_by_key(|work| std::cmp::Reverse(work.links.len()));
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        side_by_side(&self.planned, threads, |work| target.put(work))
            .into_iter()
            .collect()
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
                (
                    Path::new("include/site")
                        .join(format!("python{major}.{minor}"))
                        .join(wheel.name())
                        .join(rest),
                    false,
                )
            }
            Some((_, rest)) => (PathBuf::from(rest), false),
        }
    }

    /// Tells whether `place` is free for the wheel; else another one has it already, which is told
    /// where their contents differ.
    fn claim(&mut self, plan: &mut Plan<'a>, place: &Path, hash: Cow<'a, str>) -> bool {
        let wheel = plan.work.wheel;
        if let Some((owner, content)) = self.taken.get(place) {
            if *content != hash && *owner != wheel.dist_info() {
                plan.linked.warnings.push(format!(
                    "{} and {} both have {}; that of {} stays",
                    owner.trim_end_matches(".dist-info"),
                    wheel.dist_info().trim_end_matches(".dist-info"),
                    crate::report::escaped(&place.to_string_lossy()),
                    owner.trim_end_matches(".dist-info"),
                ));
            }
            return false;
        }
        self.taken.insert(place.into(), (wheel.dist_info(), hash));
        true
    }

    fn link(&mut self, plan: &mut Plan<'a>, file: &'a WheelFile, place: PathBuf) {
        if !self.claim(plan, &place, Cow::Borrowed(&file.hash)) {
            return;
        }
        if file.executable {
            self.offer(plan, &place);
        }
        let path = if data_key(&file.path).is_none() {
            file.path.clone()
        } else {
            relative(&place, plan.work.base)
        };
        plan.lines.push(Line {
            path,
            hash: file.hash.clone(),
            size: Some(file.size),
        });
        plan.work.links.push((file, place));
    }

    fn write(&mut self, plan: &mut Plan<'a>, place: PathBuf, content: Vec<u8>, mode: u32) {
        let hash = record::hash(&Sha256::of(&content));
        if !self.claim(plan, &place, Cow::Owned(hash.clone())) {
            return;
        }
        self.offer(plan, &place);
        plan.lines.push(Line {
            path: relative(&place, plan.work.base),
            hash,
            size: Some(content.len() as u64),
        });
        plan.work.written.push(Written {
            place,
            content,
            mode,
        });
    }

    /// What lies in the scripts folder is a command.
    fn offer(&self, plan: &mut Plan<'a>, place: &Path) {
        if place.parent() == Some(&self.facts.scripts) {
            plan.linked.scripts.extend(
                place
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned()),
            );
        }
    }
}

/// A wheel while it is planned.
struct Plan<'a> {
    work: Work<'a>,
    /// Of its RECORD.
    lines: Vec<Line>,
    linked: Linked,
}

fn starts_with(wheel: &CachedWheel, file: &WheelFile, words: &[u8]) -> Result<bool> {
    Ok(read(wheel, file, words.len() as u64)? == words)
}

/// At most `most` bytes of a file in the cache.
fn read(wheel: &CachedWheel, file: &WheelFile, most: u64) -> Result<Vec<u8>> {
    let path = wheel.path_of(file);
    match store::file::read_start(&path, most) {
        Ok(content) => Ok(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            wheel.discard();
            Err(Error::Lost {
                wheel: wheel.name().into(),
                path: file.path.clone(),
            })
        }
        Err(error) => Err(store::Error::io("read", &path)(error).into()),
    }
}

/// `place` as RECORD writes it: relative to the folder that the distribution is installed in.
fn relative(place: &Path, base: &Path) -> String {
    let mut base: Vec<Component<'_>> = base.components().collect();
    let place: Vec<Component<'_>> = place.components().collect();
    let common = base.iter().zip(&place).take_while(|(a, b)| a == b).count();
    let mut parts: Vec<String> = base.drain(common..).map(|_| "..".to_string()).collect();
    parts.extend(
        place[common..]
            .iter()
            .map(|part| part.as_os_str().to_string_lossy().into_owned()),
    );
    parts.join("/")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::super::wheel::tests::{cached, wheel};
    use super::*;

    pub(crate) fn facts() -> Facts {
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
    fn install_lays_wheel_out_as_pip_does() {
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
        let wheel = cached(
            home.path(),
            "a-1.0-py3-none-any.whl",
            &wheel("a", "1.0", &files),
        )
        .unwrap();
        let facts = facts();
        let mut environment = Environment::new(&env, Path::new("/t/a"), &facts, true);
        let linked = environment
            .install(
                &wheel,
                Options {
                    requested: true,
                    direct_url: None,
                },
            )
            .unwrap();
        environment.finish().unwrap();
        assert_eq!(linked.scripts, ["a", "a-script"]);
        assert!(linked.warnings.is_empty());
        assert!(
            fs::read_to_string(env.join("bin/a"))
                .unwrap()
                .starts_with("#!/t/a/bin/python -E\n")
        );
        assert_eq!(
            fs::read_to_string(env.join("bin/a-script")).unwrap(),
            "#!/t/a/bin/python -E\nprint()\n"
        );
        let site = env.join("lib/python3.11/site-packages");
        assert!(env.join("include/site/python3.11/a/a.h").is_file() && site.join("b.py").is_file());
        assert_eq!(
            fs::read_to_string(site.join("a-1.0.dist-info/INSTALLER")).unwrap(),
            "boot\n"
        );
        let record = fs::read_to_string(site.join("a-1.0.dist-info/RECORD")).unwrap();
        let paths: Vec<&str> = record
            .lines()
            .filter_map(|line| line.split(',').next())
            .collect();
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
        assert_eq!(
            known["../../../bin/a"],
            record::hash(&Sha256::of(&fs::read(env.join("bin/a")).unwrap()))
        );
        assert_eq!(known.len(), paths.len() - 1);
    }

    #[test]
    fn install_follows_root_is_purelib() {
        let mut facts = facts();
        facts.platlib = "lib64/python3.11/site-packages".into();
        let (pure, plat) = (
            "lib/python3.11/site-packages",
            "lib64/python3.11/site-packages",
        );
        for (says, base) in [("true", pure), ("false", plat)] {
            let home = tempfile::tempdir().unwrap();
            let env = home.path().join("env");
            fs::create_dir_all(env.join("bin")).unwrap();
            let about = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: {says}\nTag: py3-none-any\n");
            let files = [
                ("INFO/WHEEL", about.as_str()),
                ("root.py", ""),
                ("a-1.0.data/purelib/pure.py", ""),
                ("a-1.0.data/platlib/plat.py", ""),
                ("a-1.0.data/scripts/a", "#!python\n"),
            ];
            let wheel = cached(
                home.path(),
                "a-1.0-py3-none-any.whl",
                &wheel("a", "1.0", &files),
            )
            .unwrap();
            let mut environment = Environment::new(&env, &env, &facts, true);
            environment
                .install(
                    &wheel,
                    Options {
                        requested: true,
                        direct_url: Some("{}"),
                    },
                )
                .unwrap();
            environment.finish().unwrap();
            for (folder, file) in [(base, "root.py"), (pure, "pure.py"), (plat, "plat.py")] {
                assert!(env.join(folder).join(file).is_file(), "{says}: {file}");
            }
            // All that tells of it lies in one folder, and its RECORD leads to each file from
            // there.
            for file in ["METADATA", "INSTALLER", "REQUESTED", "direct_url.json"] {
                assert!(
                    env.join(base).join("a-1.0.dist-info").join(file).is_file(),
                    "{says}: {file}"
                );
            }
            let record = fs::read_to_string(env.join(base).join("a-1.0.dist-info/RECORD")).unwrap();
            let paths: Vec<&str> = record
                .lines()
                .filter_map(|line| line.split(',').next())
                .collect();
            assert!(
                paths.iter().all(|path| env.join(base).join(path).is_file()),
                "{says}: {record}"
            );
            assert_eq!(paths.len(), 10, "{says}: {record}");
        }
    }

    #[test]
    fn install_keeps_first_of_two_equal_files() {
        let home = tempfile::tempdir().unwrap();
        let first = cached(
            home.path(),
            "a-1-py3-none-any.whl",
            &wheel(
                "a",
                "1",
                &[("tests/__init__.py", "a"), ("ns/__init__.py", "")],
            ),
        )
        .unwrap();
        let second = cached(
            home.path(),
            "b-1-py3-none-any.whl",
            &wheel(
                "b",
                "1",
                &[("tests/__init__.py", "b"), ("ns/__init__.py", "")],
            ),
        )
        .unwrap();
        let facts = facts();
        let env = home.path().join("env");
        fs::create_dir_all(&env).unwrap();
        let mut environment = Environment::new(&env, &env, &facts, false);
        environment.install(&first, Options::default()).unwrap();
        let linked = environment.install(&second, Options::default()).unwrap();
        environment.finish().unwrap();
        assert_eq!(
            linked.warnings,
            [
                "a-1 and b-1 both have lib/python3.11/site-packages/tests/__init__.py; that of a-1 \
                 stays"
            ]
        );
        assert_eq!(
            fs::read_to_string(env.join("lib/python3.11/site-packages/tests/__init__.py")).unwrap(),
            "a"
        );
    }

    #[test]
    fn install_refuses_to_replace_the_environment() {
        for path in [
            "a-1.data/data/bin/python",
            "a-1.data/data/pyvenv.cfg",
            "a-1.data/data/bin/python/x",
        ] {
            let home = tempfile::tempdir().unwrap();
            let env = home.path().join("env");
            fs::create_dir_all(env.join("bin")).unwrap();
            fs::write(env.join("pyvenv.cfg"), "home").unwrap();
            std::os::unix::fs::symlink("/nowhere/python", env.join("bin/python")).unwrap();
            let wheel = cached(
                home.path(),
                "a-1-py3-none-any.whl",
                &wheel("a", "1", &[(path, "evil")]),
            )
            .unwrap();
            let facts = facts();
            let mut environment = Environment::new(&env, &env, &facts, true);
            environment.install(&wheel, Options::default()).unwrap();
            let error = environment.finish().unwrap_err();
            assert!(matches!(error, Error::Replaces { .. }), "{path}: {error}");
        }
    }

    #[test]
    fn install_discards_damaged_cached_wheel() {
        let home = tempfile::tempdir().unwrap();
        let wheel = cached(
            home.path(),
            "a-1-py3-none-any.whl",
            &wheel("a", "1", &[("a.py", "")]),
        )
        .unwrap();
        let gone = wheel
            .files()
            .iter()
            .find(|file| file.path == "a.py")
            .unwrap();
        fs::remove_file(wheel.path_of(gone)).unwrap();
        let facts = facts();
        let env = home.path().join("env");
        fs::create_dir_all(&env).unwrap();
        let mut environment = Environment::new(&env, &env, &facts, true);
        environment.install(&wheel, Options::default()).unwrap();
        let error = environment.finish().unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        assert!(!wheel.path_of(gone).parent().unwrap().exists());
    }
}
