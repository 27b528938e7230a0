//! `boot shell init`, `install`, `uninstall`, `status`.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::shell::Name;
use crate::error::Result;
use crate::project::activation::{self, Making};
use crate::python::links;
use crate::report::escaped;
use crate::shell::company::Activator;
use crate::shell::install::{self, Change};
use crate::shell::status::{Activation, Here, Line};
use crate::shell::{Shell, init, status};
use crate::store::Error;
use crate::store::env;
use crate::store::env::var;
use crate::ui::{self, table};
use crate::{Code, Context};

pub(super) fn init(shell: Name, ctx: &Context) -> Result<Code> {
    let hook = init::hook(
        shell.into(),
        &ctx.paths,
        &init::binary(&ctx.paths).map_err(Error::io("find", "boot itself".as_ref()))?,
    );
    std::io::stdout()
        .write_all(&hook)
        .map_err(ui::Error::from)?;
    Ok(Code::Done)
}

fn choose_shells(asked: Vec<Name>, ctx: &Context) -> Vec<Shell> {
    if asked.is_empty() {
        install::in_use(&ctx.paths, var("SHELL").as_deref())
    } else {
        asked.into_iter().map(Shell::from).collect()
    }
}

pub(super) fn install(asked: Vec<Name>, ctx: &Context) -> Result<Code> {
    let binary = init::binary(&ctx.paths).map_err(Error::io("find", "boot itself".as_ref()))?;
    let changes = install::plan(&ctx.paths, &choose_shells(asked, ctx), &binary)?;
    let news = report_changes(&changes, "added the hook to", ctx);
    install::apply(&changes)?;
    links::renew(&ctx.paths)?;
    crate::self_update::bootx::make_or_warn(ctx)?;
    if news {
        ctx.report.info("it is live in new shells");
    } else {
        ctx.report
            .info("the hook is installed already: nothing to do");
    }
    Ok(Code::Done)
}

pub(super) fn uninstall(asked: Vec<Name>, ctx: &Context) -> Result<Code> {
    let shells = if asked.is_empty() {
        Shell::ALL.to_vec()
    } else {
        choose_shells(asked, ctx)
    };
    let changes = install::removal(&ctx.paths, &shells)?;
    let news = report_changes(&changes, "removed the hook from", ctx);
    install::apply(&changes)?;
    if !news {
        ctx.report.info("the hook isn't installed: nothing to do");
    }
    Ok(Code::Done)
}

/// Says which of the user's files change, a line a shell; true if anything does.
fn report_changes(changes: &[Change], what: &str, ctx: &Context) -> bool {
    for shell in Shell::ALL {
        let files = changes.iter().filter(|change| {
            change.shell == shell && change.is_needed() && !change.is_own(&ctx.paths)
        });
        let files: Vec<String> = files.map(|change| ctx.paths.tilde(&change.file)).collect();
        if !files.is_empty() {
            ctx.report
                .info(&format!("{what} {} ({shell})", files.join(", ")));
        }
    }
    changes.iter().any(Change::is_needed)
}

pub(super) fn status(json: bool, ctx: &Context) -> Result<Code> {
    let lines = status::lines(
        &ctx.paths,
        &install::in_use(&ctx.paths, var("SHELL").as_deref()),
        &status::binary(&ctx.paths)?,
    )?;
    let pythons = status::pythons(env::var_os("PATH").as_deref());
    let here = status::here(
        |name| env::var_os(name),
        std::os::unix::process::parent_id(),
    );
    let why = explain_environment(&here, ctx);
    if json {
        let python: Vec<_> = pythons.iter().map(|path| path.to_string_lossy()).collect();
        table::json(
            serde_json::json!({ "runs": lines, "python": python, "here": here, "why": why }),
        )?;
        return Ok(Code::Done);
    }
    let mut rows = format_runs(&lines);
    rows.extend(format_here(&here, &lines, why, ctx));
    rows.push(format_python(&pythons, ctx));
    table::columns(&rows)?;
    Ok(Code::Done)
}

/// A row for each kind of run of each shell, and for each that activates environments there.
fn format_runs(lines: &[Line]) -> Vec<Vec<String>> {
    let runs = lines.iter().map(|line| {
        vec![
            line.shell.to_string(),
            line.run.name().into(),
            if line.live { "live" } else { "not live" }.into(),
            escaped(&line.note),
        ]
    });
    let company = lines.iter().flat_map(|line| {
        let shell = line.shell.name();
        line.activators
            .iter()
            .map(move |activator| company_row(shell, *activator))
    });
    runs.chain(company).collect()
}

/// Rows about the shell that asks: its hook, its environment, and who else activates in it.
fn format_here(here: &Here, lines: &[Line], why: String, ctx: &Context) -> Vec<Vec<String>> {
    let environment = here
        .environment
        .as_ref()
        .map_or_else(|| "none".into(), |root| escaped(&ctx.paths.tilde(root)));
    let live = if here.hook { "live" } else { "not live" };
    let hook = ["here", "hook", live, hook_note(here)];
    let mut rows = vec![
        hook.map(String::from).to_vec(),
        vec!["here".into(), "environment".into(), environment, why],
    ];
    let is_known =
        |activator: &Activator| lines.iter().any(|line| line.activators.contains(activator));
    rows.extend(
        here.activators
            .iter()
            .filter(|activator| !is_known(activator))
            .map(|activator| company_row("here", *activator)),
    );
    rows
}

/// The row of the first `python` on PATH, with those behind it.
fn format_python(pythons: &[PathBuf], ctx: &Context) -> Vec<String> {
    let mut shown = pythons.iter().map(|path| escaped(&ctx.paths.tilde(path)));
    let first = shown.next().unwrap_or_else(|| "none on PATH".into());
    let others: Vec<String> = shown.collect();
    let note = if others.is_empty() {
        String::new()
    } else {
        format!("ahead of {}", others.join(", "))
    };
    vec!["here".into(), "python".into(), first, note]
}

/// A row about somebody who activates environments beside boot.
fn company_row(shell: &str, activator: Activator) -> Vec<String> {
    let remedy = activator
        .remedy()
        .map(|remedy| format!("; to have boot alone: {remedy}"))
        .unwrap_or_default();
    vec![
        shell.into(),
        "beside boot".into(),
        activator.name().into(),
        format!("{}{remedy}", activator.effect()),
    ]
}

fn hook_note(here: &Here) -> &'static str {
    match here {
        Here { hook: false, .. } => {
            "the shell that asks has no hook, or had none when it started: open a new one"
        }
        Here {
            follows_cd: false, ..
        } => "at prompts only: cd is a function or an alias of yours, or BOOT_CD is off",
        _ => "",
    }
}

/// The reason why this environment is active, or none.
fn explain_environment(here: &Here, ctx: &Context) -> String {
    match here.activation {
        Activation::Boot => return "boot's".into(),
        Activation::Foreign => return "not by boot, so it stays until: deactivate".into(),
        Activation::NameOnly => {
            return "VIRTUAL_ENV says so, but its commands aren't on PATH".into();
        }
        Activation::None => {}
    }
    if here.held {
        return "deactivate was typed: it holds until the folder changes".into();
    }
    let Ok(folder) = std::env::current_dir() else {
        return "the folder is gone".into();
    };
    let decision = activation::decide(ctx, &folder, None, Making::Forbidden);
    match &decision.venv {
        Some(venv) if !here.hook => format!(
            "{} belongs here; the hook would activate it",
            escaped(&ctx.paths.tilde(venv.root()))
        ),
        Some(venv) => format!(
            "{} is activated at the next prompt",
            escaped(&ctx.paths.tilde(venv.root()))
        ),
        None if !decision.notes.is_empty() => decision
            .notes
            .iter()
            .map(|note| note.line.as_str())
            .collect::<Vec<_>>()
            .join("; "),
        None if var("BOOT_PYTHON").is_some() => {
            "BOOT_PYTHON is set, which beats environments".into()
        }
        None if !decision.prompt.is_empty() => "none is made here yet: boot venv".into(),
        None => "no environment belongs here".into(),
    }
}
