//! The text that `boot shell init` prints and `boot shell install` keeps in a file. It says where
//! things are; then comes the hook.

use std::path::{Path, PathBuf};

use super::{Shell, quote, shim};
use crate::store::{generation, paths::Paths};

const BASH: &str = include_str!("../../shims/boot.bash");
const ZSH: &str = include_str!("../../shims/boot.zsh");
const FISH: &str = include_str!("../../shims/boot.fish");

/// The hook for `shell`, ready to be evaluated; `binary` is what it asks.
pub(crate) fn hook(shell: Shell, paths: &Paths, binary: &Path) -> Vec<u8> {
    let values = [
        ("__boot_bin", binary.to_path_buf()),
        ("__boot_shims", paths.shims()),
        ("__boot_tools", paths.bin.clone()),
        ("__boot_stamp", generation::file_path(paths)),
    ];
    let mut out = Vec::new();
    for (name, value) in values {
        let (before, after) = match shell {
            Shell::Bash | Shell::Zsh => (format!("{name}="), "\n"),
            Shell::Fish => (format!("set -g {name} "), "\n"),
        };
        out.extend(before.bytes());
        out.extend(quote::word(shell, value));
        out.extend(after.bytes());
    }
    out.extend(
        match shell {
            Shell::Bash => BASH,
            Shell::Zsh => ZSH,
            Shell::Fish => FISH,
        }
        .bytes(),
    );
    out
}

/// Returns the path of boot, the program that runs. A newer one may have taken its place meanwhile:
/// the path is right still.
///
/// # Errors
/// The system can't tell, or what runs is a shim: another name of the same file, and not the place
/// where boot was installed.
pub(crate) fn running() -> std::io::Result<PathBuf> {
    let path = shim::without_mark(std::env::current_exe()?);
    if path.file_name().and_then(shim::called_as).is_some() && shim::is_in_shims(&path) {
        return Err(std::io::Error::other(format!(
            "{} is a shim of boot's, not boot",
            path.display()
        )));
    }
    Ok(path)
}

/// Returns the path by which start-up files should call this program. It is the place in the folder
/// of commands if that leads here, so that an update of boot is found too.
pub(crate) fn binary(paths: &Paths) -> std::io::Result<PathBuf> {
    let here = running()?;
    let exposed = paths.bin.join("boot");
    let same = std::fs::canonicalize(&exposed)
        .ok()
        .zip(std::fs::canonicalize(&here).ok())
        .is_some_and(|(a, b)| a == b);
    Ok(if same { exposed } else { here })
}
