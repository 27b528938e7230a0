//! `boot tool exec` and `boot tool pip`.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::report_error;
use crate::cli::tool::{Exec, Pip};
use crate::error::{Error, Result};
use crate::python::installed;
use crate::store::{env, umask};
use crate::tool::{self, list};
use crate::{Code, Context};

pub(super) fn exec(args: Exec, ctx: &Context) -> Result<Code> {
    let receipt = tool::find(&ctx.paths, &args.tool)?;
    let env = tool::folder(&ctx.paths, &receipt.wanted.tool());
    if let [program, arguments @ ..] = args.command.as_slice()
        && (program == "pip" || program == "pip3")
        && !env.join("bin").join(program).exists()
    {
        // The one on PATH would change another environment.
        return pip(
            Pip {
                tool: args.tool,
                arguments: arguments.to_vec(),
            },
            ctx,
        );
    }
    let mut path = vec![env.join("bin")];
    path.extend(env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let path = std::env::join_paths(path).map_err(|error| Error::Usage(error.to_string()))?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Ok(Code::Done);
    };
    // Where the environment has such a program it is taken from there, else from PATH.
    let inside = env.join("bin").join(program);
    let program: PathBuf = if inside.exists() {
        inside
    } else {
        program.into()
    };
    umask::restore();
    let error = Command::new(&program)
        .args(arguments)
        .env("PATH", path)
        .env("VIRTUAL_ENV", &env)
        .exec();
    let tool = receipt.wanted.tool();
    Ok(report_error(
        ctx,
        &tool::Error::CantExec {
            tool,
            program: program.display().to_string(),
            bin: ctx.paths.tilde(&env.join("bin")),
            reason: error,
        },
    ))
}

/// The environment has no pip of its own: the one that its Python brings along runs on it.
pub(super) fn pip(args: Pip, ctx: &Context) -> Result<Code> {
    let tool = list::Tool::new(&ctx.paths, tool::find(&ctx.paths, &args.tool)?);
    let python = installed::list(&ctx.paths)
        .into_iter()
        .find(|python| python.key == tool.python);
    let Some(pip) = python
        .as_ref()
        .and_then(|python| crate::python::pip::bundled(&python.facts.stdlib))
    else {
        return Err(tool::Error::NoPip { tool: tool.tool() }.into());
    };
    let program = tool.env.join("bin/python");
    umask::restore();
    let error = Command::new(&program)
        .arg(pip.join("pip"))
        .args(args.arguments)
        .exec();
    ctx.report
        .error(&format!("can't run {}: {error}", program.display()));
    Ok(Code::NotFound)
}
