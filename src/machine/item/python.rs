//! A Python that should be installed.

use super::{Kind, counted};
use crate::Context;
use crate::machine::applied::Applied;
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Item, Stage, State, View};
use crate::machine::{Result, resolve_lock};
use crate::manifest::lock::{LockedPython, SOURCE};
use crate::manifest::{Manifest, PythonRequest, Written};
use crate::python::catalog::{self, Build};
use crate::python::install::{self, Options};
use crate::python::installed::{self, Installed, Origin};
use crate::python::request::Request;
use crate::python::{self, standalone};

pub(crate) const KIND: Kind = Kind {
    name: "python",
    plural: "pythons",
    counted: |number| counted(number, "Python"),
};

#[derive(Debug)]
struct PythonItem {
    python: PythonRequest,
}

pub(super) fn wanted(manifest: &Manifest, view: &View<'_>) -> Vec<Box<dyn Item>> {
    manifest
        .python_requests(|tool| tool.only.holds(&view.here))
        .into_iter()
        .map(|python| -> Box<dyn Item> {
            Box::new(PythonItem {
                python: python.clone(),
            })
        })
        .collect()
}

impl Item for PythonItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        self.python.to_string()
    }

    fn line(&self) -> String {
        self.python.to_string()
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        let locked = view
            .locked
            .and_then(|locked| locked.python.get(&self.python));
        Ok(match locked {
            Some(locked) => self.assess_locked(view.ctx, locked, view.applied),
            None => match installed::find(&view.ctx.paths, self.python.value()) {
                Some(installed) => Assessment::new(State::Done, version(&installed)),
                None => Assessment::todo(""),
            },
        })
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        let locked = run
            .lock
            .original()
            .and_then(|locked| locked.python.get(&self.python).cloned())
            .or_else(|| resolve_lock::archive(run.ctx, self.python.value()));
        match locked {
            Some(locked) => self.install_locked(run, &locked).map(Some),
            None => self.install(run.ctx).map(Some),
        }
    }

    fn stage(&self) -> Stage {
        Stage::First
    }
}

impl PythonItem {
    /// Done where the lock's Python is here, or what was taken instead of it.
    fn assess_locked(&self, ctx: &Context, locked: &LockedPython, applied: &Applied) -> Assessment {
        if let Some(installed) = locked.find_installed(ctx) {
            return Assessment::new(State::Done, version(&installed));
        }
        let Some(installed) = installed::find(&ctx.paths, self.python.value()) else {
            return Assessment::todo("");
        };
        let is_substitute =
            applied.instead.get(&Written::by_boot(locked.key)) == Some(&installed.key);
        let (state, relation) = if is_substitute {
            (State::Done, "instead of")
        } else {
            (State::Todo, "the lock says")
        };
        let note = format!("{}, {relation} {}", version(&installed), locked.key.version);
        Assessment::new(state, note)
    }

    fn install(&self, ctx: &Context) -> Result<String> {
        let installed = install::ensure(ctx, self.python.value(), &Options::default())?.installed;
        let how = match installed.origin {
            Origin::Source => "built",
            _ => "installed",
        };
        Ok(format!("{how} {}", version(&installed)))
    }

    /// Installs the Python that a lock names. Where that can't be reached, another one that meets
    /// the request is taken instead and remembered, unless only the lock will do.
    fn install_locked(&self, run: &Run<'_>, locked: &LockedPython) -> Result<String> {
        match locked.install(run.ctx) {
            Ok(installed) => Ok(format!("installed {}", version(&installed))),
            Err(python::Error::Standalone(standalone::Error::Net(error)))
                if error.is_elsewhere() && !run.lock.is_strict() =>
            {
                let done = self.install(run.ctx)?;
                let installed = installed::find(&run.ctx.paths, self.python.value());
                match installed.map(|installed| installed.key) {
                    Some(key) if key != locked.key => {
                        let mut applied = run.applied();
                        applied.instead.insert(Written::by_boot(locked.key), key);
                        applied.write(&run.ctx.paths)?;
                        Ok(format!("{done}: {} is unreachable", locked.key))
                    }
                    _ => Ok(done),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn version(python: &Installed) -> String {
    format!("{}{}", python.key.version, python.key.variant.suffix())
}

impl LockedPython {
    /// The very Python, if it is installed.
    pub(crate) fn find_installed(&self, ctx: &Context) -> Option<Installed> {
        installed::find(&ctx.paths, &Request::Key(self.key))
    }

    /// Installs it from the archive that the lock names.
    fn install(&self, ctx: &Context) -> std::result::Result<Installed, python::Error> {
        let options = if self.release == SOURCE {
            // Where archives come from is each machine's own; what they are isn't.
            let is_known = catalog::sources(ctx)?
                .iter()
                .any(|source| source.version == self.key.version && source.sha256 == self.sha256);
            if !is_known {
                return Err(python::Error::NotInstallable(format!(
                    "{} of {}",
                    self.file, self.key
                )));
            }
            Options {
                source: true,
                ..Options::default()
            }
        } else {
            Options {
                locked: Some(Build {
                    key: self.key,
                    release: self.release.clone(),
                    file: self.file.clone(),
                    sha256: self.sha256,
                }),
                prebuilt: true,
                ..Options::default()
            }
        };
        Ok(install::ensure(ctx, &Request::Key(self.key), &options)?.installed)
    }
}
