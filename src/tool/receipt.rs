//! `boot-receipt.toml`, inside a tool's environment: what was asked for, so that upgrade, reinstall
//! and repair ask for the same again, and what came of it. It is part of what is published in one
//! rename. No credentials are ever in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use super::spec::{self, Spec};
use crate::package::options::IndexOptions;
use crate::package::requirement::Name;
use crate::python::key::Key;
use crate::store::digest::Sha256;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Its name inside the environment.
pub(crate) const NAME: &str = "boot-receipt.toml";
const SCHEMA: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Receipt {
    schema: u32,
    /// The package's version that is installed.
    pub version: Version,
    /// The exact Python it was made with. It follows the minor's link since then.
    pub python: Key,
    #[serde(flatten)]
    pub wanted: Wanted,
    /// Every package in the environment. Written as `name==version`.
    #[serde(with = "packages")]
    pub packages: BTreeMap<Name, Version>,
    /// The wheels of what came from an address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addressed: BTreeMap<Name, Sha256>,
    /// The commits of what came from git.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub commits: BTreeMap<Name, String>,
    #[serde(default, rename = "app", skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<App>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub injected: Vec<Injected>,
}

/// The request for an environment, injected packages aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Wanted {
    #[serde(flatten)]
    pub subject: Subject,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    /// The request for a Python, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_request: Option<String>,
    /// Held at its version.
    #[serde(default)]
    pub pinned: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre: bool,
    /// Packages whose commands are linked beside the tool's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_from: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Links that were chosen beside those: name and command.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expose: BTreeMap<String, String>,
    /// Names that aren't linked although the packages offer them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<String>,
    /// The indexes that packages may come from.
    #[serde(flatten)]
    pub index: IndexOptions,
}

/// What an environment is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SubjectRecord", into = "SubjectRecord")]
pub(crate) enum Subject {
    Package(Spec),
    /// A script that names what it needs (PEP 723).
    Script(String),
}

/// A subject as a receipt has it. A script's requirement is empty.
#[derive(Serialize, Deserialize)]
struct SubjectRecord {
    name: String,
    spec: String,
}

impl TryFrom<SubjectRecord> for Subject {
    type Error = spec::Error;

    fn try_from(record: SubjectRecord) -> Result<Subject, spec::Error> {
        if record.spec.is_empty() {
            return Ok(Subject::Script(record.name));
        }
        Ok(Subject::Package(record.spec.parse()?))
    }
}

impl From<Subject> for SubjectRecord {
    fn from(subject: Subject) -> SubjectRecord {
        let spec = match &subject {
            Subject::Package(spec) => spec.to_string(),
            Subject::Script(_) => String::new(),
        };
        SubjectRecord {
            name: subject.name().into(),
            spec,
        }
    }
}

impl Subject {
    fn name(&self) -> &str {
        match self {
            Subject::Package(spec) => spec.name().as_str(),
            Subject::Script(name) => name,
        }
    }
}

/// One linked command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct App {
    /// In the bin folder.
    pub name: String,
    /// In the environment's scripts folder.
    pub script: String,
}

/// A package that was put into the tool's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "InjectedRecord", into = "InjectedRecord")]
pub(crate) struct Injected {
    pub spec: Spec,
    /// None where its condition isn't met by the Python that the tool has.
    pub version: Option<Version>,
    /// Its commands are linked too.
    pub expose: bool,
}

/// An injected package as a receipt has it. A version that it doesn't have is empty.
#[derive(Serialize, Deserialize)]
struct InjectedRecord {
    name: Name,
    spec: Spec,
    version: String,
    #[serde(default)]
    expose: bool,
}

impl TryFrom<InjectedRecord> for Injected {
    type Error = pep440_rs::VersionParseError;

    fn try_from(record: InjectedRecord) -> Result<Injected, pep440_rs::VersionParseError> {
        let version = Some(record.version).filter(|version| !version.is_empty());
        Ok(Injected {
            spec: record.spec,
            version: version.map(|version| version.parse()).transpose()?,
            expose: record.expose,
        })
    }
}

impl From<Injected> for InjectedRecord {
    fn from(injected: Injected) -> InjectedRecord {
        InjectedRecord {
            name: injected.spec.name().clone(),
            spec: injected.spec,
            version: injected
                .version
                .map(|version| version.to_string())
                .unwrap_or_default(),
            expose: injected.expose,
        }
    }
}

/// `name==version`, one a package.
mod packages {
    use std::collections::BTreeMap;

    use pep440_rs::Version;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::package::requirement::Name;

    pub(super) fn serialize<S: Serializer>(
        packages: &BTreeMap<Name, Version>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            packages
                .iter()
                .map(|(name, version)| format!("{name}=={version}")),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Name, Version>, D::Error> {
        let parse = |text: String| {
            let mut parts = text.splitn(2, "==");
            let (Some(name), Some(version)) = (parts.next(), parts.next()) else {
                return Err(D::Error::custom("a package in it has no version"));
            };
            let name = name.parse().map_err(D::Error::custom)?;
            Ok((name, version.parse().map_err(D::Error::custom)?))
        };
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.into_iter().map(parse).collect()
    }
}

impl Injected {
    pub(crate) fn name(&self) -> &Name {
        self.spec.name()
    }

    /// Tells whether `spec` asks for nothing else.
    pub(crate) fn meets(&self, spec: &Spec) -> bool {
        let met = match &self.version {
            None => self.spec == *spec,
            Some(version) => spec.is_met_by(version, &self.spec),
        };
        met && self.spec.condition() == spec.condition()
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} can't be read: {reason}\nboot tool uninstall {name} removes that tool, boot tool \
             install makes it anew", path.display())]
    Unreadable {
        path: PathBuf,
        name: String,
        reason: String,
    },
    #[error("{} was written by a newer boot\nboot self update", path.display())]
    Newer { path: PathBuf },
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What every format of the receipt has.
#[derive(Deserialize)]
struct Format {
    schema: u32,
}

impl Wanted {
    /// A tool, as its package alone asks for it.
    pub(crate) fn new(spec: Spec) -> Wanted {
        Wanted::of(Subject::Package(spec))
    }

    /// An environment for the script of this name.
    pub(crate) fn for_script(name: String) -> Wanted {
        Wanted::of(Subject::Script(name))
    }

    fn of(subject: Subject) -> Wanted {
        Wanted {
            subject,
            suffix: String::new(),
            python_request: None,
            pinned: false,
            pre: false,
            expose_from: Vec::new(),
            constraints: Vec::new(),
            expose: BTreeMap::new(),
            hide: Vec::new(),
            index: IndexOptions::default(),
        }
    }

    /// The package's name, normalized; of a script its own.
    pub(crate) fn name(&self) -> &str {
        self.subject.name()
    }

    /// The package's requirement; a script has none.
    pub(crate) fn spec(&self) -> Option<&Spec> {
        match &self.subject {
            Subject::Package(spec) => Some(spec),
            Subject::Script(_) => None,
        }
    }

    /// Tells whether the environment is for this package.
    pub(crate) fn is_for(&self, name: &Name) -> bool {
        self.spec().is_some_and(|spec| spec.name() == name)
    }

    /// The tool's name: the package's, and the suffix.
    pub(crate) fn tool(&self) -> String {
        format!("{}{}", self.name(), self.suffix)
    }

    /// Takes over from an installed tool what isn't asked for differently now.
    pub(crate) fn inherit(&mut self, old: &Wanted) {
        if self.python_request.is_none() {
            self.python_request = old.python_request.clone();
        }
        if self.expose_from.is_empty() {
            self.expose_from = old.expose_from.clone();
        }
        for (name, script) in &old.expose {
            self.expose
                .entry(name.clone())
                .or_insert_with(|| script.clone());
        }
        self.hide = old.hide.clone();
        // A held tool is held at what is asked for now; what bound it before binds it still, where
        // nothing else is said.
        self.pinned = old.pinned;
        if self.constraints.is_empty() {
            self.constraints = old.constraints.clone();
        }
    }

    /// What holds its version back, as a person would name it; None where nothing does.
    pub(crate) fn bound(&self) -> Option<String> {
        let bound = self.spec().filter(|spec| spec.versions().is_some());
        if let Some(spec) = bound {
            return Some(spec.to_string());
        }
        let before = self.index.before.map(|_| "--before".to_string());
        before.or_else(|| (!self.constraints.is_empty()).then(|| "--constraint".into()))
    }

    /// Tells whether what was said of constraints, dates and pre-releases is what bound `installed`
    /// already; where nothing was said it is.
    pub(crate) fn binds_no_more_than(&self, installed: &Wanted) -> bool {
        (self.index.before.is_none() || self.index.before == installed.index.before)
            && (self.constraints.is_empty() || self.constraints == installed.constraints)
            && (!self.pre || installed.pre)
    }
}

impl App {
    /// The name and the script, as links are made.
    pub(crate) fn link(&self) -> (&str, &str) {
        (&self.name, &self.script)
    }
}

impl Receipt {
    /// Tells whether the tool has the links that were chosen for it beside its own.
    pub(crate) fn has_exposed(&self, wanted: &BTreeMap<String, String>) -> bool {
        wanted
            .iter()
            .all(|(name, script)| self.wanted.expose.get(name) == Some(script))
    }

    pub(crate) fn new(wanted: Wanted, version: Version, python: Key) -> Receipt {
        Receipt {
            schema: SCHEMA,
            version,
            python,
            wanted,
            packages: BTreeMap::new(),
            addressed: BTreeMap::new(),
            commits: BTreeMap::new(),
            apps: Vec::new(),
            injected: Vec::new(),
        }
    }

    /// The receipt of the tool in `folder`; None where there is no tool.
    pub(crate) fn read(folder: &Path) -> Result<Option<Receipt>, Error> {
        let name = super::name_of(folder);
        let receipt = Receipt::read_any(folder)?;
        match receipt {
            Some(receipt) if receipt.wanted.tool() != name || !spec::is_tool_name(&name) => {
                Err(Error::Unreadable {
                    path: folder.join(NAME),
                    name,
                    reason: "it is of another tool".into(),
                })
            }
            receipt => Ok(receipt),
        }
    }

    /// The receipt in any environment that boot made for a tool.
    pub(crate) fn read_any(folder: &Path) -> Result<Option<Receipt>, Error> {
        let path = folder.join(NAME);
        let name = super::name_of(folder);
        let unreadable = |reason: String| Error::Unreadable {
            path: path.clone(),
            name: name.clone(),
            reason,
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        // Of a later format nothing else can be relied on, so it is looked at first.
        if toml::from_str::<Format>(&text).is_ok_and(|format| format.schema > SCHEMA) {
            return Err(Error::Newer { path });
        }
        let receipt: Receipt =
            toml::from_str(&text).map_err(|error| unreadable(error.message().into()))?;
        if receipt.schema != SCHEMA {
            return Err(unreadable(format!(
                "its format {} is unknown",
                receipt.schema
            )));
        }
        // Names become paths: a receipt that somebody edited must not lead elsewhere.
        if receipt
            .apps
            .iter()
            .any(|app| app.name.contains('/') || app.script.contains('/'))
        {
            return Err(unreadable("a command in it is a path".into()));
        }
        Ok(Some(receipt))
    }

    /// Writes it into an environment.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let text = toml::to_string(self).map_err(|error| Error::Unreadable {
            path: path.clone(),
            name: self.wanted.tool(),
            reason: error.to_string(),
        })?;
        Ok(atomic::write(&path, text.as_bytes(), Some(0o644))?)
    }
}

/// Every tool that has a receipt, by name; and what is wrong with those whose receipt can't be
/// read.
pub(crate) fn all(paths: &Paths) -> (Vec<Receipt>, Vec<Error>) {
    let mut receipts = Vec::new();
    let mut errors = Vec::new();
    let Ok(entries) = fs::read_dir(paths.tools()) else {
        return (receipts, errors);
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| spec::is_tool_name(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    for folder in folders {
        match Receipt::read(&folder) {
            Ok(Some(receipt)) => receipts.push(receipt),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    (receipts, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As boot 0.1 writes it, before receipts had types.
    const OLD: &str = r#"schema = 1
version = "1.0"
python = "cpython-3.10.13-linux-x86_64-gnu"
name = "my-tool"
spec = "my-tool @ file:///w/my_tool-1.0-py3-none-any.whl"
suffix = "@1"
pinned = false
pre = true
expose-from = ["extra-one"]
packages = ["extra-one==2.0rc1", "my-tool==1.0"]

[expose]
exx = "ex"

[addressed]
extra-one = "af08173916872a1c129fa59ce4218191e06d7ff0bbf51abed78b00e291fcd487"
my-tool = "2f2c4956950593d9dbd971060757c690a939b998d06011eb30001548118146eb"

[[app]]
name = "ex@1"
script = "ex"

[[app]]
name = "exx"
script = "ex"

[[injected]]
name = "extra-one"
spec = "extra-one @ file:///w/extra_one-2.0rc1-py3-none-any.whl ; python_version >= '3.8'"
version = "2.0rc1"
expose = false

[[injected]]
name = "never"
spec = "never @ file:///w/never-3-py3-none-any.whl ; python_version < '3.8'"
version = ""
expose = false
"#;

    #[test]
    fn read_old_receipt_is_written_back_unchanged() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("my-tool@1");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(NAME), OLD).unwrap();
        let receipt = Receipt::read(&folder).unwrap().unwrap();
        assert_eq!(receipt.packages.len(), 2);
        assert_eq!(receipt.injected[1].version, None);
        assert!(receipt.wanted.spec().unwrap().url().is_some());
        receipt.write(&folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join(NAME)).unwrap(), OLD);
    }

    #[test]
    fn receipt_round_trips() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("sphinx@8");
        fs::create_dir(&folder).unwrap();
        assert!(Receipt::read(&folder).unwrap().is_none());
        let wanted = Wanted {
            suffix: "@8".into(),
            ..Wanted::new("sphinx>=8".parse().unwrap())
        };
        let mut receipt = Receipt::new(
            wanted,
            "8.2.3".parse().unwrap(),
            "cpython-3.11.9-linux-x86_64-gnu".parse().unwrap(),
        );
        receipt.packages = [("furo", "2024.8.6"), ("sphinx", "8.2.3")]
            .map(|(name, version)| (name.parse().unwrap(), version.parse().unwrap()))
            .into();
        receipt.apps = vec![App {
            name: "sphinx-build@8".into(),
            script: "sphinx-build".into(),
        }];
        receipt.injected = vec![Injected {
            spec: "furo".parse().unwrap(),
            version: Some("2024.8.6".parse().unwrap()),
            expose: false,
        }];
        receipt.write(&folder).unwrap();
        assert_eq!(Receipt::read(&folder).unwrap().unwrap(), receipt);
    }

    #[test]
    fn receipt_read_of_damaged_file_says_what_to_type() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("black");
        fs::create_dir(&folder).unwrap();
        for text in ["", "schema = 1", "not toml"] {
            fs::write(folder.join(NAME), text).unwrap();
            let error = Receipt::read(&folder).unwrap_err().to_string();
            assert!(
                error.contains("boot tool uninstall black") && error.lines().count() <= 3,
                "{error}"
            );
        }
        fs::write(folder.join(NAME), "schema = 2\nnews = true\n").unwrap();
        let error = Receipt::read(&folder).unwrap_err().to_string();
        assert!(
            error.contains("newer boot") && error.contains("boot self update"),
            "{error}"
        );
        let wanted = Wanted::new("other".parse().unwrap());
        let python = "cpython-3.11.9-linux-x86_64-gnu".parse().unwrap();
        Receipt::new(wanted, "1".parse().unwrap(), python)
            .write(&folder)
            .unwrap();
        assert!(Receipt::read(&folder).is_err(), "another tool's");
    }
}
