//! Whether a tool runs: not what its interpreter's version says, but whether it is the one that the
//! environment was made with, has all that the receipt says, and can load the commands.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::receipt::{App, Receipt};
use super::{contents, expose, folder};
use crate::Context;
use crate::project::venv::Config;
use crate::report::escaped;

/// Loads the entry points named as arguments, and prints those that fail. Scripts that are none are
/// left to their shebang; so is the command of an extra (`main:run [d]`) that lacks what the extra
/// brings, and one that lacks what only an extra of its package asks for: nobody may have asked for
/// it. The minor that runs comes first.
const LOAD: &str = "\
import re, sys, importlib.metadata
print('', *sys.version_info[:2], sep='\\t', file=sys.__stdout__, flush=True)
names = set(sys.argv[1:])
for distribution in importlib.metadata.distributions():
    for point in distribution.entry_points:
        if point.group in ('console_scripts', 'gui_scripts') and point.name in names:
            names.discard(point.name)
            try:
                point.load()
            except ImportError as error:
                lacks = re.sub('[-_.]+', '-', (error.name or '').split('.')[0]).lower()
                names = ((wish, re.match('[A-Za-z0-9._-]*', wish)[0]) for wish in distribution.requires or ())
                wishes = [wish for wish, name in names if re.sub('[-_.]+', '-', name).lower() == lacks]
                if not point.extras and not (wishes and all('extra' in wish for wish in wishes)):
                    print(point.name, type(error).__name__, error, sep='\\t', file=sys.__stdout__, flush=True)
            except BaseException as error:
                print(point.name, type(error).__name__, error, sep='\\t', file=sys.__stdout__, flush=True)
";

/// Tells whether the tool's interpreter is there, and its commands are linked: a look, no more.
pub(crate) fn is_complete(ctx: &Context, receipt: &Receipt) -> bool {
    let home = folder(&ctx.paths, &receipt.wanted.tool());
    let apps = receipt.apps.iter().map(App::link);
    fs::metadata(home.join("bin/python")).is_ok()
        && expose::is_linked(&ctx.paths, &home.join("bin"), apps)
}

/// Says why an installed tool doesn't work; None if it does. Runs its interpreter.
pub(crate) fn complaint(ctx: &Context, receipt: &Receipt) -> Option<String> {
    let home = folder(&ctx.paths, &receipt.wanted.tool());
    let python = home.join("bin/python");
    if fs::metadata(&python).is_err() {
        return Some("its Python is gone".into());
    }
    if let Some(app) = receipt
        .apps
        .iter()
        .find(|app| fs::metadata(home.join("bin").join(&app.script)).is_err())
    {
        return Some(format!("its command {} is gone", escaped(&app.script)));
    }
    if !is_complete(ctx, receipt) {
        return Some("its commands aren't all linked".into());
    }
    let Some(config) = Config::read(&home) else {
        return Some("it has lost its pyvenv.cfg".into());
    };
    if !config.home.is_dir() {
        return Some(format!(
            "its pyvenv.cfg names {}, which is gone",
            escaped(&ctx.paths.tilde(&config.home))
        ));
    }
    if let Some(package) = missing(&home, receipt) {
        return Some(format!("it has lost {}", escaped(&package)));
    }
    find_failing_command(&python, &config, receipt)
}

/// Loads the commands of a tool with its interpreter, and says which fails and why.
fn find_failing_command(python: &Path, config: &Config, receipt: &Receipt) -> Option<String> {
    let mut command = Command::new(python);
    // Isolated: modules that lie in the folder somebody stands in are nobody's.
    command
        .args(["-I", "-c", LOAD])
        .args(receipt.apps.iter().map(|app| &app.script));
    let output = match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => return Some(format!("its Python doesn't run: {error}")),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    // What modules print while they are loaded isn't in this form.
    let runs = text.lines().find_map(|line| {
        let mut parts = line.strip_prefix('\t')?.split('\t');
        Some((
            parts.next()?.parse::<u32>().ok()?,
            parts.next()?.parse::<u32>().ok()?,
        ))
    });
    if let (Some(runs), Some(made)) = (runs, config.minor())
        && runs != made
    {
        return Some(format!(
            "its Python is {}.{} now, and it was made with {}.{}",
            runs.0, runs.1, made.0, made.1
        ));
    }
    let failed = text.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (name, kind, message) = (parts.next()?, parts.next()?, parts.next()?);
        receipt
            .apps
            .iter()
            .any(|app| app.script == name)
            .then(|| format!("{name} can't be loaded: {kind}: {message}"))
    });
    match failed {
        Some(text) => Some(escaped(&text)),
        None if !output.status.success() => Some("its Python doesn't run".into()),
        None => None,
    }
}

/// The first package of the receipt that isn't installed in that version in the environment at
/// `home`: no `.dist-info` folder says so.
fn missing(home: &Path, receipt: &Receipt) -> Option<String> {
    let there = contents::installed(home);
    let lost = receipt.packages.iter().find(|(name, version)| {
        // What writes its version in a way of its own is known by its name.
        !there.iter().any(|other| {
            other.name == **name && other.version.as_ref().is_none_or(|is| is == *version)
        })
    });
    lost.map(|(name, version)| format!("{name}=={version}"))
}
