//! `boot tool`: each verb asks the domain, for several tools side by side, and says what came of
//! each.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::tool::{Exec, Expose, Index, Inject, Install, List, Pip, Run, Tool};
use crate::error::{Error, Result};
use crate::package::options::IndexOptions;
use crate::package::requirements_file;
use crate::parallel::side_by_side;
use crate::python::installed;
use crate::store::env;
use crate::store::umask;
use crate::tool::source::{self, Typed};
use crate::tool::{self, Change, Options, Outcome, commands, expose, list, receipt, remove};
use crate::ui::table;
use crate::{Code, Context};

/// Tools that are worked on at a time.
const AT_ONCE: usize = 8;

pub(super) fn run(what: Tool, ctx: &Context) -> Result<Code> {
    match what {
        Tool::Install(args) => install(args, ctx),
        Tool::Inject(args) => inject(args, ctx),
        Tool::Uninject(args) => {
            let (outcome, unknown) = tool::uninject(ctx, &args.tool, &args.packages)?;
            let mut codes: Vec<Code> = unknown.iter().map(|error| failed(ctx, error)).collect();
            if let Some(outcome) = outcome {
                said(ctx, &outcome);
                codes.push(Code::Done);
            }
            Ok(Code::sum(codes))
        }
        Tool::Upgrade(args) => {
            ctx.force_revalidation();
            each_named(ctx, args.tools, |name| tool::upgrade(ctx, name))
        }
        Tool::Reinstall(args) => each_named(
            ctx,
            some_or_all(args.tools, args.all, "reinstall")?,
            |name| tool::reinstall(ctx, name, args.python.clone()),
        ),
        Tool::Uninstall(args) => {
            let (names, codes) = named(ctx, some_or_all(args.tools, args.all, "uninstall")?);
            let done = names.iter().map(|name| match remove::uninstall(ctx, name) {
                Ok(name) => {
                    ctx.report.info(&format!("uninstalled {name}"));
                    Code::Done
                }
                Err(error) => failed(ctx, &error),
            });
            Ok(Code::sum(codes.into_iter().chain(done)))
        }
        Tool::List(args) => show(args, ctx),
        Tool::Expose(args) => expose_commands(&args, ctx),
        Tool::Unexpose(args) => Ok(Code::sum(args.names.iter().map(
            |name| match commands::unlink(ctx, &args.tool, name) {
                Ok(_) => {
                    ctx.report.info(&format!("{name} isn't linked any more"));
                    Code::Done
                }
                Err(error) => failed(ctx, &error),
            },
        ))),
        Tool::Pin(args) => hold(ctx, &args.tools, true),
        Tool::Unpin(args) => hold(ctx, &args.tools, false),
        Tool::Run(args) => run_once(args, ctx),
        Tool::Exec(args) => exec(args, ctx),
        Tool::Pip(args) => pip(args, ctx),
    }
}

fn install(args: Install, ctx: &Context) -> Result<Code> {
    let mut with = args.with;
    let mut constraints = Vec::new();
    let mut pre = args.pre;
    for file in &args.requirements {
        let asked = asked(file)?;
        pre |= asked.pre;
        with.extend(asked.requirements);
        constraints.extend(asked.constraints);
    }
    for file in &args.constraints {
        let asked = asked(file)?;
        pre |= asked.pre;
        constraints.extend(asked.requirements.into_iter().chain(asked.constraints));
    }
    let index = index(ctx, args.index)?;
    let typed = Typed {
        editable: args.editable,
        python: args.python.clone(),
        index: index.clone(),
    };
    let options = Options {
        with: source::conditional_all(
            ctx,
            &with,
            &Typed {
                editable: false,
                ..typed.clone()
            },
        )?,
        index,
        locked: None,
        expose: Default::default(),
        python: args.python,
        suffix: args.suffix.unwrap_or_default(),
        expose_from: args.expose_from,
        constraints,
        pre,
        force: args.force,
    };
    let changed = AtomicBool::new(false);
    let understood = side_by_side(&args.specs, AT_ONCE, |text| source::spec(ctx, text, &typed));
    let (mut specs, mut codes) = (Vec::new(), Vec::new());
    for spec in understood {
        match spec {
            Ok(spec) => source::unite(&mut specs, spec)?,
            Err(error) => codes.push(failed(ctx, &error)),
        }
    }
    let done = side_by_side(&specs, AT_ONCE, |spec| {
        let outcome = tool::install(ctx, spec, &options);
        changed.fetch_or(
            outcome
                .as_ref()
                .is_ok_and(|outcome| outcome.change != Change::Already),
            Ordering::Relaxed,
        );
        told(ctx, spec.name().as_str(), specs.len(), outcome)
    });
    let code = Code::sum(codes.into_iter().chain(done));
    if changed.into_inner() && !expose::is_on_path(&ctx.paths) {
        ctx.report.info(&format!(
            "{} isn't on PATH yet: boot shell install",
            ctx.paths.tilde(&ctx.paths.bin)
        ));
    }
    Ok(code)
}

fn inject(args: Inject, ctx: &Context) -> Result<Code> {
    let mut packages = args.packages;
    for file in &args.requirements {
        let asked = asked(file)?;
        if !asked.constraints.is_empty() || asked.pre {
            return Err(Error::Usage(
                "constraints and --pre are a tool's from its installation on\n\
                                     boot tool install TOOL -r FILE"
                    .into(),
            ));
        }
        packages.extend(asked.requirements);
    }
    // Conditions are asked of the Python that the tool has.
    let tool = list::Tool::new(&ctx.paths, tool::find(&ctx.paths, &args.tool)?);
    let typed = Typed {
        python: Some(tool.python.to_string()).filter(|_| !tool.broken),
        ..Typed::default()
    };
    let specs = source::conditional_all(ctx, &packages, &typed)?;
    if specs.is_empty() {
        ctx.report
            .info(&format!("nothing is to be injected into {}", args.tool));
    } else {
        said(ctx, &tool::inject(ctx, &args.tool, &specs, args.expose)?);
    }
    Ok(Code::Done)
}

fn expose_commands(args: &Expose, ctx: &Context) -> Result<Code> {
    if args.name.is_some() && args.commands.len() > 1 {
        return Err(Error::Usage(
            "--as names one command\nboot tool expose TOOL CMD --as NAME".into(),
        ));
    }
    Ok(Code::sum(args.commands.iter().map(
        |command| match commands::link(ctx, &args.tool, command, args.name.as_deref()) {
            Ok(Some(name)) => {
                ctx.report.info(&format!("linked {name}"));
                Code::Done
            }
            Ok(None) => {
                ctx.report.info(&format!(
                    "{} is linked already: nothing to do",
                    args.name.as_deref().unwrap_or(command)
                ));
                Code::Done
            }
            Err(error) => failed(ctx, &error),
        },
    )))
}

/// Those that `boot tool upgrade` would change, or that are held back from it.
fn outdated(args: &List, ctx: &Context) -> Result<Code> {
    ctx.force_revalidation();
    let (receipts, errors) = receipt::all(&ctx.paths);
    let newest = side_by_side(&receipts, AT_ONCE, |receipt| {
        tool::install::newest(ctx, receipt)
    });
    let mut codes: Vec<Code> = errors
        .iter()
        .map(|error| failed_text(ctx, &error.to_string()))
        .collect();
    let mut found = Vec::new();
    for (receipt, newest) in receipts.iter().zip(newest) {
        match newest {
            Ok(Some(version)) => found.push((receipt, version)),
            Ok(None) => {}
            Err(error) => codes.push(failed(ctx, &error)),
        }
    }
    if args.json {
        let tools: Vec<_> = found
            .iter()
            .map(|(receipt, newest)| {
                let wanted = &receipt.wanted;
                serde_json::json!({"name": wanted.name(), "suffix": wanted.suffix, "version": receipt.version, "newest": newest, "pinned": wanted.pinned})
            })
            .collect();
        table::json(serde_json::json!({ "tools": tools }))?;
    } else if found.is_empty() && codes.is_empty() {
        ctx.report
            .info("every tool is the newest that was asked for");
    } else {
        let pinned = |receipt: &receipt::Receipt| {
            if receipt.wanted.pinned {
                "(pinned)"
            } else {
                ""
            }
        };
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|(receipt, newest)| {
                vec![
                    receipt.wanted.tool(),
                    receipt.version.to_string(),
                    newest.clone(),
                    pinned(receipt).into(),
                ]
            })
            .collect();
        table::columns(&rows)?;
    }
    Ok(Code::sum(codes))
}

fn show(args: List, ctx: &Context) -> Result<Code> {
    if args.outdated {
        return outdated(&args, ctx);
    }
    let (receipts, errors) = receipt::all(&ctx.paths);
    let tools: Vec<list::Tool> = receipts
        .into_iter()
        .map(|receipt| list::Tool::new(&ctx.paths, receipt))
        .collect();
    if args.json {
        table::json(serde_json::json!({ "tools": tools }))?;
    } else if tools.is_empty() && errors.is_empty() {
        ctx.report
            .info("no tools are installed: boot tool install black");
    } else {
        let rows: Vec<Vec<String>> = tools
            .iter()
            .map(|tool| {
                let apps: Vec<&str> = tool.apps.iter().map(|app| app.name.as_str()).collect();
                let mut last = apps.join(", ");
                let injected: Vec<String> = tool
                    .injected
                    .iter()
                    .map(|one| format!("{} {}", one.name, one.version))
                    .collect();
                if !injected.is_empty() {
                    last.push_str(&format!("  + {}", injected.join(", ")));
                }
                if tool.pinned {
                    last.push_str("  (pinned)");
                }
                if tool.broken {
                    last.push_str(&format!(
                        "  (its Python is gone: boot tool reinstall {})",
                        tool.tool()
                    ));
                }
                vec![
                    tool.tool(),
                    tool.version.to_string(),
                    tool.python.version.to_string(),
                    last,
                ]
            })
            .collect();
        table::columns(&rows)?;
    }
    Ok(Code::sum(std::iter::once(Code::Done).chain(
        errors.iter().map(|error| {
            ctx.report.error(&error.to_string());
            Code::Failed
        }),
    )))
}

fn hold(ctx: &Context, names: &[String], pinned: bool) -> Result<Code> {
    Ok(Code::sum(names.iter().map(|name| {
        match remove::pin(ctx, name, pinned) {
            Ok(Some(receipt)) if pinned => {
                ctx.report.info(&format!(
                    "pinned {} at {}",
                    receipt.wanted.tool(),
                    receipt.version
                ));
                Code::Done
            }
            Ok(Some(receipt)) => {
                ctx.report
                    .info(&format!("unpinned {}", receipt.wanted.tool()));
                Code::Done
            }
            Ok(None) => {
                ctx.report.info(&format!(
                    "{name} is {} already",
                    if pinned { "pinned" } else { "unpinned" }
                ));
                Code::Done
            }
            Err(error) => failed(ctx, &error),
        }
    })))
}

fn run_once(args: Run, ctx: &Context) -> Result<Code> {
    let file = Path::new(&args.spec);
    if args.from.is_none() && is_script(file) {
        let typed = Typed {
            editable: false,
            python: args.python,
            index: index(ctx, args.index)?,
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
        index: index(ctx, args.index)?,
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
        && (file.extension().is_some_and(|extension| extension == "py")
            || tool::inline::is_in(file))
}

fn exec(args: Exec, ctx: &Context) -> Result<Code> {
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
    Ok(failed(
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
fn pip(args: Pip, ctx: &Context) -> Result<Code> {
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

/// As [`each`], of the tools that are named, or of all.
fn each_named(
    ctx: &Context,
    names: Vec<String>,
    work: impl Fn(&str) -> tool::Result<Outcome> + Sync,
) -> Result<Code> {
    let (names, codes) = named(ctx, names);
    if names.is_empty() && !codes.is_empty() {
        return Ok(Code::sum(codes));
    }
    let done = each(ctx, names, work)?;
    Ok(Code::sum(codes.into_iter().chain([done])))
}

/// Does one thing to each tool, several at a time; one that fails stops no other.
fn each(
    ctx: &Context,
    names: Vec<String>,
    work: impl Fn(&str) -> tool::Result<Outcome> + Sync,
) -> Result<Code> {
    if names.is_empty() {
        ctx.report.info("no tools are installed");
    }
    Ok(Code::sum(side_by_side(&names, AT_ONCE, |name| {
        told(ctx, name, names.len(), work(name))
    })))
}

/// Says what came of one tool of so many. An error says of which, where it doesn't name it itself.
fn told(ctx: &Context, name: &str, of: usize, outcome: tool::Result<Outcome>) -> Code {
    match outcome {
        Ok(outcome) => {
            said(ctx, &outcome);
            Code::Done
        }
        Err(error) => {
            let text = error.to_string();
            let known = of == 1 || text.lines().next().is_some_and(|line| line.contains(name));
            ctx.report.error(&if known {
                text
            } else {
                format!("{name}: {text}")
            });
            error.code()
        }
    }
}

fn said(ctx: &Context, outcome: &Outcome) {
    ctx.report.info(&outcome.to_string());
    for moved in &outcome.moved {
        ctx.report.info(&format!(
            "what was in its place is kept as {}",
            ctx.paths.tilde(&moved.to)
        ));
    }
}

fn failed_text(ctx: &Context, text: &str) -> Code {
    ctx.report.error(text);
    Code::Failed
}

fn failed(ctx: &Context, error: &tool::Error) -> Code {
    ctx.report.error(&error.to_string());
    error.code()
}

/// The named tools, or all of them; and a code for each whose receipt can't be read, which is told.
fn named(ctx: &Context, names: Vec<String>) -> (Vec<String>, Vec<Code>) {
    if !names.is_empty() {
        return (names, Vec::new());
    }
    let (receipts, errors) = receipt::all(&ctx.paths);
    let codes = errors
        .iter()
        .map(|error| failed_text(ctx, &error.to_string()))
        .collect();
    (
        receipts
            .into_iter()
            .map(|receipt| receipt.wanted.tool())
            .collect(),
        codes,
    )
}

/// What takes all only where it is asked to.
fn some_or_all(names: Vec<String>, all: bool, verb: &str) -> Result<Vec<String>> {
    if names.is_empty() && !all {
        return Err(Error::Usage(format!(
            "no tool is named\nboot tool {verb} TOOL…, or boot tool {verb} --all"
        )));
    }
    Ok(names)
}

/// What was typed of indexes. Their credentials are known from here on, and nobody else has them.
fn index(ctx: &Context, args: Index) -> Result<IndexOptions> {
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

/// What a file of requirements or constraints asks for.
fn asked(file: &Path) -> Result<requirements_file::Asked> {
    requirements_file::read(file).map_err(|error| Error::Usage(error.to_string()))
}
