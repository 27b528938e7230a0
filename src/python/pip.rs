//! pip as an interpreter brings it along: the wheel that ensurepip has, put in place without
//! running anything.

use std::fs;
use std::path::{Path, PathBuf};

use crate::package::entry_points::EntryPoint;
use crate::package::facts::Facts;
use crate::package::link::{self, Environment};
use crate::package::wheel::{self, CachedWheel};
use crate::store;
use crate::store::paths::Paths;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Wheel(#[from] wheel::Error),
    #[error(transparent)]
    Link(#[from] link::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The newest pip wheel of the interpreter whose standard library is `stdlib`; Debian keeps those
/// of its own apart.
pub(crate) fn bundled(stdlib: &Path) -> Option<PathBuf> {
    let folders = [
        stdlib.join("ensurepip/_bundled"),
        PathBuf::from("/usr/share/python-wheels"),
    ];
    folders.iter().find_map(|folder| {
        let wheels = fs::read_dir(folder).ok()?.flatten().filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("pip-") && name.ends_with(".whl")
        });
        wheels.map(|entry| entry.path()).max()
    })
}

/// Installs `wheel` into the environment or Python that is written to `root` and will live at
/// `home`, with the commands `pip`, `pip3` and that of the minor.
pub(crate) fn install(
    paths: &Paths,
    facts: &Facts,
    wheel: &Path,
    root: &Path,
    home: &Path,
) -> Result<(), Error> {
    let (major, minor, _) = facts.version;
    // The wheel names a command after the Python that built it, or none; what people type is this
    // one's.
    let wheel = CachedWheel::from_file(paths, wheel)?.with_commands(|commands| {
        let own = commands
            .iter()
            .find(|command| command.name == "pip")
            .cloned();
        commands.retain(|command| !command.name.starts_with("pip3."));
        commands.extend(own.map(|pip| EntryPoint {
            name: format!("pip{major}.{minor}"),
            ..pip
        }));
    });
    let mut environment = Environment::new(root, home, facts, false);
    environment.install(
        &wheel,
        link::Options {
            requested: true,
            direct_url: None,
        },
    )?;
    Ok(environment.finish()?)
}
