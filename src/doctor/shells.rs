//! The hook in the shells, and the order of PATH.

use super::{Finding, Mend};
use crate::Context;
use crate::context::var;
use crate::error::Result;
use crate::report::escaped;
use crate::shell::{Shell, install, probe, status};

/// Says nothing of shells that have no hook: not everybody wants one.
pub fn look(ctx: &Context, findings: &mut Vec<Finding>) -> Result<()> {
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
            findings.push(Finding { what: format!("the hook of {shell}"), why, by_hand: None, mend: Some(Mend::Hook(shell)) });
            continue;
        }
        for line in status::lines(&ctx.paths, &[shell], &binary)?.into_iter().filter(|line| !line.live) {
            // That bash -c reads no file is no fault of anybody.
            if (shell, line.run) != (Shell::Bash, probe::Kind::Plain) {
                findings.push(Finding {
                    what: format!("the hook of {shell}, {} runs", line.run.name()),
                    why: escaped(&line.note),
                    by_hand: Some("boot shell status".into()),
                    mend: None,
                });
            }
        }
    }
    let path: Vec<_> = var("PATH").iter().flat_map(std::env::split_paths).collect();
    let missing: Vec<_> =
        [ctx.paths.shims(), ctx.paths.bin.clone()].into_iter().filter(|folder| folder.is_dir() && !path.contains(folder)).collect();
    if !missing.is_empty() {
        let folders: Vec<String> = missing.iter().map(|folder| escaped(&ctx.paths.tilde(folder))).collect();
        let by_hand = if hooked { "open a new shell" } else { "boot shell install" };
        findings.push(Finding {
            what: folders.join(", "),
            why: "isn't on this shell's PATH".into(),
            by_hand: Some(by_hand.into()),
            mend: None,
        });
    } else if ctx.paths.shims().is_dir() && !probe::leads(&path, &[&ctx.paths.shims(), &ctx.paths.bin]) {
        findings.push(Finding {
            what: "PATH".into(),
            why: "the system's folders stand ahead of boot's".into(),
            by_hand: Some("boot shell status".into()),
            mend: None,
        });
    }
    Ok(())
}

/// Brings the hook of one shell up to date.
pub fn update(ctx: &Context, shell: Shell) -> Result<()> {
    Ok(install::apply(&install::plan(&ctx.paths, &[shell], &status::binary(&ctx.paths)?)?)?)
}
