//! Faults of this machine, their causes, and their repair. Each part of boot is looked at by
//! what it says of itself; a repair is what its own verb would do. Nothing that boot didn't make is
//! touched.

mod shells;
mod things;

use std::path::PathBuf;

use serde::Serialize;

use crate::Context;
use crate::shell::Shell;

/// A fault.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// The thing at fault, for a person: `the tool black`, a path.
    pub what: String,
    /// Why it doesn't work.
    pub why: String,
    /// The command that repairs it, where `boot doctor --fix` doesn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<String>,
    #[serde(skip)]
    pub repair: Option<Repair>,
}

/// The repair of a finding by `boot doctor --fix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// Makes the tool's environment anew from its receipt.
    Tool(String),
    /// Puts the Pythons' links and shims in order.
    Links,
    /// Forgets an environment that is gone.
    Forget(PathBuf),
    /// Removes a link of boot's that leads nowhere.
    Link(PathBuf),
    /// Deletes what killed runs have left in these folders.
    Sweep(Vec<PathBuf>),
    /// Brings the hook's own file and blocks up to date.
    Hook(Shell),
}

/// Looks at everything. Environments whose Python has only moved are repaired in passing, as `boot
/// venv list` does.
///
/// # Errors
/// A list of boot's own that can't be read.
pub(crate) fn examine(ctx: &Context) -> crate::error::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    things::pythons(ctx, &mut findings);
    things::shims(ctx, &mut findings);
    things::environments(ctx, &mut findings)?;
    things::tools(ctx, &mut findings);
    things::links(ctx, &mut findings);
    things::leftovers(ctx, &mut findings);
    shells::look(ctx, &mut findings)?;
    Ok(findings)
}

/// Mends one finding.
///
/// # Errors
/// What its verb would say.
pub(crate) fn repair(ctx: &Context, repair: &Repair) -> crate::error::Result<()> {
    match repair {
        Repair::Tool(name) => {
            let made = crate::tool::reinstall(ctx, name, None)?;
            // Made anew it may still not run, for a reason that no environment repairs.
            if let Some(why) = crate::tool::health::complaint(ctx, &made.receipt) {
                return Err(crate::tool::Error::StillBroken {
                    tool: name.clone(),
                    why,
                }
                .into());
            }
        }
        Repair::Links => crate::python::links::refresh(&ctx.paths)?,
        Repair::Forget(path) => drop(crate::project::trust::forget(ctx, path)?),
        Repair::Link(path) => crate::tool::expose::remove_dangling(&ctx.paths, path)
            .map_err(crate::tool::Error::from)?,
        Repair::Sweep(folders) => folders
            .iter()
            .for_each(|folder| crate::store::atomic::sweep(folder)),
        Repair::Hook(shell) => shells::update(ctx, *shell)?,
    }
    Ok(())
}
