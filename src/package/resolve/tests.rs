//! Scenarios over an index in memory.

use std::collections::HashMap;

use super::*;
use crate::package::page::Beside;
use crate::package::tags::tests::facts;

/// An index: files, and the metadata of the wheels among them.
#[derive(Default)]
struct Index {
    pages: HashMap<Name, Vec<File>>,
    metadata: HashMap<Sha256, String>,
}

impl PackageSource for Index {
    fn page(&self, name: &Name) -> Result<Option<Arc<Vec<File>>>, index::Error> {
        Ok(self.pages.get(name).cloned().map(Arc::new))
    }

    fn metadata(&self, file: &File) -> Result<Arc<Metadata>, metadata::Error> {
        let bad = |reason: String| metadata::Error::Bad {
            file: file.file.clone(),
            reason,
        };
        self.metadata
            .get(&file.sha256)
            .ok_or_else(|| bad("missing".into()))?
            .parse()
            .map(Arc::new)
            .map_err(bad)
    }

    /// Any address is of the first file of that name.
    fn direct(&self, name: &Name, url: &str, _: bool) -> Result<DirectWheel, direct::Error> {
        let gone = || direct::Error::Address {
            url: url.into(),
            reason: "nothing is there".into(),
        };
        let file = self
            .pages
            .get(name)
            .and_then(|files| files.first())
            .ok_or_else(gone)?;
        let metadata = Metadata::clone(&*self.metadata(file).map_err(|_| gone())?);
        Ok(DirectWheel {
            metadata,
            file: file.clone(),
            direct_url: format!("{{\"url\": \"{url}\"}}"),
        })
    }
}

impl Index {
    /// Adds a file; `says` are lines of its metadata, of which some are for the page: `yanked`,
    /// `python SPEC`.
    fn file(mut self, file: &str, says: &[&str]) -> Index {
        let name: Name = file.split('-').next().unwrap().parse().unwrap();
        let version = file.split('-').nth(1).unwrap();
        let sha256 = Sha256::of(file.as_bytes());
        let about = |key: &str| says.iter().find_map(|line| line.strip_prefix(key));
        let lines: String = says
            .iter()
            .filter(|line| line.contains(':'))
            .map(|line| format!("{line}\n"))
            .collect();
        self.metadata
            .insert(sha256, format!("Name: {name}\nVersion: {version}\n{lines}"));
        self.pages.entry(name).or_default().push(File {
            file: file.into(),
            url: format!("https://example.org/{file}"),
            sha256,
            size: None,
            requires_python: about("python ").map(str::to_string),
            yanked: about("yanked").is_some(),
            metadata: Beside::Absent,
            uploaded: about("uploaded ").map(str::to_string),
        });
        self
    }

    /// A pure wheel that needs `needs`, in which `x ` in front stands for a line of its own.
    fn wheel(self, name: &str, version: &str, needs: &[&str]) -> Index {
        let says: Vec<String> = needs
            .iter()
            .map(|need| format!("Requires-Dist: {need}"))
            .collect();
        let says: Vec<&str> = says.iter().map(String::as_str).collect();
        self.file(&format!("{name}-{version}-py3-none-any.whl"), &says)
    }

    fn solve(&self, inputs: &Inputs) -> Result<Resolution, Error> {
        resolve_from(self, &facts(11), inputs)
    }

    /// What `requirements` resolve to, as one line.
    fn pins(&self, requirements: &[&str]) -> String {
        let inputs = Inputs::parse(requirements, &[], false).unwrap();
        line(
            &self
                .solve(&inputs)
                .unwrap_or_else(|error| panic!("{error}")),
        )
    }

    fn error(&self, requirements: &[&str]) -> String {
        let error = self
            .solve(&Inputs::parse(requirements, &[], false).unwrap())
            .unwrap_err();
        assert!(error.is_contradiction());
        error.to_string()
    }
}

fn line(resolution: &Resolution) -> String {
    resolution
        .pins
        .iter()
        .map(|pin| format!("{}=={}", pin.name, pin.version))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn resolve_takes_newest_versions() {
    let index = Index::default()
        .wheel("a", "1.0", &["b<2"])
        .wheel("a", "1.1", &["b<2", "A.x"])
        .wheel("a_x", "1", &[]);
    let index = index.wheel("b", "1.9", &[]).wheel("b", "2.0", &[]);
    assert_eq!(index.pins(&["A"]), "a==1.1 a-x==1 b==1.9");
    assert_eq!(index.pins(&["a", "b<1.95", "a<1.1"]), "a==1.0 b==1.9");
    let resolution = index
        .solve(&Inputs::parse(&["a"], &[], false).unwrap())
        .unwrap();
    assert_eq!(
        resolution
            .pins
            .iter()
            .map(|pin| pin.requested)
            .collect::<Vec<_>>(),
        [true, false, false]
    );
}

#[test]
fn resolve_backtracks_to_older_versions() {
    let index = Index::default()
        .wheel("a", "1", &["c==1"])
        .wheel("a", "2", &["c==2"])
        .wheel("b", "1", &["c==1"]);
    let index = index
        .wheel("b", "2", &["c==1"])
        .wheel("c", "1", &[])
        .wheel("c", "2", &[]);
    assert_eq!(index.pins(&["a", "b"]), "a==1 b==2 c==1");
}

#[test]
fn resolve_allows_cycles() {
    let index = Index::default()
        .wheel("a", "1", &["b"])
        .wheel("b", "1", &["a>=1", "b"]);
    assert_eq!(index.pins(&["a"]), "a==1 b==1");
}

#[test]
fn resolve_evaluates_markers_for_interpreter() {
    let needs = [
        "b; python_version < '3.11'",
        "c; sys_platform == 'linux'",
        "d; extra == 'x'",
    ];
    let index = Index::default()
        .wheel("a", "1", &needs)
        .wheel("c", "1", &[]);
    assert_eq!(index.pins(&["a", "zz; python_version < '3'"]), "a==1 c==1");
}

#[test]
fn resolve_extras_add_and_refer_to_own_package() {
    let says = [
        "Requires-Dist: b; extra == 'x'",
        "Requires-Dist: a[x,Y_z]; extra == 'all'",
        "Requires-Dist: c; extra == 'y-z'",
    ];
    let extras = [
        "Provides-Extra: x",
        "Provides-Extra: y.z",
        "Provides-Extra: all",
    ];
    let index = Index::default().file("a-1-py3-none-any.whl", &[&says[..], &extras[..]].concat());
    let index = index
        .wheel("a", "2", &["d==9"])
        .wheel("b", "1", &[])
        .wheel("c", "1", &[]);
    assert_eq!(index.pins(&["a[All]"]), "a==1 b==1 c==1");
    assert_eq!(index.pins(&["a[x]<2"]), "a==1 b==1");
    let resolution = index
        .solve(&Inputs::parse(&["a[nope]"], &[], false).unwrap())
        .unwrap();
    assert_eq!(resolution.warnings, ["a 1 has no extra nope"]);
}

#[test]
fn resolve_takes_pre_releases_only_if_asked() {
    let index = Index::default()
        .wheel("a", "1.0", &[])
        .wheel("a", "2.0rc1", &[])
        .wheel("b", "0.1b1", &[]);
    assert_eq!(index.pins(&["a"]), "a==1.0");
    assert_eq!(index.pins(&["a>=2.0rc1"]), "a==2.0rc1");
    assert_eq!(index.pins(&["b"]), "b==0.1b1", "there is nothing else");
    assert_eq!(
        line(
            &index
                .solve(&Inputs::parse(&["a"], &[], true).unwrap())
                .unwrap()
        ),
        "a==2.0rc1"
    );
    assert!(
        index.error(&["a>1.5"]).contains("--pre"),
        "{}",
        index.error(&["a>1.5"])
    );
}

#[test]
fn resolve_takes_yanked_version_only_if_exact() {
    let index = Index::default()
        .wheel("a", "1.0", &[])
        .file("a-1.1-py3-none-any.whl", &["yanked"]);
    assert_eq!(index.pins(&["a"]), "a==1.0");
    assert_eq!(index.pins(&["a==1.1"]), "a==1.1");
    assert!(index.error(&["a>1.0"]).contains("withdrawn"));
}

#[test]
fn resolve_respects_requires_python() {
    let index = Index::default()
        .wheel("a", "1.0", &[])
        .file("a-1.1-py3-none-any.whl", &["python >=3.12"]);
    let index = index.file("a-1.2-py3-none-any.whl", &["Requires-Python: >=3.13"]);
    assert_eq!(index.pins(&["a"]), "a==1.0");
    assert_eq!(
        index.error(&["a==1.1"]),
        "a 1.1 needs Python >=3.12, and this one is 3.11.4\n--python asks for another"
    );
    assert!(index.error(&["a==1.2"]).contains("needs Python >=3.13"));
}

#[test]
fn resolve_takes_best_wheel_of_version() {
    let index = Index::default()
        .file("a-1-py3-none-any.whl", &[])
        .file("a-1-cp311-cp311-manylinux_2_17_x86_64.whl", &[]);
    let index = index
        .file("a-1-2-cp311-cp311-manylinux_2_17_x86_64.whl", &[])
        .file("a-1-cp311-cp311-manylinux_2_35_x86_64.whl", &[]);
    let resolution = index
        .solve(&Inputs::parse(&["a"], &[], false).unwrap())
        .unwrap();
    assert_eq!(
        resolution.pins[0].file,
        "a-1-2-cp311-cp311-manylinux_2_17_x86_64.whl"
    );
}

#[test]
fn resolve_skips_versions_without_wheel() {
    let index = Index::default()
        .wheel("a", "1", &[])
        .file("a-2-cp312-cp312-macosx_11_0_arm64.whl", &[]);
    assert_eq!(index.pins(&["a"]), "a==1");
    let error = index.error(&["a>1"]);
    assert_eq!(
        error,
        "a>1 has no wheel for this Python, and no source that one could be built from\n\
         --python asks for another"
    );
}

#[test]
fn resolve_constraints_bind_and_add_nothing() {
    let index = Index::default()
        .wheel("a", "1", &["b"])
        .wheel("b", "1", &[])
        .wheel("b", "2", &[])
        .wheel("c", "1", &[]);
    let inputs = Inputs::parse(&["a"], &["b<2".into(), "c==1".into()], false).unwrap();
    assert_eq!(line(&index.solve(&inputs).unwrap()), "a==1 b==1");
    // Those of other Pythons and systems don't bind.
    let elsewhere = [
        "b<2; python_version < '3'".into(),
        "b>1; sys_platform != 'win32'".into(),
        "a>1; sys_platform == 'win32'".into(),
    ];
    let inputs = Inputs::parse(&["a"], &elsewhere, false).unwrap();
    assert_eq!(line(&index.solve(&inputs).unwrap()), "a==1 b==2");
}

#[test]
fn resolve_keeps_preferred_versions() {
    let index = Index::default()
        .wheel("a", "1", &["b"])
        .wheel("b", "1", &[])
        .wheel("b", "2", &[])
        .wheel("b", "3", &[]);
    let mut inputs = Inputs::parse(&["a"], &[], false).unwrap();
    inputs
        .preferred
        .insert("b".parse().unwrap(), "2".parse().unwrap());
    assert_eq!(line(&index.solve(&inputs).unwrap()), "a==1 b==2");
    inputs.requirements.push("b>2".parse().unwrap());
    assert_eq!(line(&index.solve(&inputs).unwrap()), "a==1 b==3");
}

#[test]
fn resolve_skips_broken_metadata() {
    let index = Index::default()
        .wheel("a", "1", &[])
        .wheel("a", "2", &["what is this"])
        .wheel("a", "3", &["b @ https://example.org/b.zip"]);
    assert_eq!(index.pins(&["a"]), "a==1");
}

#[test]
fn resolve_explains_contradictions() {
    let index = Index::default()
        .wheel("a", "1", &["c<2"])
        .wheel("b", "1", &["c>=2"])
        .wheel("b", "2", &["c>=2"]);
    let index = index.wheel("c", "1", &[]).wheel("c", "2", &[]);
    let error = index.error(&["a", "b"]);
    for words in [
        "you ask for a",
        "you ask for b",
        "a 1 needs c<2",
        "every b needs c>=2",
        "ask for other versions",
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(error.lines().count() <= 7, "{error}");
    assert_eq!(
        index.error(&["nope"]),
        "the package index has no nope\nis the name right?"
    );
    assert_eq!(
        index.error(&["a>7"]),
        "there is no a>7\nthe newest a that this Python can use is 1"
    );
}

#[test]
fn resolve_prefers_address_over_index() {
    let index = Index::default()
        .wheel("a", "1", &["b @ https://example.org/b.zip", "c"])
        .wheel("b", "0.1rc1", &[])
        .wheel("b", "2", &[]);
    let index =
        index
            .wheel("c", "1", &["b"])
            .wheel("c", "2", &["b @ https://example.org/else.zip"]);
    assert_eq!(
        index.pins(&["a @ https://example.org/a.zip"]),
        "a==1 b==0.1rc1 c==1"
    );
    assert!(
        index
            .error(&["a @ https://example.org/a.zip", "b>1"])
            .contains("b>1")
    );
    assert!(index.error(&["a"]).contains("address of its own choice"));
    let two = index.solve(
        &Inputs::parse(
            &[
                "b @ https://example.org/b.zip",
                "b @ https://example.org/c.zip",
            ],
            &[],
            false,
        )
        .unwrap(),
    );
    assert!(matches!(two, Err(Error::TwoAddresses { .. })));
}
