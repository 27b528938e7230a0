//! Which package of this machine's package manager has what a Python lacks.

use super::key::Version;

/// The package managers that boot knows: how each is found, and how it installs. The columns of the
/// tables below.
const MANAGERS: [(&str, &str, bool); 5] = [
    ("apt-get", "apt-get install -y", true),
    ("dnf", "dnf install -y", true),
    ("apk", "apk add", true),
    ("pacman", "pacman -S --needed", true),
    ("brew", "brew install", false),
];

/// The modules that a build lacks when a library was missing, with the packages that have its
/// headers.
pub(crate) const LIBRARIES: &[(&str, [&str; 5])] = &[
    (
        "ssl",
        [
            "libssl-dev",
            "openssl-devel",
            "openssl-dev",
            "openssl",
            "openssl@3",
        ],
    ),
    (
        "sqlite3",
        [
            "libsqlite3-dev",
            "sqlite-devel",
            "sqlite-dev",
            "sqlite",
            "sqlite",
        ],
    ),
    (
        "zlib",
        ["zlib1g-dev", "zlib-devel", "zlib-dev", "zlib", "zlib"],
    ),
    (
        "bz2",
        ["libbz2-dev", "bzip2-devel", "bzip2-dev", "bzip2", "bzip2"],
    ),
    ("lzma", ["liblzma-dev", "xz-devel", "xz-dev", "xz", "xz"]),
    (
        "ctypes",
        [
            "libffi-dev",
            "libffi-devel",
            "libffi-dev",
            "libffi",
            "libffi",
        ],
    ),
    (
        "readline",
        [
            "libreadline-dev",
            "readline-devel",
            "readline-dev",
            "readline",
            "readline",
        ],
    ),
    (
        "curses",
        [
            "libncurses-dev",
            "ncurses-devel",
            "ncurses-dev",
            "ncurses",
            "ncurses",
        ],
    ),
    (
        "hashlib",
        [
            "libssl-dev",
            "openssl-devel",
            "openssl-dev",
            "openssl",
            "openssl@3",
        ],
    ),
    (
        "uuid",
        [
            "uuid-dev",
            "libuuid-devel",
            "util-linux-dev",
            "util-linux-libs",
            "ossp-uuid",
        ],
    ),
    ("tkinter", ["tk-dev", "tk-devel", "tk-dev", "tk", "tcl-tk"]),
    ("turtle", ["tk-dev", "tk-devel", "tk-dev", "tk", "tcl-tk"]),
    (
        "dbm.gnu",
        ["libgdbm-dev", "gdbm-devel", "gdbm-dev", "gdbm", "gdbm"],
    ),
];

/// Modules that distributions cut out of their own Python, each with its package. `{}` stands for
/// the minor. Empty where that distribution leaves it in.
const CUT: &[(&str, [&str; 5])] = &[
    ("ensurepip", ["python{}-venv", "", "", "", ""]),
    ("venv", ["python{}-venv", "", "", "", ""]),
    ("distutils", ["python3-distutils", "", "", "", ""]),
    ("lib2to3", ["python3-lib2to3", "", "", "", ""]),
    (
        "tkinter",
        [
            "python3-tk",
            "python3-tkinter",
            "python3-tkinter",
            "tk",
            "python-tk@{}",
        ],
    ),
    (
        "turtle",
        [
            "python3-tk",
            "python3-tkinter",
            "python3-tkinter",
            "tk",
            "python-tk@{}",
        ],
    ),
    (
        "turtledemo",
        [
            "python3-examples",
            "python3-tkinter",
            "",
            "tk",
            "python-tk@{}",
        ],
    ),
    (
        "idlelib",
        ["idle-python{}", "python3-idle", "python3-idle", "", ""],
    ),
    (
        "dbm.gnu",
        ["python3-gdbm", "", "python3-gdbm", "gdbm", "python-gdbm@{}"],
    ),
    (
        "pip",
        ["python3-pip", "python3-pip", "py3-pip", "python-pip", ""],
    ),
];

/// All that is left where a distribution installs a minimal Python.
const REST: [&str; 5] = [
    "libpython{}-stdlib",
    "python3-libs",
    "python3",
    "python",
    "python@{}",
];

/// The command with which this machine's package manager installs the headers that a build needs
/// for `modules`.
pub(crate) fn for_build<'a>(modules: impl IntoIterator<Item = &'a str>) -> Option<String> {
    line(modules, |module, column| {
        LIBRARIES
            .iter()
            .find(|(name, _)| *name == module)
            .map(|(_, packages)| packages[column].to_string())
    })
}

/// The command that puts `modules` back into the distribution's own Python of `version`.
pub(crate) fn for_distribution<'a>(
    modules: impl IntoIterator<Item = &'a str>,
    version: &Version,
) -> Option<String> {
    let minor = format!("{}.{}", version.major, version.minor);
    line(modules, |module, column| {
        // `xml.etree` is as absent as `xml`; `dbm.gnu` is a package of its own.
        let named = |name: &str| {
            CUT.iter()
                .find(|(cut, _)| *cut == name)
                .map(|(_, packages)| packages[column])
        };
        let top = module.split('.').next().unwrap_or(module);
        let package = named(module).or_else(|| named(top)).unwrap_or(REST[column]);
        let package = package.replace("{}", &minor);
        (!package.is_empty()).then_some(package)
    })
}

/// The command that installs a compiler and make.
pub(crate) fn for_compiling() -> String {
    let packages = [
        "build-essential",
        "gcc make",
        "build-base",
        "base-devel",
        "",
    ];
    match manager() {
        Some((column, command)) if !packages[column].is_empty() => {
            format!("{command} {}", packages[column])
        }
        _ if cfg!(target_os = "macos") => "xcode-select --install".into(),
        _ => "install a C compiler and make, then run this again".into(),
    }
}

/// The command for all packages that `package` names for a module and a manager.
fn line<'a>(
    modules: impl IntoIterator<Item = &'a str>,
    package: impl Fn(&str, usize) -> Option<String>,
) -> Option<String> {
    let (column, command) = manager()?;
    let mut packages: Vec<String> = Vec::new();
    for module in modules {
        if let Some(package) = package(module, column)
            && !packages.contains(&package)
        {
            packages.push(package);
        }
    }
    (!packages.is_empty()).then(|| format!("{command} {}", packages.join(" ")))
}

/// This machine's package manager: its column, and its command as this user has to type it.
fn manager() -> Option<(usize, String)> {
    let (column, (_, command, root)) = MANAGERS
        .iter()
        .enumerate()
        .find(|(_, (name, ..))| which::which(name).is_ok())?;
    // Containers have no sudo, and nobody there needs it.
    let sudo = if *root && !rustix::process::geteuid().is_root() {
        "sudo "
    } else {
        ""
    };
    Some((column, format!("{sudo}{command}")))
}
