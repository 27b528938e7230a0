//! Which of a tool's commands are linked, and under which names: chosen after it was installed,
//! kept in its receipt, and so by every upgrade.

use std::path::Path;

use super::receipt::{App, Receipt};
use super::{Error, Result, expose, find, folder};
use crate::Context;
use crate::package::entry_points::is_command_name;
use crate::report::Silent;
use crate::store::lock::Lock;
use crate::store::paths::Paths;

/// Links `command` of the tool's environment, under its own name (and the tool's suffix) or `name`.
/// Gives the name; None if it was linked so before.
///
/// # Errors
/// The environment has no such command; the name is taken in the bin folder.
pub(crate) fn link(
    ctx: &Context,
    tool: &str,
    command: &str,
    name: Option<&str>,
) -> Result<Option<String>> {
    change(ctx, tool, |receipt, home| {
        if !offers(home, command) {
            return Err(Error::NotOffered {
                tool: receipt.wanted.tool(),
                command: command.into(),
                offered: offered(home),
            });
        }
        let name = name.map_or_else(
            || format!("{command}{}", receipt.wanted.suffix),
            String::from,
        );
        if !is_command_name(&name) {
            return Err(Error::BadName(name));
        }
        if receipt
            .apps
            .iter()
            .any(|app| app.name == name && app.script == command)
        {
            return Ok(None);
        }
        receipt.wanted.hide.retain(|hidden| *hidden != name);
        receipt.wanted.expose.insert(name.clone(), command.into());
        receipt.apps.retain(|app| app.name != name);
        receipt.apps.push(App {
            name: name.clone(),
            script: command.into(),
        });
        Ok(Some(name))
    })
}

/// Takes the link `name` away.
///
/// # Errors
/// The tool has no such link.
pub(crate) fn unlink(ctx: &Context, tool: &str, name: &str) -> Result<Option<String>> {
    change(ctx, tool, |receipt, _| {
        if !receipt.apps.iter().any(|app| app.name == name) {
            let offered = receipt.apps.iter().map(|app| app.name.clone()).collect();
            return Err(Error::NotExposed {
                tool: receipt.wanted.tool(),
                name: name.into(),
                offered,
            });
        }
        hide(receipt, name);
        Ok(Some(name.into()))
    })
}

/// Notes that `tool` has the link `name` no more: another tool takes it over. The caller holds the
/// bin folder's lock.
///
/// # Errors
/// The receipt can't be written. One that can't be read is nobody's.
pub(crate) fn give_up(paths: &Paths, tool: &str, name: &str) -> Result<()> {
    let home = folder(paths, tool);
    let Ok(Some(mut receipt)) = Receipt::read(&home) else {
        return Ok(());
    };
    hide(&mut receipt, name);
    Ok(receipt.write(&home)?)
}

fn hide(receipt: &mut Receipt, name: &str) {
    receipt.wanted.expose.remove(name);
    receipt.wanted.hide.push(name.into());
    receipt.wanted.hide.sort();
    receipt.wanted.hide.dedup();
    receipt.apps.retain(|app| app.name != name);
}

/// Changes the receipt, then the links by it: if the run is cut in between, the tool isn't whole,
/// and is repaired.
fn change(
    ctx: &Context,
    tool: &str,
    what: impl FnOnce(&mut Receipt, &Path) -> Result<Option<String>>,
) -> Result<Option<String>> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = super::lock(ctx, &name)?;
    let mut receipt = find(&ctx.paths, tool)?;
    let home = folder(&ctx.paths, &name);
    let Some(changed) = what(&mut receipt, &home)? else {
        return Ok(None);
    };
    receipt.apps.sort_by(|a, b| a.name.cmp(&b.name));
    let _bin = Lock::hold(&ctx.paths.locks(), "bin", &Silent)?;
    expose::check(
        &ctx.paths,
        &name,
        receipt.apps.iter().map(|app| app.name.as_str()),
        false,
    )?;
    receipt.write(&home)?;
    expose::link(
        &ctx.paths,
        &name,
        &home.join("bin"),
        receipt
            .apps
            .iter()
            .map(|app| (app.name.as_str(), app.script.as_str())),
    )?;
    Ok(Some(changed))
}

fn offers(home: &Path, command: &str) -> bool {
    is_command_name(command) && offered(home).iter().any(|offered| offered == command)
}

/// The programs in the environment, its interpreter aside.
fn offered(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(home.join("bin"))
        .into_iter()
        .flatten()
        .flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| is_command_name(name) && !name.starts_with("activate"))
        .collect();
    names.sort();
    names
}
