//! `boot tool install`.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{AT_ONCE, index_options, read_file, report_error, report_result};
use crate::cli::tool::Install;
use crate::error::Result;
use crate::package::requirement::Name;
use crate::parallel::side_by_side;
use crate::tool::source::{self, Typed};
use crate::tool::{self, Change, InstallOptions, Spec, expose};
use crate::{Code, Context};

pub(super) fn install(args: Install, ctx: &Context) -> Result<Code> {
    let asked = Asked::read(&args)?;
    let index = index_options(ctx, args.index)?;
    let typed = Typed {
        editable: args.editable,
        python: args.python.clone(),
        index: index.clone(),
    };
    let with = Typed {
        editable: false,
        ..typed.clone()
    };
    let options = InstallOptions {
        with: source::conditional_all(ctx, &asked.with, &with)?,
        index,
        locked: None,
        expose: Default::default(),
        python: args.python,
        suffix: args.suffix.unwrap_or_default(),
        expose_from: parse_names(&args.expose_from)?,
        constraints: asked.constraints,
        pre: asked.pre,
        force: args.force,
    };
    let understood = side_by_side(&args.specs, AT_ONCE, |text| source::spec(ctx, text, &typed));
    let (mut specs, mut codes) = (Vec::new(), Vec::new());
    for spec in understood {
        match spec {
            Ok(spec) => source::unite(&mut specs, spec)?,
            Err(error) => codes.push(report_error(ctx, &error)),
        }
    }
    codes.extend(install_all(ctx, &specs, &options));
    Ok(Code::sum(codes))
}

/// Installs `specs` side by side, and says where the bin folder isn't on PATH.
fn install_all(ctx: &Context, specs: &[Spec], options: &InstallOptions) -> Vec<Code> {
    let changed = AtomicBool::new(false);
    let codes = side_by_side(specs, AT_ONCE, |spec| {
        let outcome = tool::install(ctx, spec, options);
        if let Ok(outcome) = &outcome
            && outcome.change != Change::Already
        {
            changed.store(true, Ordering::Relaxed);
        }
        report_result(ctx, spec.name().as_str(), specs.len(), outcome)
    });
    if changed.into_inner() && !expose::is_on_path(&ctx.paths) {
        ctx.report.info(&format!(
            "{} isn't on PATH yet: boot shell install",
            ctx.paths.tilde(&ctx.paths.bin)
        ));
    }
    codes
}

/// The options and the files that say what goes with the tools.
struct Asked {
    with: Vec<String>,
    constraints: Vec<String>,
    pre: bool,
}

impl Asked {
    fn read(args: &Install) -> Result<Asked> {
        let mut asked = Asked {
            with: args.with.clone(),
            constraints: Vec::new(),
            pre: args.pre,
        };
        for path in &args.requirements {
            let file = read_file(path)?;
            asked.pre |= file.pre;
            asked.with.extend(file.requirements);
            asked.constraints.extend(file.constraints);
        }
        for path in &args.constraints {
            let file = read_file(path)?;
            asked.pre |= file.pre;
            asked.constraints.extend(file.requirements);
            asked.constraints.extend(file.constraints);
        }
        Ok(asked)
    }
}

fn parse_names(names: &[String]) -> Result<Vec<Name>> {
    let parse = |name: &String| Ok(name.parse().map_err(tool::Error::from)?);
    names.iter().map(parse).collect()
}
