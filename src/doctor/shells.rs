//! The hook in the shells, and the order of PATH.

use std::path::PathBuf;

use super::{Finding, Repair};
use crate::Context;
use crate::error::Result;
use crate::project::activation::{self, Making};
use crate::report::escaped;
use crate::shell::company::Activator;
use crate::shell::status::Activation;
use crate::shell::{Shell, install, probe, status};
use crate::store::env;
use crate::store::env::var;

/// Says nothing of shells that have no hook: not everybody wants one.
pub(super) fn look(ctx: &Context, findings: &mut Vec<Finding>) -> Result<()> {
    let binary = status::binary(&ctx.paths)?;
    let mut hooked = false;
    for shell in install::in_use(&ctx.paths, var("SHELL").as_deref()) {
        let changes = install::plan(&ctx.paths, &[shell], &binary)?;
        // The hook's own file is there: somebody has installed it.
        if !install::hook_file(shell, &ctx.paths).exists() {
            continue;
        }
        hooked = true;
        if changes.iter().any(|change| change.is_needed()) {
            let why = "isn't the one of this boot, or one of its blocks is gone".into();
            findings.push(Finding {
                what: format!("the hook of {shell}"),
                why,
                by_hand: None,
                repair: Some(Repair::Hook(shell)),
            });
            continue;
        }
        for line in status::lines(&ctx.paths, &[shell], &binary)? {
            rivals(shell.name(), &line.activators, findings);
            if line.live {
                continue;
            }
            // That bash -c reads no file is no fault of anybody.
            if (shell, line.run) != (Shell::Bash, probe::Kind::Plain) {
                findings.push(Finding {
                    what: format!("the hook of {shell}, {} runs", line.run.name()),
                    why: escaped(&line.note),
                    by_hand: Some("boot shell status".into()),
                    repair: None,
                });
            }
        }
    }
    foreign(ctx, findings);
    let path: Vec<_> = var("PATH").iter().flat_map(std::env::split_paths).collect();
    let missing: Vec<_> = [ctx.paths.shims(), ctx.paths.bin.clone()]
        .into_iter()
        .filter(|folder| folder.is_dir() && !path.contains(folder))
        .collect();
    if !missing.is_empty() {
        let folders: Vec<String> = missing
            .iter()
            .map(|folder| escaped(&ctx.paths.tilde(folder)))
            .collect();
        let by_hand = if hooked {
            "open a new shell"
        } else {
            "boot shell install"
        };
        findings.push(Finding {
            what: folders.join(", "),
            why: "isn't on this shell's PATH".into(),
            by_hand: Some(by_hand.into()),
            repair: None,
        });
    } else if ctx.paths.shims().is_dir()
        && !probe::leads(&path, &[&ctx.paths.shims(), &ctx.paths.bin])
    {
        findings.push(Finding {
            what: "PATH".into(),
            why: "the system's folders stand ahead of boot's".into(),
            by_hand: Some("boot shell status".into()),
            repair: None,
        });
    }
    Ok(())
}

/// Those that activate environments in a way that can't go together with the hook.
fn rivals(shell: &str, activators: &[Activator], findings: &mut Vec<Finding>) {
    for activator in activators {
        if let Some(remedy) = activator.remedy() {
            findings.push(Finding {
                what: format!("{} in {shell}", activator.name()),
                why: format!("{}, beside the hook", activator.effect()),
                by_hand: Some(remedy.into()),
                repair: None,
            });
        }
    }
}

/// Why none of boot's environments is active in this shell, where another one is.
fn foreign(ctx: &Context, findings: &mut Vec<Finding>) {
    let here = status::here(
        |name| env::var_os(name),
        std::os::unix::process::parent_id(),
    );
    let Some(root) = here
        .environment
        .filter(|_| here.hook && here.activation == Activation::Foreign)
    else {
        return;
    };
    let belongs = |folder: PathBuf| {
        activation::decide(ctx, &folder, None, Making::Forbidden)
            .venv
            .is_some()
    };
    if !std::env::current_dir().is_ok_and(belongs) {
        return;
    }
    findings.push(Finding {
        what: escaped(&ctx.paths.tilde(&root)),
        why: "was activated in this shell by other means than boot's, so the one of this project \
              isn't active"
            .into(),
        by_hand: Some("deactivate".into()),
        repair: None,
    });
}

/// Brings the hook of one shell up to date.
pub(super) fn update(ctx: &Context, shell: Shell) -> Result<()> {
    Ok(install::apply(&install::plan(
        &ctx.paths,
        &[shell],
        &status::binary(&ctx.paths)?,
    )?)?)
}
