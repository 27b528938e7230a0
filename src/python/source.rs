//! Builds a CPython from upstream's source into staging: configure, make, install, without what
//! nobody needs (the test suite's bytecode, three optimisation levels of it, ensurepip's process).
//! A finished build is kept in the cache.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::catalog::Source;
use super::configure;
use super::key::Key;
use super::preflight;
use super::tarball::Found;
use crate::Context;
use crate::net::{self, download};
use crate::package::script;
use crate::report::Bar;
use crate::store::atomic::{self, Staging};
use crate::store::digest::Sha256;
use crate::store::env::var;
use crate::store::unpack::{self, Limits};
use crate::store::{self};

/// Options of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    /// Profile-guided and link-time optimisation: a tenth faster, and ten times as long to build.
    pub optimize: bool,
    /// Further words for configure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configure: Option<String>,
    /// Compiler processes at once; all cores without it.
    #[serde(skip)]
    pub jobs: Option<usize>,
}

impl Options {
    /// These, where they say something; else those that an earlier build was made with.
    pub(crate) fn or(self, earlier: &Options) -> Options {
        let says = self.optimize || self.configure.is_some();
        if says {
            self
        } else {
            Options {
                jobs: self.jobs,
                ..earlier.clone()
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Python {version} could not be built: {stage} failed{}\n{}\n\
             the whole log: \
             {}", cause.map_or(String::new(), |cause| format!(" ({cause})")), last, log.display())]
    Failed {
        version: String,
        stage: &'static str,
        cause: Option<&'static str>,
        last: String,
        log: PathBuf,
    },
    #[error("Python can't be built for {}: its makefiles don't work with such a path\n\
             set BOOT_DATA_DIR to a folder without spaces or other special \
             characters", .0.display())]
    Path(PathBuf),
    #[error(transparent)]
    Preflight(#[from] preflight::Error),
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Builds what `found` names into the empty folder `staging`, for its life in `home`.
pub(crate) fn build(
    ctx: &Context,
    key: &Key,
    found: &Found,
    options: &Options,
    staging: &Path,
    home: &Path,
) -> Result<(), Error> {
    let kept = kept(ctx, key, &found.source, options, home);
    if kept.is_dir() {
        ctx.report
            .step(&format!("take the finished build of {key} from the cache"));
        return Ok(copy(&kept, staging)?);
    }
    if !script::is_plain(home) || !script::is_plain(&ctx.paths.builds()) {
        return Err(Error::Path(home.into()));
    }
    preflight::check()?;
    // On the cache's filesystem, where half a gigabyte of objects belongs.
    let work = Staging::within(&ctx.paths.builds())?;
    let sources = work.path().join("source");
    fs::create_dir(&sources).map_err(store::Error::io("create", &sources))?;
    {
        let bar = ctx.report.bar(&format!("source of Python {}", key.version));
        fetch(ctx, found, &sources, &*bar)?;
    }
    let log = create_log(ctx, key)?;
    let steps = Steps {
        ctx,
        key,
        log: &log,
        sources: &sources,
    };
    let jobs = options
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let scratch = work.path().join("probe");
    fs::create_dir(&scratch).map_err(store::Error::io("create", &scratch))?;
    steps.configure(options, home, &scratch, jobs)?;
    steps.compile(jobs)?;
    let root = work.path().join("root");
    steps.install(&root)?;
    let installed = root.join(home.strip_prefix("/").unwrap_or(home));
    rebase(&installed, &sources, home)?;
    steps.compile_bytecode(&installed, home);

    copy(&installed, staging)?;
    // The next reinstall takes seconds.
    let keep = Staging::beside(&kept)?;
    fs::remove_dir(keep.path()).map_err(store::Error::io("write", keep.path()))?;
    fs::rename(&installed, keep.path()).map_err(store::Error::io("write", keep.path()))?;
    keep.publish(&kept)?;
    Ok(())
}

/// The empty log of a build.
fn create_log(ctx: &Context, key: &Key) -> store::Result<PathBuf> {
    let folder = ctx.paths.log();
    let log = folder.join(format!("python-{}-build.log", key.version));
    fs::create_dir_all(&folder).map_err(store::Error::io("create", &folder))?;
    File::create(&log).map_err(store::Error::io("write", &log))?;
    Ok(log)
}

/// The finished build of `source` in the cache, if there is one that was made alike.
pub(crate) fn finished(
    ctx: &Context,
    key: &Key,
    source: &Source,
    options: &Options,
    home: &Path,
) -> Option<PathBuf> {
    Some(kept(ctx, key, source, options, home)).filter(|kept| kept.is_dir())
}

/// Deletes a finished build that turned out to be of no use.
pub(crate) fn forget(
    ctx: &Context,
    key: &Key,
    source: &Source,
    options: &Options,
    home: &Path,
) -> store::Result<()> {
    atomic::remove_folder(&kept(ctx, key, source, options, home))
}

/// The place of a finished build in the cache. Its paths are compiled in, so its home is part of
/// its
/// name.
fn kept(ctx: &Context, key: &Key, source: &Source, options: &Options, home: &Path) -> PathBuf {
    // The first line changes with what is done to a build after make.
    let mut what = format!(
        "4\n{}\n{}\n{}\n{:?}\n",
        source.sha256,
        home.display(),
        options.optimize,
        options.configure
    );
    for name in [
        "CONFIGURE_OPTS",
        "PYTHON_CONFIGURE_OPTS",
        "PYTHON_CFLAGS",
        "CC",
        "CFLAGS",
        "CFLAGS_NODIST",
        "CPPFLAGS",
        "LDFLAGS",
        "OPT",
    ] {
        what.push_str(&format!("{name}={}\n", var(name).unwrap_or_default()));
    }
    let hash = Sha256::of(what.as_bytes()).to_string();
    ctx.paths.builds().join(format!("{key}-{}", &hash[..12]))
}

fn fetch(ctx: &Context, found: &Found, sources: &Path, bar: &dyn Bar) -> Result<(), Error> {
    let archive = Path::new(&found.source.file);
    let top = PathBuf::from(
        found
            .source
            .file
            .trim_end_matches(".tgz")
            .trim_end_matches(".tar.xz"),
    );
    ctx.report
        .step(&format!("fetch {}", net::shown(&found.url)));
    download::streamed(
        ctx.client()?,
        &found.url,
        &found.source.sha256,
        bar,
        |stream| {
            let decoder: Box<dyn Read + '_> = if found.source.file.ends_with(".tar.xz") {
                Box::new(lzma_rust2::XzReader::new(stream, false))
            } else {
                Box::new(flate2::read::GzDecoder::new(stream))
            };
            unpack::tar(decoder, archive, sources, &top, Limits::default())?;
            Ok(())
        },
    )
}

/// `make install` would compile the whole library three times over, the test suite included. Its
/// lines stay, as words for `:`.
fn without_bytecode(makefile: &Path) -> Result<(), Error> {
    let text = fs::read_to_string(makefile).map_err(store::Error::io("read", makefile))?;
    let changed: Vec<String> = text
        .lines()
        .map(|line| match line.find("$(PYTHON_FOR_BUILD)") {
            Some(at) if line.contains("compileall.py") && line.starts_with('\t') => {
                format!(
                    "{}: {}",
                    &line[..at],
                    &line[at + "$(PYTHON_FOR_BUILD)".len()..]
                )
            }
            _ => line.to_string(),
        })
        .collect();
    fs::write(makefile, changed.join("\n") + "\n").map_err(store::Error::io("write", makefile))?;
    Ok(())
}

/// Replaces the build folder by the prefix in installed files. They mention the folder that they
/// were built in, which is about to go.
fn rebase(installed: &Path, sources: &Path, home: &Path) -> store::Result<()> {
    let (old, new) = (sources.to_string_lossy(), home.to_string_lossy());
    for library in folders(&installed.join("lib")) {
        let data = folders(&library)
            .into_iter()
            .filter(|path| named(path, "_sysconfigdata"));
        let makefiles = folders(&library)
            .into_iter()
            .filter(|path| named(path, "config-"))
            .map(|folder| folder.join("Makefile"));
        for file in data.chain(makefiles) {
            let Ok(text) = fs::read_to_string(&file) else {
                continue;
            };
            fs::write(&file, text.replace(&*old, &new))
                .map_err(store::Error::io("write", &file))?;
        }
    }
    Ok(())
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn named(path: &Path, start: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(start))
}

/// The commands of a build, each with a line of progress and its output in the log.
struct Steps<'a> {
    ctx: &'a Context,
    key: &'a Key,
    log: &'a Path,
    sources: &'a Path,
}

impl Steps<'_> {
    fn configure(
        &self,
        options: &Options,
        home: &Path,
        scratch: &Path,
        jobs: usize,
    ) -> Result<(), Error> {
        let mut command = Command::new("./configure");
        command
            .args(configure::arguments(self.key, options, home))
            .envs(configure::flags(options))
            .envs(configure::answers(self.sources, scratch, jobs));
        self.run("configure", &mut command)?;
        without_bytecode(&self.sources.join("Makefile"))
    }

    fn compile(&self, jobs: usize) -> Result<(), Error> {
        let mut make = Command::new("make");
        make.arg(format!("-j{jobs}"))
            .args(configure::UNNEEDED)
            .args(
                ["MAKE_OPTS", "MAKEOPTS", "PYTHON_MAKE_OPTS"]
                    .iter()
                    .flat_map(|name| configure::words(name)),
            );
        self.run("compile", &mut make)
    }

    fn install(&self, root: &Path) -> Result<(), Error> {
        let mut install = Command::new("make");
        install
            .arg("install")
            .args(configure::UNNEEDED)
            .arg(format!("DESTDIR={}", root.display()))
            .args(configure::words("MAKE_INSTALL_OPTS"))
            .args(configure::words("PYTHON_MAKE_INSTALL_OPTS"));
        self.run("install", &mut install)
    }

    /// Compiles the library once, for programs that import it; its tests are left out.
    fn compile_bytecode(&self, installed: &Path, home: &Path) {
        let minor = self.key.version.minor_name(self.key.variant);
        let mut bytecode = Command::new(installed.join("bin").join(format!("python{minor}")));
        let library = installed.join("lib").join(format!("python{minor}"));
        bytecode
            // -f, and -B: the bytecode of this very process's imports would have the path of
            // staging in it.
            .args([
                "-I",
                "-B",
                "-m",
                "compileall",
                "-q",
                "-f",
                "-j0",
                "-x",
                "/(test|tests|idle_test|lib2to3/tests|bad_coding|badsyntax)/",
                "-s",
            ])
            .arg(installed);
        bytecode.arg("-p").arg(home).arg(&library);
        // A file that can't be compiled is no reason to have no Python.
        let _ = self.run("bytecode", &mut bytecode);
    }

    fn run(&self, stage: &'static str, command: &mut Command) -> Result<(), Error> {
        let start = std::time::Instant::now();
        let bar = self
            .ctx
            .report
            .spinner(&format!("Python {}: {stage}", self.key.version));
        let io = |error| store::Error::io("write", self.log)(error);
        let mut log = File::options().append(true).open(self.log).map_err(io)?;
        writeln!(log, "\n== {stage}: {command:?}\n").map_err(io)?;
        let failed = |reason: Option<String>| self.failed(stage, reason);
        let errors = log.try_clone().map_err(io)?;
        let mut child = command
            .current_dir(self.sources)
            .env_remove("PYTHONHOME")
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|error| failed(Some(error.to_string())))?;
        if let Some(stdout) = child.stdout.take() {
            // Each line of a build is one thing done: what is being worked on is the best progress
            // there is.
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { break };
                log.write_all(&line)
                    .and_then(|()| log.write_all(b"\n"))
                    .map_err(io)?;
                bar.say(&short(&String::from_utf8_lossy(&line)));
            }
        }
        let status = child
            .wait()
            .map_err(|error| failed(Some(error.to_string())))?;
        drop(bar);
        if !status.success() {
            return Err(failed(None));
        }
        self.ctx
            .report
            .info(&format!("  {stage:<10} {:>4} s", start.elapsed().as_secs()));
        Ok(())
    }

    fn failed(&self, stage: &'static str, reason: Option<String>) -> Error {
        let text = fs::read(self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        for line in last_lines(&text) {
            self.ctx.report.info(&format!("  | {line}"));
        }
        let last = reason.unwrap_or_else(|| last_words(&text));
        Error::Failed {
            version: self.key.version.to_string(),
            stage,
            cause: cause(&text),
            last,
            log: self.log.into(),
        }
    }
}

/// The subject of a compiler's line: the last file it names.
fn short(line: &str) -> String {
    let word = line
        .split_whitespace()
        .rev()
        .find(|word| word.ends_with(".c") || word.ends_with(".py") || word.ends_with(".o"));
    let text = word.map_or_else(
        || line.trim().to_string(),
        |word| word.rsplit('/').next().unwrap_or(word).to_string(),
    );
    crate::report::escaped(&text.chars().take(50).collect::<String>())
}

/// The end of the log, for a terminal.
fn last_lines(log: &str) -> Vec<String> {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let end = &lines[lines.len().saturating_sub(10)..];
    end.iter()
        .map(|line| crate::report::escaped(&line.chars().take(200).collect::<String>()))
        .collect()
}

/// The line that tells most of a failed build.
fn last_words(log: &str) -> String {
    let telling = |line: &&str| {
        [
            "error:",
            "Error:",
            "ERROR",
            "undefined reference",
            "No space left",
        ]
        .iter()
        .any(|word| line.contains(word))
    };
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let line = lines
        .iter()
        .rev()
        .take(200)
        .find(|line| telling(line))
        .or(lines.last())
        .copied()
        .unwrap_or("it said nothing");
    crate::report::escaped(&line.trim().chars().take(200).collect::<String>())
}

/// The likely cause, where the log has words that are known for it.
fn cause(log: &str) -> Option<&'static str> {
    let end: String = log.lines().rev().take(300).collect::<Vec<_>>().join("\n");
    [
        ("No space left on device", "the disk is full"),
        ("Killed", "the machine ran out of memory: try --jobs 1"),
        (
            "C compiler cannot create executables",
            "the C compiler doesn't work, or CFLAGS has a mistake",
        ),
        (
            "unrecognized option",
            "configure doesn't know an option that it was given",
        ),
        ("fatal error:", "a header is missing"),
    ]
    .iter()
    .find(|(words, _)| end.contains(words))
    .map(|(_, cause)| *cause)
}

/// Copies a tree with links and modes; the filesystem shares the content where it can.
fn copy(from: &Path, to: &Path) -> store::Result<()> {
    for entry in fs::read_dir(from).map_err(store::Error::io("read", from))? {
        let entry = entry.map_err(store::Error::io("read", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry
            .file_type()
            .map_err(store::Error::io("read", &source))?;
        if kind.is_dir() {
            fs::create_dir(&target).map_err(store::Error::io("create", &target))?;
            copy(&source, &target)?;
        } else if kind.is_symlink() {
            let link = fs::read_link(&source).map_err(store::Error::io("read", &source))?;
            std::os::unix::fs::symlink(link, &target).map_err(store::Error::io("link", &target))?;
        } else {
            fs::copy(&source, &target).map_err(store::Error::io("write", &target))?;
            // Bytecode is checked against the time of what it was made from.
            let times = fs::metadata(&source)
                .and_then(|data| data.modified())
                .map(|time| fs::FileTimes::new().set_modified(time));
            if let Ok(times) = times {
                let file = File::options()
                    .append(true)
                    .open(&target)
                    .or_else(|_| File::open(&target))
                    .map_err(store::Error::io("write", &target))?;
                let _ = file.set_times(times);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_bytecode_removes_only_compileall() {
        let folder = tempfile::tempdir().unwrap();
        let makefile = folder.path().join("Makefile");
        let text = "PYTHON_FOR_BUILD=./python -E\ninstall:\n\t-PYTHONPATH=$(D) $(RUNSHARED) \\\n\
                    \t\t$(PYTHON_FOR_BUILD) -Wi $(DESTDIR)$(LIBDEST)/compileall.py \\\n\
                    \t\t-d $(LIBDEST)\n\t$(PYTHON_FOR_BUILD) -m lib2to3.pgen2.driver G\n";
        fs::write(&makefile, text).unwrap();
        without_bytecode(&makefile).unwrap();
        let changed = fs::read_to_string(&makefile).unwrap();
        assert!(changed.contains("\t\t:  -Wi $(DESTDIR)$(LIBDEST)/compileall.py \\\n"));
        assert!(changed.contains("\t$(PYTHON_FOR_BUILD) -m lib2to3"));
    }

    #[test]
    fn cause_and_last_words_name_likely_cause() {
        assert_eq!(
            cause("x\ncc: fatal error: a.h: No such file\n"),
            Some("a header is missing")
        );
        assert_eq!(cause("fine\n"), None);
        assert_eq!(
            last_words("a\nb.c:1: error: expected ;\nmake: *** [x]\n"),
            "b.c:1: error: expected ;"
        );
    }
}
