//! The throw-away environment of a build: the interpreter, what the build asks for, and nothing of
//! the user's.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::system::System;
use super::{Builder, Error, Job, Result, obtain};
use crate::package::link::{self, Options};
use crate::package::resolve::{self, Inputs};
use crate::package::wheel::CachedWheel;
use crate::report::Silent;
use crate::store;
use crate::store::env;
use crate::store::paths::Paths;

const SCRIPT: &str = include_str!("backend.py");
/// Lines of a failed build's output that are shown.
const SHOWN: usize = 40;

/// An environment in a folder that its maker will delete.
pub(super) struct Environment<'b, 'a> {
    builder: &'b Builder<'a>,
    root: PathBuf,
}

/// What a hook said: one of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    /// What it needs beside what was there.
    pub requires: Option<Vec<String>>,
    /// The wheel's file name.
    pub wheel: Option<String>,
    /// The name of the dist-info folder.
    pub metadata: Option<String>,
}

impl<'b, 'a> Environment<'b, 'a> {
    /// Makes it below `work`, with `requires` in it.
    pub(super) fn make(
        builder: &'b Builder<'a>,
        what: &str,
        work: &Path,
        requires: &[String],
    ) -> Result<Environment<'b, 'a>> {
        let needs = |reason: resolve::Error| Error::Needs {
            what: what.into(),
            reason: Box::new(reason),
        };
        let root = (0..)
            .map(|number| work.join(format!("environment-{number}")))
            .find(|path| !path.exists());
        let root = root.unwrap_or_else(|| work.join("environment"));
        let (facts, program) = (builder.python.facts, builder.python.program);
        let bin = root.join(&facts.scripts);
        fs::create_dir_all(&bin).map_err(store::Error::io("create", &bin))?;
        let (major, minor, micro) = facts.version;
        for name in [
            "python".to_string(),
            "python3".into(),
            format!("python{major}.{minor}"),
        ] {
            let link = bin.join(name);
            symlink(program, &link).map_err(store::Error::io("link", &link))?;
        }
        let home = program.parent().unwrap_or(Path::new("/")).display();
        let config = root.join("pyvenv.cfg");
        let text = format!(
            "home = {home}\ninclude-system-site-packages = false\n\
             version = {major}.{minor}.{micro}\n"
        );
        fs::write(&config, text).map_err(store::Error::io("write", &config))?;

        if !requires.is_empty() {
            let requires: Vec<&str> = requires.iter().map(String::as_str).collect();
            let mut inputs = Inputs::parse(&requires, &[], false).map_err(needs)?;
            inputs.index = builder.index.clone();
            let resolution = resolve::resolve_for(builder, &inputs).map_err(needs)?;
            let wheels: Vec<CachedWheel> = resolution
                .pins
                .iter()
                .map(|pin| obtain(builder, pin, &Silent))
                .collect::<Result<_>>()?;
            let mut environment = link::Environment::new(&root, &root, facts, false);
            for wheel in &wheels {
                environment.install(wheel, Options::default())?;
            }
            environment.finish()?;
        }
        Ok(Environment { builder, root })
    }

    /// Runs the backend's hooks until one has an answer. What it prints is shown only if it fails.
    pub(super) fn hook(
        &self,
        paths: &Paths,
        job: &Job<'_>,
        system: &System,
        out: &Path,
        ready: bool,
        only_metadata: bool,
    ) -> Result<Answer> {
        let (said, answer) = (self.root.join("output"), self.root.join("answer.json"));
        let output = File::create(&said).map_err(store::Error::io("write", &said))?;
        let both = output
            .try_clone()
            .map_err(store::Error::io("write", &said))?;
        let work = serde_json::json!({
            "source": job.tree, "backend": system.backend, "backend_path": system.backend_path, "editable": job.editable,
            "ready": ready, "metadata": only_metadata, "out": out, "answer": answer,
        });
        let bin = self.root.join(&self.builder.python.facts.scripts);
        let python = bin.join("python");
        let mut command = Command::new(&python);
        // Unbuffered, so that what failed comes last in the output.
        command
            .args(["-I", "-B", "-u", "-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(both)
            .current_dir(job.tree);
        self.surroundings(&mut command, &bin);
        let mut child = command.spawn().map_err(store::Error::io("run", &python))?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that ends before it has read says why in its output.
            let _ = stdin.write_all(work.to_string().as_bytes());
        }
        let status = child.wait().map_err(store::Error::io("run", &python))?;
        let found = fs::read(&answer)
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        match found {
            Some(found) if status.success() => Ok(found),
            _ => Err(self.failed(paths, job, &said)),
        }
    }

    /// Whatever would let the user's own packages into the build is taken out; children of the
    /// backend inherit it.
    fn surroundings(&self, command: &mut Command, bin: &Path) {
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        let mut path = vec![bin.to_path_buf()];
        path.extend(env::var_os("PATH").iter().flat_map(std::env::split_paths));
        let path = std::env::join_paths(path).unwrap_or_else(|_| OsString::from(bin));
        command
            .env("PATH", path)
            .env("VIRTUAL_ENV", &self.root)
            .env("PYTHONNOUSERSITE", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
    }

    fn failed(&self, paths: &Paths, job: &Job<'_>, said: &Path) -> Error {
        let text = fs::read(said)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        // Many builds say what their surroundings are, and those know the way to private indexes.
        let text = crate::net::without_credentials_in(&text);
        let lines: Vec<&str> = text.lines().collect();
        let report = &self.builder.ctx.report;
        for line in &lines[lines.len().saturating_sub(SHOWN)..] {
            report.info(&crate::report::escaped(line));
        }
        let name: String = job
            .what
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        let log = paths
            .log()
            .join(format!("{}-build.log", name.trim_start_matches(['-', '.'])));
        let _ = store::atomic::write(&log, text.as_bytes(), None);
        let last = lines
            .iter()
            .rev()
            .find(|line| !line.trim().is_empty())
            .map(|line| line.trim().to_string())
            .unwrap_or_default();
        Error::Failed {
            what: job.what.into(),
            last,
            cause: super::cause::of(&text),
            log,
        }
    }
}
