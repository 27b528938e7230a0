//! `boot tool run`.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::index_options;
use crate::cli::tool::Run;
use crate::error::Result;
use crate::store::umask;
use crate::tool::source::{self, Typed};
use crate::tool::{self, inline};
use crate::{Code, Context};

pub(super) fn run(args: Run, ctx: &Context) -> Result<Code> {
    let file = Path::new(&args.spec);
    if args.from.is_none() && is_script(file) {
        let typed = Typed {
            editable: false,
            python: args.python,
            index: index_options(ctx, args.index)?,
        };
        let python = tool::run::for_script(
            ctx,
            file,
            &source::conditional_all(ctx, &args.with, &typed)?,
            &typed,
        )?;
        umask::restore();
        let error = Command::new(&python).arg(file).args(args.arguments).exec();
        ctx.report
            .error(&format!("can't run {}: {error}", python.display()));
        return Ok(Code::NotFound);
    }
    let package = args.from.as_deref().unwrap_or(&args.spec);
    let typed = Typed {
        editable: false,
        python: args.python,
        index: index_options(ctx, args.index)?,
    };
    let spec = source::spec(ctx, package, &typed)?;
    let command = args.from.as_ref().map(|_| args.spec.as_str());
    let script = tool::run::find(
        ctx,
        &spec,
        command,
        &source::conditional_all(ctx, &args.with, &typed)?,
        &typed,
    )?;
    umask::restore();
    let error = Command::new(&script).args(args.arguments).exec();
    ctx.report
        .error(&format!("can't run {}: {error}", script.display()));
    Ok(Code::NotFound)
}

/// A file that Python is to run: it is called so, or says what it needs.
fn is_script(file: &Path) -> bool {
    file.is_file()
        && (file.extension().is_some_and(|extension| extension == "py") || inline::is_in(file))
}
