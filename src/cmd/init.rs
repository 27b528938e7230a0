//! `boot init`: fetches the repository, shows the plan, asks, and applies. Until somebody agrees
//! nothing is kept of what was fetched.

use super::consent::{self, Agreed};
use crate::cli::machine::Init;
use crate::error::Result;
use crate::import;
use crate::machine::applied::Applied;
use crate::machine::repository::extends::Commits;
use crate::machine::repository::{self, Repository};
use crate::machine::session::{Consent, Remembering, Session};
use crate::machine::{Error, start};
use crate::manifest::address::Protocol;
use crate::net::endpoints;
use crate::shell::quote;
use crate::store::atomic;
use crate::ui::{prompt, table};
use crate::{Code, Context};

/// Without a repository: a manifest that asks for what is here, to go on from.
fn start(args: &Init, ctx: &Context) -> Result<Code> {
    let text = start::text(ctx);
    if args.dry_run {
        table::out(&text)?;
        return Ok(Code::Done);
    }
    if !args.yes {
        eprint!("{text}");
        if !prompt::confirm("Write this boot.toml into boot's configuration folder?")? {
            return Err(Error::Declined.into());
        }
    }
    let path = start::write(ctx, &text)?;
    ctx.report.info(&format!(
        "wrote {}: edit it, then boot apply",
        ctx.paths.tilde(&path)
    ));
    let others = import::present_managers(&ctx.paths).join(" ");
    if !others.is_empty() {
        ctx.report.info(&format!(
            "to import what other managers have here: boot import {others}"
        ));
    }
    Ok(Code::Done)
}

/// Writes the script that Codespaces and devcontainers run in a clone of the repository.
fn entry_script(ctx: &Context) -> Result<Code> {
    let installer = format!(
        "{}/install.sh",
        endpoints::newest_release(&endpoints::releases())
    );
    let text = include_str!("../../shims/entry.sh").replace(
        "'@INSTALLER@'",
        &String::from_utf8_lossy(&quote::posix(&installer)),
    );
    let path = super::here()?.join("install.sh");
    if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
        ctx.report.info("install.sh is there: nothing to do");
        return Ok(Code::Done);
    }
    if std::fs::symlink_metadata(&path).is_ok() {
        let reason = "install.sh is there, and boot did not write it\n\
                      move it away, or run boot init --entry-script where there is none";
        return Err(crate::Error::Usage(reason.into()));
    }
    atomic::write(&path, text.as_bytes(), Some(0o755))?;
    ctx.report.info(
        "wrote install.sh: commit it, and Codespaces and devcontainers run it in a \
                     clone of this repository",
    );
    Ok(Code::Done)
}

/// Opens the repository that was typed, else the remembered one; None where there is neither.
fn open_repository(args: &Init, ctx: &Context) -> Result<Option<Repository>> {
    let applied = Applied::read(&ctx.paths)?;
    let Some(text) = &args.repo else {
        return match Repository::remembered(&ctx.paths, &applied) {
            Err(Error::NoManifest) => Ok(None),
            repository => Ok(Some(repository?)),
        };
    };
    let protocol = if args.ssh {
        Protocol::Ssh
    } else {
        Protocol::Https
    };
    let address = repository::parse_argument(&ctx.paths, text, protocol)?;
    let branch = args.branch.as_deref();
    Ok(Some(Repository::open(ctx, &address, branch, &applied)?))
}

pub(super) fn run(args: &Init, ctx: &Context) -> Result<Code> {
    if args.entry_script {
        return entry_script(ctx);
    }
    let Some(repository) = open_repository(args, ctx)? else {
        return start(args, ctx);
    };
    let session = Session::open(ctx, repository, Remembering::Repository, Commits::Pinned)?;
    let plan = session.plan(&[])?;
    let name = session.name();
    if args.dry_run {
        table::out(&if plan.is_done() {
            "nothing to do\n".into()
        } else {
            format!("{name}\n{}", plan.to_text())
        })?;
        return Ok(Code::Done);
    }
    if plan.is_done() {
        session.keep()?;
        ctx.report.info("nothing to do");
        return Ok(Code::Done);
    }
    let agreed = Agreed {
        on_conflict: args.on_conflict,
        all: args.yes,
    };
    ctx.report.info(&name);
    consent::show_plan(ctx, &plan, agreed);
    let on_conflict = consent::choose_on_conflict(&plan, agreed)?;
    if !args.yes && !prompt::confirm("Do all of this?")? {
        return Err(Error::Declined.into());
    }
    let consent = Consent {
        on_conflict,
        answers: consent::ask_questions(&session, &plan, agreed)?,
    };
    Ok(consent::report_outcome(
        ctx,
        &session.apply(&plan, consent)?,
    ))
}
