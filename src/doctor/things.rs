//! Pythons, environments, tools, their links, and what killed runs left behind.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Finding, Repair};
use crate::Context;
use crate::error::Result;
use crate::parallel::side_by_side;
use crate::project::known;
use crate::python::shims::State;
use crate::python::{installed, links};
use crate::report::escaped;
use crate::store::atomic;
use crate::tool::{expose, health, manuals, receipt};

/// Interpreters that are run at a time.
const AT_ONCE: usize = 4;

/// Pythons whose interpreter is gone, and minors' links that lead nowhere.
pub(super) fn pythons(ctx: &Context, findings: &mut Vec<Finding>) {
    for python in installed::gone(&ctx.paths) {
        let (what, why) = (python.key.to_string(), "its interpreter is gone".into());
        findings.push(Finding {
            what,
            why,
            by_hand: Some(python.way_out()),
            repair: None,
        });
    }
    for path in dangling(&ctx.paths.pythons())
        .into_iter()
        .chain(dangling(&ctx.paths.shims()))
    {
        findings.push(Finding {
            what: shown(ctx, &path),
            why: "leads nowhere".into(),
            by_hand: None,
            repair: Some(Repair::Links),
        });
    }
}

/// Shims that aren't there, or aren't this boot's. Links that lead nowhere are told by [`pythons`].
pub(super) fn shims(ctx: &Context, findings: &mut Vec<Finding>) {
    let mut old = Vec::new();
    for (path, state) in links::wrong_shims(&ctx.paths) {
        match state {
            State::Foreign => findings.push(Finding {
                what: shown(ctx, &path),
                why: "isn't a shim of boot's".into(),
                by_hand: Some("move it away, then boot doctor --fix".into()),
                repair: None,
            }),
            State::Old | State::Absent if path.is_symlink() && fs::metadata(&path).is_err() => {}
            State::Old => old.push((path, "an older boot's")),
            State::Absent => old.push((path, "not there")),
            State::Current => {}
        }
    }
    for kind in ["an older boot's", "not there"] {
        let names = old
            .iter()
            .filter(|(_, of)| *of == kind)
            .filter_map(|(path, _)| path.file_name());
        let names: Vec<String> = names.map(|name| escaped(&name.to_string_lossy())).collect();
        if !names.is_empty() {
            let why = format!(
                "{}: {}",
                if names.len() == 1 {
                    format!("one is {kind}")
                } else {
                    format!("some are {kind}")
                },
                names.join(", ")
            );
            findings.push(Finding {
                what: format!("the shims in {}", shown(ctx, &ctx.paths.shims())),
                why,
                by_hand: None,
                repair: Some(Repair::Links),
            });
        }
    }
}

/// Environments of projects, and named ones.
pub(super) fn environments(ctx: &Context, findings: &mut Vec<Finding>) -> Result<()> {
    for venv in known::list_environments(ctx)?
        .into_iter()
        .filter(|venv| !venv.works && !venv.kept)
    {
        let what = venv.name.clone().unwrap_or_else(|| shown(ctx, &venv.path));
        let (why, by_hand, repair) = match &venv.lost {
            _ if fs::symlink_metadata(&venv.environment).is_err() => (
                "it is gone, and still on the list of what may be activated".into(),
                None,
                Some(Repair::Forget(venv.path.clone())),
            ),
            Some(request) => (
                format!("Python {request} isn't installed"),
                Some(format!("boot python install {request}")),
                None,
            ),
            None => {
                let project = venv.path.parent().unwrap_or(&venv.path);
                let anew = match &venv.name {
                    Some(name) => format!("boot venv --name {name} --clear"),
                    None => format!("cd {} && boot venv --clear", shown(ctx, project)),
                };
                ("its interpreter is gone".into(), Some(anew), None)
            }
        };
        findings.push(Finding {
            what,
            why,
            by_hand,
            repair,
        });
    }
    Ok(())
}

/// Tools that can't run, and receipts that can't be read.
pub(super) fn tools(ctx: &Context, findings: &mut Vec<Finding>) {
    let (receipts, errors) = receipt::all(&ctx.paths);
    let complaints = side_by_side(&receipts, AT_ONCE, |receipt| {
        health::complaint(ctx, receipt)
    });
    for (receipt, why) in receipts.iter().zip(complaints) {
        let name = receipt.wanted.tool();
        findings.extend(why.map(|why| Finding {
            what: format!("the tool {name}"),
            why,
            by_hand: None,
            repair: Some(Repair::Tool(name)),
        }));
    }
    for error in errors {
        let text = error.to_string();
        let mut lines = text.lines();
        let what = lines.next().unwrap_or_default().to_string();
        findings.push(Finding {
            what,
            why: String::new(),
            by_hand: lines.next().map(String::from),
            repair: None,
        });
    }
}

/// Links in the bin folder, and of man pages and completions, that lead into a tool which isn't
/// there.
pub(super) fn links(ctx: &Context, findings: &mut Vec<Finding>) {
    for path in expose::dangling(&ctx.paths)
        .into_iter()
        .chain(manuals::dangling(&ctx.paths))
    {
        findings.push(Finding {
            what: shown(ctx, &path),
            why: "leads to a tool that isn't installed".into(),
            by_hand: None,
            repair: Some(Repair::Link(path)),
        });
    }
}

/// Leftovers of killed runs, where things are made.
pub(super) fn leftovers(ctx: &Context, findings: &mut Vec<Finding>) {
    let paths = &ctx.paths;
    let mut folders = vec![
        paths.pythons(),
        paths.tools(),
        paths.venvs(),
        paths.projects(),
        paths.shims(),
        paths.bin.clone(),
        paths.state.clone(),
    ];
    folders.extend([
        paths.wheels(),
        paths.archives(),
        paths.builds(),
        paths.environments(),
    ]);
    let left: Vec<PathBuf> = folders
        .into_iter()
        .filter(|folder| atomic::has_leftovers(folder))
        .collect();
    if !left.is_empty() {
        let shown: Vec<String> = left.iter().map(|folder| shown(ctx, folder)).collect();
        let why = "has what a run that was killed left behind".into();
        findings.push(Finding {
            what: shown.join(", "),
            why,
            by_hand: None,
            repair: Some(Repair::Sweep(left)),
        });
    }
}

fn dangling(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_symlink());
    let mut found: Vec<PathBuf> = links.filter(|path| fs::metadata(path).is_err()).collect();
    found.sort();
    found
}

fn shown(ctx: &Context, path: &Path) -> String {
    escaped(&ctx.paths.tilde(path))
}
