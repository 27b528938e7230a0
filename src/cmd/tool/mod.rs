//! `boot tool`: each verb asks the domain, for several tools side by side, and reports the result
//! for each.

mod exec;
mod expose;
mod inject;
mod install;
mod list;
mod pin;
mod run;
mod uninstall;
mod upgrade;

use std::path::Path;

use crate::cli::tool::{Index, Tool};
use crate::error::{Error, Result};
use crate::package::options::IndexOptions;
use crate::package::requirements_file;
use crate::parallel::side_by_side;
use crate::report::first_line;
use crate::tool::{self, Outcome, receipt, source};
use crate::{Code, Context};

/// Tools that are worked on at a time.
const AT_ONCE: usize = 8;

pub(super) fn run(verb: Tool, ctx: &Context) -> Result<Code> {
    match verb {
        Tool::Install(args) => install::install(args, ctx),
        Tool::Inject(args) => inject::inject(args, ctx),
        Tool::Uninject(args) => inject::uninject(&args, ctx),
        Tool::Upgrade(args) => upgrade::upgrade(args, ctx),
        Tool::Reinstall(args) => upgrade::reinstall(args, ctx),
        Tool::Uninstall(args) => uninstall::uninstall(args, ctx),
        Tool::List(args) => list::list(&args, ctx),
        Tool::Expose(args) => expose::expose(&args, ctx),
        Tool::Unexpose(args) => expose::unexpose(&args, ctx),
        Tool::Pin(args) => pin::pin(&args.tools, ctx),
        Tool::Unpin(args) => pin::unpin(&args.tools, ctx),
        Tool::Run(args) => run::run(args, ctx),
        Tool::Exec(args) => exec::exec(args, ctx),
        Tool::Pip(args) => exec::pip(args, ctx),
    }
}

/// Works on the tools that are named, or on all, as [`work_on`] does.
fn work_on_named(
    ctx: &Context,
    names: Vec<String>,
    work: impl Fn(&str) -> tool::Result<Outcome> + Sync,
) -> Result<Code> {
    let (names, codes) = list_named(ctx, names);
    if names.is_empty() && !codes.is_empty() {
        return Ok(Code::sum(codes));
    }
    let done = work_on(ctx, names, work)?;
    Ok(Code::sum(codes.into_iter().chain([done])))
}

/// Does one thing to each tool, several at a time; one that fails stops no other.
fn work_on(
    ctx: &Context,
    names: Vec<String>,
    work: impl Fn(&str) -> tool::Result<Outcome> + Sync,
) -> Result<Code> {
    if names.is_empty() {
        ctx.report.info("no tools are installed");
    }
    Ok(Code::sum(side_by_side(&names, AT_ONCE, |name| {
        report_result(ctx, name, names.len(), work(name))
    })))
}

/// Reports the result for one tool of `count`. An error names the tool, where its text doesn't.
fn report_result(ctx: &Context, name: &str, count: usize, outcome: tool::Result<Outcome>) -> Code {
    match outcome {
        Ok(outcome) => {
            report_outcome(ctx, &outcome);
            Code::Done
        }
        Err(error) => {
            let text = error.to_string();
            let is_named = count == 1 || first_line(&text).contains(name);
            ctx.report.error(&if is_named {
                text
            } else {
                format!("{name}: {text}")
            });
            error.code()
        }
    }
}

fn report_outcome(ctx: &Context, outcome: &Outcome) {
    ctx.report.info(&outcome.to_string());
    for moved in &outcome.moved {
        ctx.report.info(&format!(
            "what was in its place is kept as {}",
            ctx.paths.tilde(&moved.to)
        ));
    }
}

fn report_unreadable(ctx: &Context, error: &receipt::Error) -> Code {
    ctx.report.error(&error.to_string());
    Code::Failed
}

fn report_error(ctx: &Context, error: &tool::Error) -> Code {
    ctx.report.error(&error.to_string());
    error.code()
}

/// The named tools, or all of them; and a code for each unreadable receipt, which is reported.
fn list_named(ctx: &Context, names: Vec<String>) -> (Vec<String>, Vec<Code>) {
    if !names.is_empty() {
        return (names, Vec::new());
    }
    let (receipts, errors) = receipt::all(&ctx.paths);
    let codes = errors
        .iter()
        .map(|error| report_unreadable(ctx, error))
        .collect();
    (
        receipts
            .into_iter()
            .map(|receipt| receipt.wanted.tool())
            .collect(),
        codes,
    )
}

/// Fails where no tool is named and `--all` isn't given.
fn require_names(names: Vec<String>, all: bool, verb: &str) -> Result<Vec<String>> {
    if names.is_empty() && !all {
        return Err(Error::Usage(format!(
            "no tool is named\nboot tool {verb} TOOL…, or boot tool {verb} --all"
        )));
    }
    Ok(names)
}

/// The index options that were typed. Their credentials are known from here on, and nobody else has
/// them.
fn index_options(ctx: &Context, args: Index) -> Result<IndexOptions> {
    if args.refresh {
        ctx.force_revalidation();
    }
    Ok(IndexOptions {
        index_url: args.index_url.map(|url| ctx.auth.strip(&url)),
        extra_index_urls: args
            .extra_index_url
            .iter()
            .map(|url| ctx.auth.strip(url))
            .collect(),
        before: args.before.map(|date| source::before(&date)).transpose()?,
        no_build: args.no_build,
    })
}

/// Reads a file of requirements or constraints.
fn read_file(file: &Path) -> Result<requirements_file::Asked> {
    requirements_file::read(file).map_err(|error| Error::Usage(error.to_string()))
}
