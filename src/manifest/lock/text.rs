//! The bytes of `boot.lock`: the same lock gives the same, and one change is one line.

use std::fmt::Write;

use super::{Lock, Locked, LockedPackage, LockedTool, VERSION};

impl Lock {
    /// The text of the file.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::from(
            "# Written by boot lock: what boot.toml meant, by checksum. To be committed, not to be \
             edited.\n",
        );
        let manifest = quote(&self.manifest);
        let _ = write!(text, "version = {VERSION}\nmanifest = {manifest}\n");
        for (repo, pinned) in &self.extends {
            let (repo, commit) = (quote(repo), quote(&pinned.commit));
            let _ = write!(text, "\n[extends.{repo}]\ncommit = {commit}\n");
            if let Some(sha256) = &pinned.sha256 {
                let _ = writeln!(text, "sha256 = \"{sha256}\"");
            }
        }
        if !self.scripts.is_empty() {
            text.push_str("\n[scripts]\n");
            for (id, sha256) in &self.scripts {
                let _ = writeln!(text, "{} = \"{sha256}\"", quote(id));
            }
        }
        if !self.packages.is_empty() {
            text.push_str("\n[packages]\n");
            for (manager, names) in &self.packages {
                let _ = writeln!(text, "{manager} = [");
                for name in names {
                    let _ = writeln!(text, "  {},", quote(name));
                }
                text.push_str("]\n");
            }
        }
        for (platform, locked) in &self.platform {
            let _ = write!(text, "\n[platform.{platform}]\n");
            write_platform(&mut text, platform.as_str(), locked);
        }
        text
    }
}

fn write_platform(text: &mut String, platform: &str, locked: &Locked) {
    for (request, python) in &locked.python {
        let request = quote(request.as_str());
        let _ = write!(text, "\n[platform.{platform}.python.{request}]\n");
        let _ = writeln!(text, "key = {}", quote(&python.key.to_string()));
        let _ = writeln!(text, "release = {}", quote(&python.release));
        let _ = writeln!(text, "file = {}", quote(&python.file));
        let _ = writeln!(text, "sha256 = \"{}\"", python.sha256);
    }
    for (name, tool) in &locked.tool {
        let name = if name.contains(['@', '+']) {
            quote(name)
        } else {
            name.clone()
        };
        let _ = write!(text, "\n[platform.{platform}.tool.{name}]\n");
        write_tool(text, tool);
    }
}

fn write_tool(text: &mut String, tool: &LockedTool) {
    let _ = writeln!(text, "asked = {}", quote(tool.asked.as_str()));
    let _ = writeln!(text, "python = {}", quote(tool.python.as_str()));
    if let Some(commit) = &tool.commit {
        let _ = writeln!(text, "commit = {}", quote(commit));
    }
    text.push_str("packages = [\n");
    for package in &tool.packages {
        write_package(text, package);
    }
    text.push_str("]\n");
}

fn write_package(text: &mut String, package: &LockedPackage) {
    let _ = write!(
        text,
        "  {{ name = {}, version = {}, file = {}, sha256 = \"{}\"",
        quote(package.name.as_str()),
        quote(&package.version.to_string()),
        quote(&package.file),
        package.sha256
    );
    if let Some(at) = &package.at {
        let _ = write!(text, ", at = {}", quote(at));
    }
    text.push_str(" },\n");
}

/// A text as TOML writes it.
fn quote(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}
