//! Telling whose repository a folder is, where its dotfiles aren't boot's to place.

use std::fs;
use std::path::Path;

use crate::manifest::Manager;

/// Tells whose repository `folder` is by what lies there: chezmoi's have its own files or names at
/// the top, `.chezmoiroot`, `dot_bashrc`, `private_dot_ssh` (chezmoi's "Source state
/// attributes"); yadm's have its configuration, or names of its alternates,
/// `.bashrc##os.Linux`.
pub(super) fn detect(folder: &Path) -> Option<Manager> {
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    };
    let attributes = [
        "private_",
        "readonly_",
        "empty_",
        "executable_",
        "exact_",
        "create_",
        "modify_",
        "remove_",
        "symlink_",
        "encrypted_",
    ];
    let plain = |name: &str| {
        let mut rest = name;
        while let Some(next) = attributes
            .iter()
            .find_map(|attribute| rest.strip_prefix(attribute))
        {
            rest = next;
        }
        rest.starts_with("dot_")
    };
    let top = names(folder);
    if top
        .iter()
        .any(|name| name.starts_with(".chezmoi") || plain(name))
    {
        return Some(Manager::Chezmoi);
    }
    let alternate = |names: &[String]| names.iter().any(|name| name.contains("##"));
    let is_yadm = folder.join(".config/yadm").is_dir()
        || alternate(&top)
        || alternate(&names(&folder.join(".config")));
    is_yadm.then_some(Manager::Yadm)
}
