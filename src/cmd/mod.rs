//! The verbs, a thin file each: ask the domain, print the answer. Two verbs never call each other.

mod add;
mod apply;
mod cache;
pub(crate) mod completions;
mod consent;
mod doctor;
pub(crate) mod guard;
mod import;
mod init;
mod lock;
mod man;
mod plan;
mod python;
mod self_;
mod shell_enter;
mod shell_install;
pub(crate) mod shim;
mod tool;
mod trust;
mod undo;
mod update;
mod venv;
mod verify;
mod which;

use std::path::Path;

use crate::cli::Command;
use crate::cli::shell::Shell;
use crate::error::Result;
use crate::project::activation::{self, Making};
use crate::store::env::var;
use crate::{Code, Context};

/// Runs what was typed.
pub(crate) fn run(command: Command, ctx: &Context) -> Result<Code> {
    match command {
        Command::Python(what) => python::run(what, ctx),
        Command::Which(args) => which::which(&args, ctx),
        Command::Exec(args) => which::exec(&args, ctx),
        Command::Init(args) => init::run(&args, ctx),
        Command::Plan(args) => plan::plan(&args, ctx),
        Command::Apply(args) => apply::run(&args, ctx),
        Command::Update(args) => update::run(&args, ctx),
        Command::Lock(args) => lock::run(&args, ctx),
        Command::Status(args) => plan::status(&args, ctx),
        Command::Boot(what) => self_::run(what, ctx),
        Command::Cache(what) => cache::run(what, ctx),
        Command::Doctor(args) => doctor::run(&args, ctx),
        Command::Verify(args) => verify::run(&args, ctx),
        Command::Add(args) => add::run(&args, ctx),
        Command::Import(args) => import::run(&args, ctx),
        Command::Undo(args) => undo::run(&args, ctx),
        Command::Completions(args) => completions::run(&args),
        Command::Venv(args) => venv::run(args, ctx),
        Command::Trust(args) => trust::trust(args, ctx),
        Command::Untrust(args) => trust::untrust(args, ctx),
        Command::Shell(what) => match what {
            Shell::Init { shell } => shell_install::init(shell, ctx),
            Shell::Install { shell } => shell_install::install(shell, ctx),
            Shell::Uninstall { shell } => shell_install::uninstall(shell, ctx),
            Shell::Status { json } => shell_install::status(json, ctx),
            // Root has no use for what another user can change.
            Shell::Enter { .. } if crate::store::owner::foreign_home(&ctx.paths.home).is_some() => {
                shell_enter::leave()
            }
            Shell::Enter {
                shell,
                folder,
                told,
                foreign,
                look,
            } => {
                let making = if look {
                    Making::Forbidden
                } else {
                    Making::Allowed
                };
                let question = shell_enter::Question {
                    shell: shell.into(),
                    folder,
                    told,
                    foreign,
                    making,
                };
                shell_enter::run(&question, ctx)
            }
        },
        Command::Tool(what) => tool::run(what, ctx),
        Command::Man(args) => man::run(&args),
    }
}

/// The folder that the command was typed in.
fn here() -> Result<std::path::PathBuf> {
    std::env::current_dir().map_err(|error| {
        crate::store::Error::io("find", "the folder that you stand in".as_ref())(error).into()
    })
}

/// The next prompt in `project`, as the end of a sentence.
fn forecast(ctx: &Context, project: &Path) -> String {
    let foreign = var("VIRTUAL_ENV").filter(|root| Some(root) != var("__BOOT_ACTIVE").as_ref());
    let decision = activation::decide(
        ctx,
        project,
        foreign.as_deref().map(Path::new),
        Making::Forbidden,
    );
    match (decision.venv, decision.notes.first()) {
        (Some(_), _) => ", active there at the next prompt".into(),
        (None, Some(note)) => format!(", not active there: {}", note.line),
        (None, None) => String::new(),
    }
}
