//! The places of boot's files. The only file that reads `HOME`, `XDG_*` and the `BOOT_*_DIR`
//! variables.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::env;
use super::{Error, Result};

/// boot's five folders, the home directory, and the names inside them.
#[derive(Clone, Debug)]
pub struct Paths {
    pub home: PathBuf,
    /// Pythons, tools, environments.
    pub data: PathBuf,
    /// Trust, what was applied, backups, locks.
    pub state: PathBuf,
    /// Safe to delete.
    pub cache: PathBuf,
    pub config: PathBuf,
    /// The folder of the tools' commands; shared with others.
    pub bin: PathBuf,
    /// `XDG_CONFIG_HOME`, for other programs' files.
    pub xdg_config: PathBuf,
    /// `XDG_CONFIG_DIRS`, the system's configuration, the most important folder first.
    pub xdg_config_dirs: Vec<PathBuf>,
    /// `XDG_DATA_HOME`, where other programs keep theirs.
    pub xdg_data: PathBuf,
    /// `ZDOTDIR`, where zsh looks for its files.
    pub zdotdir: Option<PathBuf>,
}

/// The data folder below a home directory.
const DATA: &str = ".local/share/boot";
const PYTHONS: &str = "pythons";
const SHIMS: &str = "shims";

impl Paths {
    /// From the environment: `BOOT_*_DIR`, then `XDG_*`, then the defaults, which are the same on
    /// macOS (a path without a space can stand in a shebang).
    pub fn discover() -> Result<Paths> {
        Paths::from(&|name| env::var_os(name))
    }

    /// As [`Paths::discover`], from any source of variables. Relative folders are ignored, as the
    /// XDG specification asks.
    pub fn from(var: &dyn Fn(&str) -> Option<OsString>) -> Result<Paths> {
        let absolute = |name: &str| absolute(var(name));
        let home = absolute("HOME")
            .or_else(dirs::home_dir)
            .ok_or(Error::NoHome)?;
        let place = |own: &str, xdg: &str, default: &str| {
            absolute(own)
                .or_else(|| absolute(xdg).map(|base| base.join("boot")))
                .unwrap_or_else(|| home.join(default).join("boot"))
        };
        let bin = absolute("BOOT_BIN_DIR")
            .or_else(|| absolute("XDG_BIN_HOME"))
            .unwrap_or_else(|| home.join(".local/bin"));
        Ok(Paths {
            data: place("BOOT_DATA_DIR", "XDG_DATA_HOME", ".local/share"),
            state: place("BOOT_STATE_DIR", "XDG_STATE_HOME", ".local/state"),
            cache: place("BOOT_CACHE_DIR", "XDG_CACHE_HOME", ".cache"),
            config: place("BOOT_CONFIG_DIR", "XDG_CONFIG_HOME", ".config"),
            bin,
            xdg_config: absolute("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            xdg_config_dirs: folders(var("XDG_CONFIG_DIRS"), "/etc/xdg"),
            xdg_data: absolute("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")),
            zdotdir: absolute("ZDOTDIR"),
            home,
        })
    }

    /// The folders for who runs the shim at `exe`, whatever HOME says: the data folder is the one
    /// that the shim lies in.
    ///
    /// `BOOT_DATA_DIR` says otherwise where it is set. Configuration, state and cache are those of
    /// the home directory around that data folder, but for the variables that name them. None: no
    /// data folder of boot's is around `exe`.
    pub fn of_shim(exe: &Path) -> Option<Paths> {
        Paths::of_shim_from(exe, &|name| env::var_os(name))
    }

    fn of_shim_from(exe: &Path, var: &dyn Fn(&str) -> Option<OsString>) -> Option<Paths> {
        let shims = exe.parent().filter(|folder| folder.ends_with(SHIMS))?;
        let data = shims.parent().filter(|data| data.join(PYTHONS).is_dir())?;
        // Where HOME leads to the same folder, its way of writing it stays: home directories may be
        // links.
        if let Ok(own) = Paths::from(var)
            && (own.data == data
                || is_same_folder(&own.data, data)
                || var("BOOT_DATA_DIR").is_some_and(|named| own.data == *named))
        {
            return Some(own);
        }
        let around = data.ancestors().nth(3).filter(|home| {
            data.strip_prefix(home)
                .is_ok_and(|inside| inside == Path::new(DATA))
        });
        let home = around
            .map(PathBuf::from)
            .or_else(|| absolute(var("HOME")))
            .or_else(dirs::home_dir);
        // Somebody without a home directory has no settings either.
        let home = home.unwrap_or_else(|| "/nonexistent".into());
        let inside = |name: &str| match name {
            "HOME" => Some(home.clone().into_os_string()),
            "BOOT_DATA_DIR" => Some(data.as_os_str().to_os_string()),
            _ => var(name),
        };
        Paths::from(&inside).ok()
    }

    pub fn pythons(&self) -> PathBuf {
        self.data.join(PYTHONS)
    }
    pub fn tools(&self) -> PathBuf {
        self.data.join("tools")
    }
    pub fn venvs(&self) -> PathBuf {
        self.data.join("venvs")
    }
    /// The environments of projects.
    pub fn projects(&self) -> PathBuf {
        self.venvs().join("projects")
    }
    pub fn shims(&self) -> PathBuf {
        self.data.join(SHIMS)
    }
    pub fn dotfiles(&self) -> PathBuf {
        self.data.join("dotfiles")
    }
    /// The pin that holds where no project says otherwise; the same format as `.python-version`.
    pub fn global_pin(&self) -> PathBuf {
        self.config.join("python-version")
    }
    pub fn trust_file(&self) -> PathBuf {
        self.state.join("trust.toml")
    }
    pub fn applied_file(&self) -> PathBuf {
        self.state.join("applied.toml")
    }
    pub fn backups(&self) -> PathBuf {
        self.state.join("backups")
    }
    pub fn log(&self) -> PathBuf {
        self.state.join("log")
    }
    pub fn locks(&self) -> PathBuf {
        self.state.join("locks")
    }
    /// Unpacked wheels, by SHA-256.
    pub fn wheels(&self) -> PathBuf {
        self.cache.join("wheels")
    }
    pub fn index(&self) -> PathBuf {
        self.cache.join("index")
    }
    pub fn archives(&self) -> PathBuf {
        self.cache.join("archives")
    }
    /// Finished source builds.
    pub fn builds(&self) -> PathBuf {
        self.cache.join("builds")
    }

    /// Repositories that packages were built from.
    pub fn git(&self) -> PathBuf {
        self.cache.join("git")
    }

    /// Environments of `boot tool run`.
    pub fn environments(&self) -> PathBuf {
        self.cache.join("environments")
    }

    /// Results of catalog refreshes, a file a mirror.
    pub fn catalogs(&self) -> PathBuf {
        self.cache.join("catalogs")
    }

    /// Files by whose times the hook knows folders again.
    pub fn markers(&self) -> PathBuf {
        self.cache.join("marks")
    }

    /// `path` as a person writes it: `~` for the home directory.
    pub fn tilde(&self, path: &Path) -> String {
        match path.strip_prefix(&self.home) {
            Ok(rest) if rest.as_os_str().is_empty() => "~".into(),
            Ok(rest) => format!("~/{}", rest.display()),
            Err(_) => path.display().to_string(),
        }
    }
}

/// A folder that a variable names, unless it is relative.
fn absolute(value: Option<OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The absolute folders of a variable that lists some, or of its default.
fn folders(value: Option<OsString>, default: &str) -> Vec<PathBuf> {
    let list = value.filter(|list| !list.is_empty());
    let list = list.unwrap_or_else(|| default.into());
    std::env::split_paths(&list)
        .filter(|path| path.is_absolute())
        .collect()
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).map(|data| (data.dev(), data.ino())).ok();
    id(one).is_some_and(|one| id(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(pairs: &[(&str, &str)]) -> Paths {
        let pairs: Vec<(String, OsString)> = pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.into()))
            .collect();
        Paths::from(&|name| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    #[test]
    fn paths_prefer_own_variables_over_xdg_and_defaults() {
        let defaults = paths(&[("HOME", "/h")]);
        assert_eq!(defaults.data, Path::new("/h/.local/share/boot"));
        assert_eq!(defaults.bin, Path::new("/h/.local/bin"));
        let xdg = paths(&[
            ("HOME", "/h"),
            ("XDG_DATA_HOME", "/x"),
            ("XDG_CACHE_HOME", "relative"),
        ]);
        assert_eq!(xdg.data, Path::new("/x/boot"));
        assert_eq!(xdg.cache, Path::new("/h/.cache/boot"));
        let own = paths(&[
            ("HOME", "/h"),
            ("XDG_DATA_HOME", "/x"),
            ("BOOT_DATA_DIR", "/o"),
        ]);
        assert_eq!(own.data, Path::new("/o"));
    }

    #[test]
    fn of_shim_follows_place_of_shim() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("u");
        let data = home.join(DATA);
        fs::create_dir_all(data.join(PYTHONS)).unwrap();
        let shim = data.join("shims/python");
        let of = |pairs: &[(&str, &str)]| {
            Paths::of_shim_from(&shim, &|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.into())
            })
            .unwrap()
        };
        for pairs in [
            &[][..],
            &[("HOME", "/nonexistent")],
            &[("HOME", "/github/home"), ("XDG_DATA_HOME", "/x")],
        ] {
            let paths = of(pairs);
            assert_eq!(
                (paths.data, paths.config, paths.state),
                (
                    data.clone(),
                    home.join(".config/boot"),
                    home.join(".local/state/boot")
                )
            );
        }
        assert_eq!(
            of(&[("XDG_CONFIG_HOME", "/c")]).config,
            Path::new("/c/boot")
        );
        assert_eq!(
            of(&[("BOOT_STATE_DIR", "/s"), ("HOME", "/h")]).state,
            Path::new("/s")
        );
        assert_eq!(
            of(&[("BOOT_DATA_DIR", "/d"), ("HOME", "/h")]).data,
            Path::new("/d")
        );
        // A home directory that is a link keeps its name.
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&home, &link).unwrap();
        assert_eq!(
            of(&[("HOME", link.to_str().unwrap())]).data,
            link.join(DATA)
        );
        // Elsewhere than in a home directory.
        let place = root.path().join("srv");
        fs::create_dir_all(place.join(PYTHONS)).unwrap();
        let paths = Paths::of_shim_from(&place.join("shims/pip"), &|name| {
            (name == "HOME").then(|| "/h".into())
        })
        .unwrap();
        assert_eq!(
            (paths.data, paths.config.as_path()),
            (place, Path::new("/h/.config/boot"))
        );
        assert!(Paths::of_shim_from(Path::new("/usr/shims/python"), &|_| None).is_none());
        assert!(Paths::of_shim_from(&data.join("bin/python"), &|_| None).is_none());
    }

    #[test]
    fn tilde_stands_for_home() {
        let paths = paths(&[("HOME", "/h")]);
        assert_eq!(paths.tilde(Path::new("/h/.bashrc")), "~/.bashrc");
        assert_eq!(paths.tilde(Path::new("/hx/.bashrc")), "/hx/.bashrc");
    }
}
