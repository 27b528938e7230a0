//! A package index on loopback (PEP 691) with wheels that a test builds.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::sync::Mutex;

use boot::testing::Sha256;
use zip::write::SimpleFileOptions;

use super::Server;
use super::sdist::Source;

/// Builder of a wheel, pure Python by default.
pub struct Wheel {
    name: String,
    version: String,
    requires: Vec<String>,
    scripts: Vec<(String, String)>,
    files: Vec<(String, String)>,
    requires_python: Option<String>,
    extras: Vec<String>,
    tag: String,
}

impl Wheel {
    pub fn new(name: &str, version: &str) -> Wheel {
        Wheel {
            name: name.into(),
            version: version.into(),
            requires: Vec::new(),
            scripts: Vec::new(),
            files: Vec::new(),
            requires_python: None,
            extras: Vec::new(),
            tag: "py3-none-any".into(),
        }
    }

    pub fn requires(mut self, requirement: &str) -> Wheel {
        self.requires.push(requirement.into());
        self
    }

    /// Sets another tag than that of pure Python, such as `py3-none-manylinux2014_x86_64`.
    pub fn tag(mut self, tag: &str) -> Wheel {
        self.tag = tag.into();
        self
    }

    pub fn provides(mut self, extra: &str) -> Wheel {
        self.extras.push(extra.into());
        self
    }

    pub fn requires_python(mut self, specifier: &str) -> Wheel {
        self.requires_python = Some(specifier.into());
        self
    }

    /// Adds a module of the package's name whose `main` prints `says`, and a command for it.
    pub fn command(mut self, command: &str, says: &str) -> Wheel {
        let module = self.name.replace('-', "_");
        self.files.push((
            format!("{module}.py"),
            format!("def main():\n    print({says:?})\n"),
        ));
        self.scripts
            .push((command.into(), format!("{module}:main")));
        self
    }

    /// Adds a command that calls `target`, written as `module:function`.
    pub fn script(mut self, command: &str, target: &str) -> Wheel {
        self.scripts.push((command.into(), target.into()));
        self
    }

    pub fn file(mut self, path: &str, content: &str) -> Wheel {
        self.files.push((path.into(), content.into()));
        self
    }

    pub fn file_name(&self) -> String {
        format!(
            "{}-{}-{}.whl",
            self.name.replace('-', "_"),
            self.version,
            self.tag
        )
    }

    fn metadata(&self) -> String {
        let mut metadata = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\n",
            self.name, self.version
        );
        metadata.extend(
            self.requires_python
                .iter()
                .map(|specifier| format!("Requires-Python: {specifier}\n")),
        );
        metadata.extend(
            self.extras
                .iter()
                .map(|extra| format!("Provides-Extra: {extra}\n")),
        );
        metadata.extend(
            self.requires
                .iter()
                .map(|requirement| format!("Requires-Dist: {requirement}\n")),
        );
        metadata
    }

    /// Packs the archive.
    pub fn bytes(&self) -> Vec<u8> {
        let info = format!("{}-{}.dist-info", self.name.replace('-', "_"), self.version);
        let mut files = self.files.clone();
        files.push((format!("{info}/METADATA"), self.metadata()));
        files.push((
            format!("{info}/WHEEL"),
            format!(
                "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {}\n",
                self.tag
            ),
        ));
        if !self.scripts.is_empty() {
            let points: String = self
                .scripts
                .iter()
                .map(|(name, target)| format!("{name} = {target}\n"))
                .collect();
            files.push((
                format!("{info}/entry_points.txt"),
                format!("[console_scripts]\n{points}"),
            ));
        }
        let mut record: String = files
            .iter()
            .map(|(path, content)| {
                format!(
                    "{path},{},{}\n",
                    boot::testing::record::hash(&Sha256::of(content.as_bytes())),
                    content.len()
                )
            })
            .collect();
        record.push_str(&format!("{info}/RECORD,,\n"));
        files.push((format!("{info}/RECORD"), record));
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content) in files {
            zip.start_file(path, SimpleFileOptions::default()).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }
}

pub struct Index {
    pub server: Server,
    pages: Mutex<BTreeMap<String, Vec<serde_json::Value>>>,
}

impl Index {
    pub fn new() -> Index {
        Index {
            server: Server::new(),
            pages: Mutex::default(),
        }
    }

    /// Creates an index with `tool` in this version and a command of its name.
    pub fn with_tool(version: &str) -> Index {
        let index = Index::new();
        index.add(Wheel::new("tool", version).command("tool", "hello"));
        index
    }

    pub fn url(&self) -> String {
        format!("{}/simple", self.server.url())
    }

    /// Publishes a wheel; returns its path on the server.
    pub fn add(&self, wheel: Wheel) -> String {
        let content = wheel.bytes();
        let path = format!("/files/{}", wheel.file_name());
        let file = serde_json::json!({
            "filename": wheel.file_name(),
            "url": format!("../..{path}"),
            "hashes": {"sha256": Sha256::of(&content).to_string()},
            "requires-python": wheel.requires_python,
            "yanked": false,
            "size": content.len(),
        });
        self.server.put(&path, "application/octet-stream", content);
        self.list(&wheel.name, file);
        path
    }

    /// Yanks a file: it stays on the server and is listed as yanked.
    pub fn yank(&self, name: &str, file: &str) {
        let mut pages = self.pages.lock().unwrap();
        let files = pages.get_mut(name).unwrap();
        files
            .iter_mut()
            .find(|listed| listed["filename"] == file)
            .unwrap()["yanked"] = "withdrawn".into();
        let page =
            serde_json::json!({"meta": {"api-version": "1.1"}, "name": name, "files": files});
        self.server.put(
            &Index::page(name),
            "application/vnd.pypi.simple.v1+json",
            page.to_string().into_bytes(),
        );
    }

    /// Publishes a wheel with separate metadata (PEP 658); returns the paths of both.
    pub fn add_beside(&self, wheel: Wheel) -> (String, String) {
        let (content, metadata) = (wheel.bytes(), wheel.metadata().into_bytes());
        let path = format!("/files/{}", wheel.file_name());
        let beside = format!("{path}.metadata");
        let file = serde_json::json!({
            "filename": wheel.file_name(),
            "url": format!("../..{path}"),
            "hashes": {"sha256": Sha256::of(&content).to_string()},
            "core-metadata": {"sha256": Sha256::of(&metadata).to_string()},
            "size": content.len(),
        });
        self.server.put(&path, "application/octet-stream", content);
        self.server
            .put(&beside, "application/octet-stream", metadata);
        self.list(&wheel.name, file);
        (path, beside)
    }

    /// Publishes an archive unchanged under any name; returns its path on the server.
    pub fn add_bytes(&self, name: &str, file: &str, content: Vec<u8>) -> String {
        let path = format!("/files/{file}");
        let listed = serde_json::json!({
            "filename": file,
            "url": format!("../..{path}"),
            "hashes": {"sha256": Sha256::of(&content).to_string()},
            "size": content.len(),
        });
        self.server.put(&path, "application/octet-stream", content);
        self.list(name, listed);
        path
    }

    /// Publishes a source archive.
    pub fn add_source(&self, source: &Source) {
        let content = source.archive();
        let path = format!("/files/{}", source.file_name());
        let file = serde_json::json!({
            "filename": source.file_name(),
            "url": format!("../..{path}"),
            "hashes": {"sha256": Sha256::of(&content).to_string()},
        });
        self.server.put(&path, "application/octet-stream", content);
        self.list(&source.name, file);
    }

    fn list(&self, name: &str, file: serde_json::Value) {
        let mut pages = self.pages.lock().unwrap();
        let page = pages.entry(name.into()).or_default();
        page.push(file);
        let body = serde_json::json!({"meta": {"api-version": "1.1"}, "name": name, "files": page});
        self.server.put(
            &format!("/simple/{name}/"),
            "application/vnd.pypi.simple.v1+json",
            body.to_string().into_bytes(),
        );
    }

    /// Returns the path of a package's page.
    pub fn page(name: &str) -> String {
        format!("/simple/{name}/")
    }
}

/// Creates an index with the tests' usual packages: black needs click; sphinx needs docutils, and
/// furo is a theme for it.
pub fn stocked() -> Index {
    let index = Index::new();
    index.add(Wheel::new("click", "8.1.0").file("click.py", "answer = 42\n"));
    index.add(
        Wheel::new("black", "24.1.0")
            .requires("click>=8")
            .command("black", "black 24.1.0"),
    );
    index.add(Wheel::new("docutils", "0.20").file("docutils.py", ""));
    index.add(Wheel::new("docutils", "0.21").file("docutils.py", ""));
    index.add(
        Wheel::new("sphinx", "7.0.0")
            .requires("docutils")
            .command("sphinx-build", "sphinx 7.0.0"),
    );
    index.add(
        Wheel::new("furo", "2024.1.1")
            .requires("sphinx>=6")
            .requires("docutils<0.21")
            .file("furo.py", ""),
    );
    index
}
