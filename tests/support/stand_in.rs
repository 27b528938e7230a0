//! A stand-in for an installed Python: the record that boot reads, and a script as interpreter.
//! Prompts never start a Python, and without pip an environment is created at once.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use boot::testing::{Key, Platform, Version};
use serde_json::{Map, Value, json};

use super::Home;

/// Minor of the stand-in, as in a pin.
pub const MINOR: &str = "3.11";

/// Installs the stand-in for 3.11.9 in `home`.
pub fn install(home: &Home) {
    install_version(home, "3.11.9");
}

/// Like [`install`], for another version.
pub fn install_version(home: &Home, version: &str) {
    let version: Version = version.parse().unwrap();
    let key = Key {
        version,
        variant: Default::default(),
        platform: Platform::host().unwrap(),
    };
    let minor = version.minor_name(Default::default());
    let pythons = home.data().join("pythons");
    let root = pythons.join(key.to_string());
    let executable = format!("bin/python{minor}");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::write(root.join(&executable), "#!/bin/sh\n").unwrap();
    fs::set_permissions(root.join(&executable), fs::Permissions::from_mode(0o755)).unwrap();
    symlink(key.to_string(), pythons.join(&minor)).unwrap();

    let texts = |names: &[&str]| {
        names
            .iter()
            .map(|name| (name.to_string(), "x".into()))
            .collect::<Map<String, Value>>()
    };
    let markers = texts(&[
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
    ]);
    let site = format!("lib/python{minor}/site-packages");
    let mut facts = json!({
        "version": [version.major, version.minor, version.patch],
        "free_threaded": false,
        "pointer_bits": 64,
        "libc": null,
        "macos": null,
        "purelib": site,
        "platlib": site,
        "scripts": "bin",
        "include": "include",
        "markers": markers,
    });
    let more = texts(&["soabi", "cache_tag", "magic", "stdlib"]);
    facts.as_object_mut().unwrap().extend(more);
    let record = json!({
        "schema": 1,
        "key": key.to_string(),
        "origin": "prebuilt",
        "sha256": null,
        "executable": executable,
        "facts": facts,
    });
    fs::write(root.join("boot.json"), record.to_string()).unwrap();
}

/// Creates a folder of `home` that pins 3.11, whatever the tester's umask.
pub fn project(home: &Home, name: &str) -> std::path::PathBuf {
    let folder = home.root.join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.join(".python-version"), format!("{MINOR}\n")).unwrap();
    folder
}

/// Resolves `path`, since environments lie elsewhere than the project's `.venv`; the path itself if
/// nothing exists there.
pub fn real(path: &std::path::Path) -> std::path::PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.into())
}

/// Writes the start-up file of `shell`: the hook, with the user's lines before and after it.
pub fn start_up(home: &Home, shell: &str, before: &str, after: &str) {
    let boot = super::BOOT;
    if shell == "fish" {
        // Otherwise its first start reads all manual pages, in the background.
        has_completions(home);
    }
    match shell {
        "bash" => home.write(
            ".bashrc",
            &format!(
                "PS1='$ '\n{before}\n\
                                                  eval \"$({boot} shell init bash)\"\n{after}\n"
            ),
        ),
        "zsh" => home.write(
            ".zshrc",
            &format!(
                "PS1='$ '\n{before}\n\
                                                eval \"$({boot} shell init zsh)\"\n{after}\n"
            ),
        ),
        _ => home.write(
            ".config/fish/config.fish",
            &format!(
                "set -g fish_greeting\nfunction fish_prompt; echo '$ '; end\n{before}\n\
                      {boot} shell init fish | source\n{after}\n"
            ),
        ),
    };
}

/// Pretends that fish has made its completions from man pages, which its first start does in the
/// background. fish 4 keeps them elsewhere.
pub fn has_completions(home: &Home) {
    for folder in [
        ".local/share/fish/generated_completions",
        ".cache/fish/generated_completions",
    ] {
        fs::create_dir_all(home.root.join(folder)).unwrap();
    }
}

/// Replaces a patch by another, as an upgrade does.
pub fn replace_version(home: &Home, old: &str, new: &str) {
    let version: Version = old.parse().unwrap();
    let pythons = home.data().join("pythons");
    let key = Key {
        version,
        variant: Default::default(),
        platform: Platform::host().unwrap(),
    };
    fs::remove_file(pythons.join(version.minor_name(Default::default()))).unwrap();
    install_version(home, new);
    fs::remove_dir_all(pythons.join(key.to_string())).unwrap();
}
