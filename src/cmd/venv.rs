//! `boot venv [PATH]`, `boot venv list`, `boot venv remove`.

use super::shim::system;
use crate::cli::venv::{Make, Venv, What};
use crate::error::Result;
use crate::project;
use crate::project::make::{self, Place, Wanted};
use crate::project::trust::Kind;
use crate::python::request::Request;
use crate::ui::table;
use crate::{Code, Context};

pub fn run(args: Venv, ctx: &Context) -> Result<Code> {
    match args.what {
        None => make(args.make, ctx),
        Some(What::List { json }) => list(json, ctx),
        Some(What::Remove { what }) => {
            let here = super::here()?;
            let outcomes = what.iter().map(|what| match make::remove(ctx, &here, what) {
                Ok(path) => {
                    ctx.report.info(&format!("removed {}", ctx.paths.tilde(&path)));
                    Code::Done
                }
                Err(error) => {
                    ctx.report.error(&error.to_string());
                    error.code()
                }
            });
            Ok(Code::sum(outcomes.collect::<Vec<_>>()))
        }
    }
}

fn make(args: Make, ctx: &Context) -> Result<Code> {
    let here = super::here()?;
    let place = match (args.name, args.path) {
        (Some(name), _) => Place::Named(name.parse()?),
        (None, Some(path)) => Place::Path(path),
        (None, None) => Place::Project(here.clone()),
    };
    let wanted = Wanted {
        place,
        python: args.python.map(|text| Request::from_argument(&text)).transpose().map_err(project::Error::from)?,
        system: system(ctx, "python3"),
        prompt: args.prompt,
        system_site_packages: args.system_site_packages,
        pip: !args.no_pip,
        clear: args.clear,
    };
    let outcome = make::make(ctx, &here, &wanted)?;
    let path = ctx.paths.tilde(&outcome.path);
    if outcome.mended {
        ctx.report.info(&format!("mended {path}, whose Python had moved: it has {}", outcome.version));
    } else if outcome.fresh {
        ctx.report.info(&format!("made {path} with Python {}", outcome.version));
    } else {
        ctx.report.info(&format!("{path} is there, with Python {}: nothing to do", outcome.version));
    }
    if let Some(line) = outcome.without_pip {
        ctx.report.info(&line);
    }
    Ok(Code::Done)
}

fn list(json: bool, ctx: &Context) -> Result<Code> {
    let all = make::list(ctx)?;
    if json {
        #[derive(serde::Serialize)]
        struct Body {
            venvs: Vec<make::Listed>,
        }
        table::json(Body { venvs: all })?;
        return Ok(Code::Done);
    }
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|venv| {
            let state = match (venv.works, venv.kind, venv.lost) {
                (_, None, _) => format!("not trusted: boot trust {}", crate::report::escaped(&ctx.paths.tilde(&venv.path))),
                (false, ..) if !venv.path.exists() => "gone".into(),
                (false, _, Some(request)) => format!("broken: Python {request} isn't installed: boot python install {request}"),
                (false, ..) => match &venv.name {
                    Some(name) => format!("broken; to make it anew: boot venv --name {name} --clear"),
                    None => "broken; to make it anew: boot venv --clear, there".into(),
                },
                (true, ..) if venv.mended => "mended: its Python had moved".into(),
                (true, Some(Kind::Made), _) => String::new(),
                (true, ..) => "trusted by hand".into(),
            };
            let path = crate::report::escaped(&ctx.paths.tilde(&venv.path));
            vec![venv.name.unwrap_or(path), venv.python.unwrap_or_else(|| "?".into()), state]
        })
        .collect();
    table::columns(&rows)?;
    Ok(Code::Done)
}
