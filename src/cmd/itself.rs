//! `boot self`.

use crate::cli::rest::Itself;
use crate::error::Result;
use crate::itself::{Error, bootx, remove, target, update};
use crate::python::links;
use crate::report::escaped;
use crate::ui::{prompt, table};
use crate::{Code, Context};

pub(super) fn run(what: Itself, ctx: &Context) -> Result<Code> {
    match what {
        Itself::Version { json } => version(json),
        Itself::Update => {
            let outcome = update::update(ctx)?;
            make_bootx(ctx)?;
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
        Itself::Link => {
            links::renew(&ctx.paths)?;
            make_bootx(ctx)?;
            Ok(Code::Done)
        }
        Itself::Uninstall { yes } => uninstall(yes, ctx),
    }
}

/// Makes `bootx`, and says so where another program has that name.
pub(super) fn make_bootx(ctx: &Context) -> Result<()> {
    match bootx::make(&ctx.paths).map_err(Error::Store)? {
        bootx::Outcome::Foreign(path) => {
            let path = escaped(&ctx.paths.tilde(&path));
            ctx.report.warn(&format!(
                "{path} isn't boot's, so it stays; boot tool run does what bootx would"
            ));
        }
        bootx::Outcome::Made(_) | bootx::Outcome::Unchanged | bootx::Outcome::Nowhere => {}
    }
    Ok(())
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

fn uninstall(yes: bool, ctx: &Context) -> Result<Code> {
    let plan = remove::plan(&ctx.paths)?;
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
    remove::remove(ctx, &plan)?;
    let kept: Vec<String> = plan.staying.iter().map(shown).collect();
    ctx.report.info(&match kept.is_empty() {
        true => "boot is gone".to_string(),
        false => format!("boot is gone; yours, and still there: {}", kept.join(", ")),
    });
    Ok(Code::Done)
}
