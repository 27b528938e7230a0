//! Whether a tool runs: not what its interpreter's version says, but whether its commands can be loaded.

use std::fs;
use std::process::{Command, Stdio};

use super::receipt::Receipt;
use super::{folder, install};
use crate::Context;
use crate::report::escaped;

/// Loads the entry points named as arguments, and prints those that fail. Scripts that are none are left to their shebang; so is the command
/// of an extra (`main:run [d]`) that lacks what the extra brings: nobody may have asked for it.
const LOAD: &str = "\
import sys, importlib.metadata
names = set(sys.argv[1:])
for distribution in importlib.metadata.distributions():
    for point in distribution.entry_points:
        if point.group in ('console_scripts', 'gui_scripts') and point.name in names:
            names.discard(point.name)
            try:
                point.load()
            except ImportError as error:
                if not point.extras:
                    print(point.name, type(error).__name__, error, sep='\\t', file=sys.__stdout__, flush=True)
            except BaseException as error:
                print(point.name, type(error).__name__, error, sep='\\t', file=sys.__stdout__, flush=True)
";

/// Why an installed tool doesn't work; None if it does. Runs its interpreter.
pub fn complaint(ctx: &Context, receipt: &Receipt) -> Option<String> {
    let home = folder(&ctx.paths, &receipt.wanted.tool());
    let python = home.join("bin/python");
    if fs::metadata(&python).is_err() {
        return Some("its Python is gone".into());
    }
    if let Some(app) = receipt.apps.iter().find(|app| fs::metadata(home.join("bin").join(&app.script)).is_err()) {
        return Some(format!("its command {} is gone", escaped(&app.script)));
    }
    if !install::is_whole(ctx, receipt) {
        return Some("its commands aren't all linked".into());
    }
    let mut command = Command::new(&python);
    command.args(["-E", "-c", LOAD]).args(receipt.apps.iter().map(|app| &app.script));
    let output = match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => return Some(format!("its Python doesn't run: {error}")),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    // What modules print while they are loaded isn't in this form.
    let failed = text.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (name, kind, message) = (parts.next()?, parts.next()?, parts.next()?);
        receipt.apps.iter().any(|app| app.script == name).then(|| format!("{name} can't be loaded: {kind}: {message}"))
    });
    match failed {
        Some(text) => Some(escaped(&text)),
        None if !output.status.success() => Some("its Python doesn't run".into()),
        None => None,
    }
}
