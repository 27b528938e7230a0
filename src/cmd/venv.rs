//! `boot venv [PATH]`, `boot venv list`, `boot venv remove`.

use std::path::Path;

use crate::cli::venv::{Make, Venv, What};
use crate::error::Result;
use crate::project;
use crate::project::known;
use crate::project::make::{self, Place, Wanted};
use crate::project::pin::Name;
use crate::project::removed;
use crate::project::surroundings::find_system_program;
use crate::project::trust::Kind;
use crate::project::venv::Pip;
use crate::python::request::Request;
use crate::report::escaped;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: Venv, ctx: &Context) -> Result<Code> {
    match args.what {
        None => make(args.make, ctx),
        Some(What::Create(args)) => make(args, ctx),
        Some(What::List { json }) => list(json, ctx),
        Some(What::Restore { path, number, list }) => {
            let here = super::here()?;
            let project = path.map_or(here.clone(), |path| here.join(path));
            if list {
                list_kept(&project, ctx)
            } else {
                restore(&project, number, ctx)
            }
        }
        Some(What::Remove { what }) => {
            let here = super::here()?;
            let outcomes = what.iter().map(|what| {
                remove(what, &here, ctx).unwrap_or_else(|error| {
                    ctx.report.error(&error.to_string());
                    error.code()
                })
            });
            Ok(Code::sum(outcomes.collect::<Vec<_>>()))
        }
    }
}

fn restore(project: &Path, number: usize, ctx: &Context) -> Result<Code> {
    let kept = known::list_kept(ctx, project)?.len();
    let link = known::restore_environment(ctx, project, number)?;
    let others = if kept > 1 {
        format!("; so are {} more: boot venv restore --list", kept - 1)
    } else {
        String::new()
    };
    ctx.report.info(&format!(
        "{} leads to the environment of before again; the other one is kept{others}",
        escaped(&ctx.paths.tilde(&link))
    ));
    Ok(Code::Done)
}

/// Prints the environments of before, as `boot venv restore --number` counts them.
fn list_kept(project: &Path, ctx: &Context) -> Result<Code> {
    /// So many packages are named, the others counted.
    const NAMED: usize = 4;
    let rows: Vec<Vec<String>> = known::list_kept(ctx, project)?
        .into_iter()
        .map(|kept| {
            let more = kept.packages.len().saturating_sub(NAMED);
            let named = kept.packages.iter().take(NAMED).cloned();
            let counted = (more > 0).then(|| format!("{more} more"));
            let packages: Vec<String> = named.chain(counted).collect();
            vec![
                kept.number.to_string(),
                kept.python.unwrap_or_else(|| "?".into()),
                kept.since.unwrap_or_else(|| "?".into()),
                if packages.is_empty() {
                    "no packages".into()
                } else {
                    escaped(&packages.join(", "))
                },
            ]
        })
        .collect();
    table::columns(&rows)?;
    Ok(Code::Done)
}

/// Removes one environment. A word without a slash that names an environment, or named one that was
/// removed, never means a folder: typed twice, a command removes no second thing.
fn remove(what: &Path, here: &Path, ctx: &Context) -> Result<Code> {
    let name: Option<Name> = what.to_str().and_then(|word| word.parse().ok());
    let is_there = |name: &Name| {
        let folder = ctx.paths.venvs().join(name.as_str());
        folder.is_dir() && folder != ctx.paths.projects()
    };
    let named =
        name.filter(|name| is_there(name) || removed::contains(&ctx.paths, name).unwrap_or(true));
    if let Some(name) = named.as_ref().filter(|name| !is_there(name)) {
        if here.join(what).is_dir() {
            return Err(project::Error::Removed { name: name.clone() }.into());
        }
        ctx.report.info(&format!(
            "the environment {name} is removed already: nothing to do"
        ));
        return Ok(Code::Done);
    }
    // Remembered first: whatever happens in between, the word stays a name.
    if let Some(name) = &named {
        removed::remember(ctx, name)?;
    }
    let path = known::remove_environment(ctx, here, what)?;
    ctx.report
        .info(&format!("removed {}", ctx.paths.tilde(&path)));
    Ok(Code::Done)
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
        python: args
            .python
            .map(|text| Request::from_argument(&text))
            .transpose()
            .map_err(project::Error::from)?,
        system: find_system_program(&ctx.paths, "python3"),
        prompt: args.prompt,
        system_site_packages: args.system_site_packages,
        pip: if args.no_pip {
            Pip::LeftOut
        } else {
            Pip::Installed
        },
        clear: args.clear,
    };
    let outcome = make::make_environment(ctx, &here, &wanted)?;
    let path = escaped(&ctx.paths.tilde(&outcome.path));
    let next = outcome
        .project
        .as_ref()
        .map(|project| super::forecast(ctx, project))
        .unwrap_or_default();
    if !outcome.gone.is_empty() {
        ctx.report.info(&format!(
            "gone with the environment of before: {}",
            escaped(&outcome.gone.join(", "))
        ));
    }
    if outcome.repaired {
        ctx.report.info(&format!(
            "repaired {path}, whose Python had moved: it has {}{next}",
            outcome.version
        ));
    } else if outcome.fresh {
        let kept = if outcome.kept {
            "; the one before is kept: boot venv restore"
        } else {
            ""
        };
        ctx.report.info(&format!(
            "made {path} with Python {}{kept}{next}",
            outcome.version
        ));
    } else {
        ctx.report.info(&format!(
            "{path} is there, with Python {}: nothing to do{next}",
            outcome.version
        ));
    }
    if let Some(line) = outcome.without_pip {
        ctx.report.info(&line);
    }
    Ok(Code::Done)
}

fn list(json: bool, ctx: &Context) -> Result<Code> {
    let all = known::list_environments(ctx)?;
    if json {
        #[derive(serde::Serialize)]
        struct Body {
            venvs: Vec<known::Listed>,
        }
        table::json(Body { venvs: all })?;
        return Ok(Code::Done);
    }
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|venv| {
            let state = match (venv.works, venv.kind, venv.lost) {
                (_, None, _) => format!(
                    "not trusted: boot trust {}",
                    escaped(&ctx.paths.tilde(&venv.path))
                ),
                (false, ..) if !venv.environment.exists() => "gone".into(),
                (false, _, Some(request)) => format!(
                    "broken: Python {request} isn't installed: boot python install {request}"
                ),
                (false, ..) => match &venv.name {
                    Some(name) => {
                        format!("broken; to replace it: boot venv --name {name} --clear")
                    }
                    None => "broken; to replace it: boot venv --clear, there".into(),
                },
                (true, ..)
                    if venv.kept && !venv.path.parent().is_some_and(|project| project.exists()) =>
                {
                    "kept, its project is gone".into()
                }
                (true, ..) if venv.kept => "kept: boot venv restore, there".into(),
                (true, ..) if venv.repaired => "repaired: its Python had moved".into(),
                (true, Some(Kind::Made), _) => String::new(),
                (true, ..) => "trusted by hand".into(),
            };
            let path = escaped(&ctx.paths.tilde(&venv.path));
            vec![
                venv.name.unwrap_or(path),
                venv.python.unwrap_or_else(|| "?".into()),
                state,
            ]
        })
        .collect();
    table::columns(&rows)?;
    Ok(Code::Done)
}
