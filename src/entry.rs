//! The entry of the program, by the name that it was called by: a shim, a request for completions,
//! `bootx`, or the command line. An error becomes a message and an exit code here.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::cli::Cli;
use crate::package::pip::Pip;
use crate::shell::shim;
use crate::store::env::var;
use crate::store::paths::Paths;
use crate::ui::term::{self, Term, Verbosity};
use crate::{Code, Context, cmd, error, signals};

/// The whole program: reads the arguments, does what they ask, and gives the process's exit code.
pub fn run() -> ExitCode {
    match dispatch() {
        Ok(code) => code.into(),
        Err(error) => {
            let code = error.code();
            if code != Code::Done {
                term::error(&error.to_string());
            }
            code.into()
        }
    }
}

fn dispatch() -> error::Result<Code> {
    // Before anything else: a shim costs as little as it can.
    if let Some(called) = shim::called(&std::env::args_os().next().unwrap_or_default()) {
        return cmd::shim::run(&called);
    }
    if let Some(shell) = cmd::completions::asking() {
        return cmd::completions::answer(&shell, std::env::args_os());
    }
    // `bootx black` is `boot tool run black`.
    let called = std::env::args_os().next().unwrap_or_default();
    let cli = if Path::new(&called)
        .file_name()
        .is_some_and(|name| name == "bootx")
    {
        Cli::of(
            ["boot", "tool", "run"]
                .into_iter()
                .map(OsString::from)
                .chain(std::env::args_os().skip(1)),
        )
    } else {
        Cli::of(std::env::args_os())
    }?;
    let verbosity = match (cli.global.quiet, cli.global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let offline = cli.global.offline || var("BOOT_OFFLINE").is_some_and(|value| value != "0");
    signals::clear_staging_at_end();
    let report = Arc::new(Term::new(verbosity));
    let paths = cmd::guard::admit(&cli.command, Paths::discover()?, &*report)?;
    let ctx = Context::new(paths, report, offline).with_route(|ctx| Pip::of_run(ctx).route());
    cmd::run(cli.command, &ctx)
}
