//! Checks before a command begins: the owners of the home directory and of boot's cache.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use crate::cli::Command;
use crate::cli::python::Python;
use crate::cli::rest::{Cache, SelfCommand};
use crate::cli::shell::Shell;
use crate::cli::tool::Tool;
use crate::cli::venv::What;
use crate::error::{Error, Result};
use crate::report::{Report, escaped};
use crate::store::paths::Paths;
use crate::store::{lock, owner, umask};

/// Time that a prompt may wait for another boot.
const PROMPT_LOCK_WAIT: Duration = Duration::from_secs(1);

/// The folders that `command` is to use.
///
/// # Errors
/// Root would fill another user's home directory with files that the user can't change any more.
pub(crate) fn admit(command: &Command, mut paths: Paths, report: &dyn Report) -> Result<Paths> {
    umask::narrow();
    if matches!(command, Command::Shell(Shell::Enter { .. })) {
        lock::limit(PROMPT_LOCK_WAIT);
    }
    let writes = may_write(command);
    if writes && let Some(foreign) = owner::foreign_home(&paths.home) {
        let (home, owner) = (
            escaped(&foreign.home.display().to_string()),
            escaped(&foreign.owner),
        );
        return Err(Error::Usage(format!(
            "HOME is {home}, which is {owner}'s, and this is root: {owner} couldn't change what \
             root makes there\nfor {owner}: the same command without sudo; for root: sudo -H boot …"
        )));
    }
    close_to_others(&paths.data);
    close_to_others(&paths.cache);
    if !has_own_cache(&paths) {
        let foreign = std::mem::replace(&mut paths.cache, paths.data.join("cache"));
        if writes && !matches!(command, Command::Shell(_)) {
            let (foreign, own) = (
                escaped(&paths.tilde(&foreign)),
                escaped(&paths.tilde(&paths.cache)),
            );
            report.warn(&format!(
                "{foreign} has what belongs to somebody else, so {own} is the \
                                  cache; BOOT_CACHE_DIR names another"
            ));
        }
    }
    Ok(paths)
}

/// Takes from others the right to write to a folder of the user's, as an older boot has made it
/// where the umask let it.
fn close_to_others(folder: &Path) {
    if let Ok(data) = fs::metadata(folder)
        && folder.file_name().is_some_and(|name| name == "boot")
        && owner::is_own(&data)
        && data.mode() & 0o022 != 0
    {
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(data.mode() & 0o7755));
    }
}

/// Tells whether nobody else has a hand in the cache: what is taken from there isn't looked at
/// again, and shares its bytes with what is installed.
fn has_own_cache(paths: &Paths) -> bool {
    let parts = [
        paths.cache.clone(),
        paths.wheels(),
        paths.archives(),
        paths.builds(),
        paths.environments(),
        paths.index(),
    ];
    parts.iter().all(|part| {
        fs::metadata(part).map_or(true, |data| {
            owner::is_own(&data) && !owner::others_can_write(&data)
        })
    })
}

/// Tells whether the command may change anything below the home directory. The hook's question may;
/// it has an answer of its own for root.
fn may_write(command: &Command) -> bool {
    match command {
        Command::Which(_) | Command::Exec(_) | Command::Completions(_) | Command::Verify(_) => {
            false
        }
        Command::Python(python) => match python {
            Python::List(_) | Python::Find(_) | Python::Verify(_) => false,
            Python::Pin(pin) => pin.unset || !pin.requests.is_empty(),
            _ => true,
        },
        Command::Tool(tool) => !matches!(tool, Tool::List(_) | Tool::Exec(_)),
        Command::Venv(venv) => !matches!(
            venv.what,
            Some(What::List { .. } | What::Restore { list: true, .. })
        ),
        Command::Trust(trust) => !trust.list,
        Command::Shell(shell) => !matches!(
            shell,
            Shell::Init { .. } | Shell::Status { .. } | Shell::Enter { .. }
        ),
        Command::Boot(command) => !matches!(command, SelfCommand::Version { .. }),
        Command::Cache(cache) => matches!(cache, Cache::Prune | Cache::Clean),
        _ => true,
    }
}
