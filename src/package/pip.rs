//! pip's configuration, as far as it says where packages come from and which of them will do: who
//! has set pip up has set boot up.
//!
//! As pip reads it: PIP_* variables, then `[install]`, then `[global]`; each from the files of the
//! system, of the user, and the one that PIP_CONFIG_FILE names, of which a later one wins. Not the
//! file of an active environment: tools belong to none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::requirement::Name;
use super::requirements_file::{self, Asked};
use crate::Context;
use crate::net::route::Route;
use crate::store::env::var;
use crate::store::paths::Paths;

/// What it says. Nothing here is ever an error: an option that boot doesn't know is pip's own.
#[derive(Clone, Debug, Default)]
pub struct Pip {
    values: BTreeMap<String, String>,
}

/// Which kinds of files will do for which packages (`no-binary`, `only-binary`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    no_binary: Vec<String>,
    only_binary: Vec<String>,
}

const ALL: &str = ":all:";

impl Pip {
    /// The configuration in the run that `ctx` is of, read on first use.
    pub(crate) fn of_run(ctx: &Context) -> Arc<Pip> {
        ctx.state(Pip::read)
    }

    /// What files and variables say now.
    pub fn read(paths: &Paths) -> Pip {
        let files = files(paths);
        Pip::parse(
            files
                .iter()
                .filter_map(|path| fs::read_to_string(path).ok()),
        )
    }

    /// Reads the texts of files; a later one wins.
    pub fn parse(texts: impl IntoIterator<Item = String>) -> Pip {
        let (mut global, mut install) = (BTreeMap::new(), BTreeMap::new());
        for text in texts {
            sections(&text, &mut global, &mut install);
        }
        global.append(&mut install);
        Pip { values: global }
    }

    /// An option by its name as in `index-url`; the variable wins. Empty counts as not said.
    pub fn value(&self, option: &str) -> Option<String> {
        let variable = format!("PIP_{}", option.to_ascii_uppercase().replace('-', "_"));
        var(&variable)
            .or_else(|| self.values.get(option).cloned())
            .filter(|value| !value.trim().is_empty())
    }

    /// The parts of an option that may be said several times.
    pub fn words(&self, option: &str) -> Vec<String> {
        self.value(option)
            .map(|value| value.split_whitespace().map(str::to_string).collect())
            .unwrap_or_default()
    }

    /// An option that is on or off.
    pub fn is_on(&self, option: &str) -> bool {
        self.value(option).is_some_and(|value| {
            matches!(
                value.trim().to_ascii_lowercase().as_str(),
                "1" | "true" | "yes" | "on" | "y" | "t"
            )
        })
    }

    /// How its servers are reached.
    pub fn route(&self) -> Route {
        Route {
            cert: self.value("cert").map(PathBuf::from),
            client_cert: self.value("client-cert").map(PathBuf::from),
            proxy: self.value("proxy"),
            trusted_hosts: self.words("trusted-host"),
        }
    }

    pub fn formats(&self) -> Formats {
        let mut formats = Formats::default();
        formats.say(self.value("no-binary").as_deref().unwrap_or(""), false);
        formats.say(self.value("only-binary").as_deref().unwrap_or(""), true);
        formats
    }

    /// The requirements in the files that `constraint` names, all as constraints.
    ///
    /// # Errors
    /// A file that can't be read or followed.
    pub(crate) fn constraints(&self) -> Result<Asked, requirements_file::Error> {
        let mut found = Asked::default();
        for word in self.words("constraint") {
            let asked =
                requirements_file::read(Path::new(word.strip_prefix("file://").unwrap_or(&word)))?;
            found.pre |= asked.pre;
            found
                .constraints
                .extend(asked.requirements.into_iter().chain(asked.constraints));
        }
        Ok(found)
    }
}

impl Formats {
    /// What is said later about a package counts.
    fn say(&mut self, value: &str, only_binary: bool) {
        let (own, other) = if only_binary {
            (&mut self.only_binary, &mut self.no_binary)
        } else {
            (&mut self.no_binary, &mut self.only_binary)
        };
        for word in value
            .split([',', ' ', '\n', '\t'])
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            match word {
                ":none:" => own.clear(),
                ALL => {
                    other.clear();
                    *own = vec![ALL.into()];
                }
                name => {
                    let Ok(name) = name.parse::<Name>() else {
                        continue;
                    };
                    other.retain(|there| there != name.as_str());
                    own.push(name.to_string());
                }
            }
        }
    }

    /// Tells whether a wheel of `name` will do, and whether it may be built.
    pub fn allow(&self, name: &Name) -> (bool, bool) {
        let has = |list: &[String], word: &str| list.iter().any(|there| there == word);
        if has(&self.only_binary, name.as_str()) {
            (true, false)
        } else if has(&self.no_binary, name.as_str()) {
            (false, true)
        } else {
            (!has(&self.no_binary, ALL), !has(&self.only_binary, ALL))
        }
    }
}

/// The files, what counts less first.
fn files(paths: &Paths) -> Vec<PathBuf> {
    let chosen = var("PIP_CONFIG_FILE");
    // Its way to say: no file at all.
    if chosen.as_deref() == Some("/dev/null") {
        return Vec::new();
    }
    let mut files: Vec<PathBuf> = paths
        .xdg_config_dirs
        .iter()
        .map(|folder| folder.join("pip/pip.conf"))
        .collect();
    if cfg!(target_os = "macos") {
        files.push("/Library/Application Support/pip/pip.conf".into());
    }
    files.push("/etc/pip.conf".into());
    files.push(paths.home.join(".pip/pip.conf"));
    let apple = paths.home.join("Library/Application Support/pip");
    let user = if cfg!(target_os = "macos") && apple.is_dir() {
        apple
    } else {
        paths.xdg_config.join("pip")
    };
    files.push(user.join("pip.conf"));
    files.extend(chosen.map(PathBuf::from));
    files
}

/// Puts what one file says over what is known. A value goes on in the indented lines below it.
fn sections(
    text: &str,
    global: &mut BTreeMap<String, String>,
    install: &mut BTreeMap<String, String>,
) {
    let mut section = "";
    let mut key: Option<String> = None;
    for line in text.lines() {
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with(['#', ';']) {
            continue;
        }
        let within = match section {
            "install" => &mut *install,
            _ => &mut *global,
        };
        if line.starts_with([' ', '\t']) {
            if let Some(value) = key.as_ref().and_then(|key| within.get_mut(key)) {
                value.push('\n');
                value.push_str(plain);
            }
        } else if let Some(name) = plain
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name.trim();
            key = None;
        } else if let Some((name, value)) = plain.split_once(['=', ':']) {
            let name = name.trim().to_ascii_lowercase().replace('_', "-");
            key = matches!(section, "install" | "global").then_some(name);
            if let Some(name) = &key {
                within.insert(name.clone(), value.trim().to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> BTreeMap<String, String> {
        Pip::parse(texts.iter().map(|text| text.to_string())).values
    }

    #[test]
    fn sections_are_read_as_pip_does() {
        let system = "[global]\nindex-url = https://g.example/simple\n\
                      extra_index_url =\n    https://one.example\n    https://two.example\n# no\n\
                      timeout: 3\n\
                      [install]\npre: yes\n[list]\nindex-url=x\n   more\n";
        let found = read(&[system]);
        assert_eq!(found["index-url"], "https://g.example/simple");
        assert_eq!(found["extra-index-url"].split_whitespace().count(), 2);
        assert_eq!(found["pre"], "yes");
        // A later file wins, and [install] of any file before [global] of any.
        let found = read(&[
            system,
            "[global]\nindex-url = https://u.example\npre = no\n",
        ]);
        assert_eq!(
            (found["index-url"].as_str(), found["pre"].as_str()),
            ("https://u.example", "yes")
        );
    }

    #[test]
    fn formats_are_chosen_as_pip_does() {
        let formats = |no: &str, only: &str| {
            let mut formats = Formats::default();
            formats.say(no, false);
            formats.say(only, true);
            let of = |name: &str| formats.allow(&name.parse().unwrap());
            (of("a"), of("b"))
        };
        assert_eq!(formats("", ""), ((true, true), (true, true)));
        assert_eq!(formats("A", ":all:"), ((true, false), (true, false)));
        assert_eq!(formats(":all:", "a"), ((true, false), (false, true)));
        assert_eq!(formats("a,b", "b"), ((false, true), (true, false)));
        assert_eq!(formats(":all:,:none:", ""), ((true, true), (true, true)));
    }
}
