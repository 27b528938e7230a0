//! `boot self`.

use crate::cli::rest::SelfCommand;
use crate::error::Result;
use crate::python::links;
use crate::report::escaped;
use crate::self_update::{Error, bootx, target, uninstall, update};
use crate::ui::{prompt, table};
use crate::{Code, Context};

pub(super) fn run(what: SelfCommand, ctx: &Context) -> Result<Code> {
    match what {
        SelfCommand::Version { json } => version(json),
        SelfCommand::Update => {
            let outcome = update::update(ctx)?;
            bootx::make_or_warn(ctx)?;
            match outcome {
                update::Outcome::Newest => ctx
                    .report
                    .info(&format!("boot {} is the newest", env!("CARGO_PKG_VERSION"))),
                update::Outcome::Updated { version, path } => {
                    ctx.report.info(&format!(
                        "boot {version} is in {}; it was {}",
                        ctx.paths.tilde(&path),
                        env!("CARGO_PKG_VERSION")
                    ));
                }
            }
            Ok(Code::Done)
        }
        SelfCommand::Link => {
            links::renew(&ctx.paths)?;
            bootx::make_or_warn(ctx)?;
            Ok(Code::Done)
        }
        SelfCommand::Uninstall { yes } => uninstall_boot(yes, ctx),
    }
}

fn version(json: bool) -> Result<Code> {
    let path = std::env::current_exe()
        .map(|path| path.display().to_string())
        .unwrap_or_default();
    if json {
        table::json(
            serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "target": target(), "path": path, "releases": update::place() }),
        )?;
    } else {
        table::out(&format!(
            "boot {} ({}) in {}\n",
            env!("CARGO_PKG_VERSION"),
            target(),
            escaped(&path)
        ))?;
    }
    Ok(Code::Done)
}

fn uninstall_boot(yes: bool, ctx: &Context) -> Result<Code> {
    let plan = uninstall::plan(&ctx.paths)?;
    let shown = |path: &std::path::PathBuf| escaped(&ctx.paths.tilde(path));
    let mut lines: Vec<String> = plan
        .going
        .iter()
        .map(|path| format!("  remove {}", shown(path)))
        .collect();
    lines.extend(
        plan.hooked
            .iter()
            .map(|path| format!("  take the hook out of {}", shown(path))),
    );
    lines.extend(
        plan.staying
            .iter()
            .map(|path| format!("  keep {}", shown(path))),
    );
    for line in &lines {
        if yes {
            ctx.report.info(line)
        } else {
            eprintln!("{line}")
        }
    }
    if !yes && !prompt::confirm("Uninstall boot, with its Pythons, tools and environments?")? {
        return Err(Error::Declined.into());
    }
    uninstall::uninstall(ctx, &plan)?;
    let kept: Vec<String> = plan.staying.iter().map(shown).collect();
    ctx.report.info(&match kept.is_empty() {
        true => "boot is gone".to_string(),
        false => format!("boot is gone; yours, and still there: {}", kept.join(", ")),
    });
    Ok(Code::Done)
}
