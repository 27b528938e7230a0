//! Inventory of pipx: an environment a folder, with `pipx_metadata.json` in it. Formats 0.1 (2020)
//! to 0.12 are alike in what matters here.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::import::{
    Error, ImportedTool, Inventory, Links, ask_for_odd_pythons, folder_of_variable, list_folders,
    read_text, supported_minor, without_passwords,
};
use crate::package::requirement::Name;
use crate::store::paths::Paths;
use crate::tool::spec;

const RECORD: &str = "pipx_metadata.json";

#[derive(Deserialize)]
struct Metadata {
    pipx_metadata_version: String,
    main_package: Package,
    #[serde(default)]
    injected_packages: BTreeMap<String, Package>,
    #[serde(default)]
    python_version: Option<String>,
}

#[derive(Deserialize)]
struct Package {
    package: Option<String>,
    package_or_url: Option<String>,
    #[serde(default)]
    pip_args: Vec<String>,
    #[serde(default)]
    include_apps: bool,
    #[serde(default)]
    include_dependencies: bool,
    #[serde(default)]
    apps: Vec<String>,
    #[serde(default)]
    apps_of_dependencies: Vec<String>,
    #[serde(default)]
    package_version: String,
    #[serde(default)]
    suffix: String,
    #[serde(default)]
    pinned: bool,
}

/// The folder of pipx's environments, found as pipx itself does.
pub(crate) fn place(paths: &Paths) -> PathBuf {
    let old = paths.home.join(".local/pipx");
    let new = if cfg!(target_os = "macos") {
        paths.home.join("Library/Application Support/pipx")
    } else {
        paths.xdg_data.join("pipx")
    };
    folder_of_variable(paths, "PIPX_HOME")
        .unwrap_or(if old.exists() { old } else { new })
        .join("venvs")
}

/// Every tool of pipx's.
pub(crate) fn find(paths: &Paths) -> Inventory {
    let place = place(paths);
    let mut found = Inventory {
        place: place.clone(),
        ..Inventory::default()
    };
    let mut tools = Vec::new();
    for (name, root) in list_folders(&place, Links::Ignored) {
        match read_record(&root) {
            Ok(Some(metadata)) => add_tool(&mut found, &mut tools, &name, metadata),
            Ok(None) => found.leave_out(
                name,
                "pipx wrote nothing down about it; pipx reinstall does",
            ),
            Err(error) => found.failed.push(error),
        }
    }
    ask_for_odd_pythons(&mut tools);
    found.tools = tools.into_iter().map(|(tool, _)| tool).collect();
    found
}

fn read_record(root: &Path) -> Result<Option<Metadata>, Error> {
    let path = root.join(RECORD);
    let wrong = |reason: String| Error {
        path: path.clone(),
        reason,
        hint: "pipx reinstall writes it anew; the others are imported",
    };
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let metadata: Metadata = serde_json::from_str(&text)
        .map_err(|error| wrong(crate::report::escaped(&error.to_string())))?;
    if !metadata.pipx_metadata_version.starts_with("0.") {
        return Err(wrong("a newer pipx wrote it than this boot knows".into()));
    }
    Ok(Some(metadata))
}

fn add_tool(
    found: &mut Inventory,
    tools: &mut Vec<(ImportedTool, Option<String>)>,
    folder: &str,
    metadata: Metadata,
) {
    let main = &metadata.main_package;
    let name = main.package.clone().unwrap_or_else(|| folder.into());
    let asked = main.package_or_url.clone().unwrap_or_else(|| name.clone());
    // The first format had no suffix: the folder's name tells it.
    let old = Name::normalize(folder)
        .strip_prefix(&Name::normalize(&name))
        .filter(|_| metadata.pipx_metadata_version == "0.1")
        .unwrap_or("")
        .to_string();
    let suffix = if main.suffix.is_empty() {
        old
    } else {
        main.suffix.clone()
    };
    let mut wanted = match ImportedTool::parse(&name, &asked) {
        Ok(wanted) => wanted,
        Err(why) => {
            return found.leave_out(
                folder,
                format!(
                    "{why}; boot tool install {} makes it here",
                    without_passwords(&asked)
                ),
            );
        }
    };
    if spec::suffix(&suffix).is_err() {
        return found.leave_out(folder, "its suffix can't be one of a command");
    }
    wanted.name.push_str(&suffix);
    wanted.suffix = suffix;
    if main.pinned && wanted.git.is_none() && !main.package_version.is_empty() {
        wanted.version = Some(format!("=={}", main.package_version));
    }
    if main.include_dependencies {
        wanted.expose.extend(
            main.apps_of_dependencies
                .iter()
                .map(|app| (app.clone(), app.clone())),
        );
    }
    left_args(found, folder, &main.pip_args);
    for (key, injected) in &metadata.injected_packages {
        let package = injected.package.as_deref().unwrap_or(key);
        let asked = injected.package_or_url.as_deref().unwrap_or(package);
        match ImportedTool::parse(package, asked) {
            Ok(injects) if injects.git.is_none() => {
                let held = injected.pinned && !injected.package_version.is_empty();
                let held_tool = ImportedTool {
                    version: if held {
                        Some(format!("=={}", injected.package_version))
                    } else {
                        injects.version.clone()
                    },
                    ..injects
                };
                wanted.inject.push(held_tool.requirement());
                if injected.include_apps {
                    wanted
                        .expose
                        .extend(injected.apps.iter().map(|app| (app.clone(), app.clone())));
                }
                left_args(found, &format!("{package} in {folder}"), &injected.pip_args);
            }
            Ok(_) => found.leave_out(
                format!("{package} in {folder}"),
                "it comes from a repository, and a manifest injects from indexes",
            ),
            Err(why) => found.leave_out(format!("{package} in {folder}"), why),
        }
    }
    tools.push((
        wanted,
        metadata.python_version.as_deref().and_then(supported_minor),
    ));
}

/// Leaves out pip's options: they are of this machine, and a manifest is for all of them.
fn left_args(found: &mut Inventory, whose: &str, args: &[String]) {
    if !args.is_empty() {
        found.leave_out(
            format!("pip's {} for {whose}", without_passwords(&args.join(" "))),
            "set it in pip's configuration, which boot reads",
        );
    }
}
