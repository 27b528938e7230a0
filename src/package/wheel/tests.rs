use std::io::Write;

use super::*;

/// A wheel as bytes, with what every wheel has and `files`; a file of the same name replaces the
/// usual one.
pub(crate) fn wheel(name: &str, version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let mut all: Vec<(String, String)> = vec![
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".into(),
        ),
        (
            format!("{info}/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
        ),
        (format!("{info}/RECORD"), String::new()),
    ];
    for (path, content) in files {
        let path = path.replace("INFO", &info);
        all.retain(|(other, _)| *other != path);
        all.push((path, content.to_string()));
    }
    let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in &all {
        zip.start_file(path.as_str(), ::zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn paths(home: &Path) -> Paths {
    let home = home.as_os_str().to_owned();
    Paths::from(&|name| (name == "HOME").then(|| home.clone())).unwrap()
}

pub(crate) fn cached(home: &Path, file: &str, bytes: &[u8]) -> Result<CachedWheel> {
    let path = home.join(file);
    fs::write(&path, bytes).unwrap();
    CachedWheel::from_file(&paths(home), &path)
}

#[test]
fn cached_wheel_is_unpacked_once() {
    let home = tempfile::tempdir().unwrap();
    let bytes = wheel(
        "Some_Tool",
        "1.0",
        &[
            ("some_tool/__init__.py", "x = 1\n"),
            (
                "INFO/entry_points.txt",
                "[console_scripts]\nst = some_tool:f\n",
            ),
        ],
    );
    let made = cached(home.path(), "some.tool-1.0-py3-none-any.whl", &bytes).unwrap();
    let again = CachedWheel::open(&paths(home.path()), &Sha256::of(&bytes)).unwrap();
    assert_eq!(
        (made.name(), made.version(), made.is_purelib()),
        ("Some_Tool", "1.0", true)
    );
    assert_eq!(made.files(), again.files());
    assert_eq!(again.commands()[0].name, "st");
    let file = again
        .files()
        .iter()
        .find(|file| file.path == "some_tool/__init__.py")
        .unwrap();
    assert_eq!(file.hash, record::hash(&Sha256::of(b"x = 1\n")));
    assert_eq!(fs::read_to_string(again.path_of(file)).unwrap(), "x = 1\n");
}

#[test]
fn cached_wheel_refuses_hostile_wheels() {
    let long = "Wheel-Version: 2.0\nRoot-Is-Purelib: true\n";
    for (files, words) in [
        (vec![("INFO/WHEEL", long)], "version 2"),
        (
            vec![("INFO/WHEEL", "Root-Is-Purelib: true\n")],
            "no version",
        ),
        (
            vec![("INFO/WHEEL", "Wheel-Version: 1.0\n")],
            "where it belongs",
        ),
        (vec![("b-1.0.dist-info/WHEEL", "")], "more than one"),
        (vec![("a-1.0.data/etc/x", "")], "belongs nowhere"),
        (vec![("a-1.0.data/loose", "")], "belongs nowhere"),
        (
            vec![("a-1.0.data/scripts/python", "#!python\n")],
            "can't be a command's",
        ),
        (
            vec![("a-1.0.data/scripts/sub/x", "#!python\n")],
            "can't be a command's",
        ),
        (
            vec![("INFO/entry_points.txt", "[console_scripts]\n../x = m:f\n")],
            "can't be a command's",
        ),
        (vec![("../x", "")], "outside"),
        (vec![("/x", "")], "outside"),
        (vec![("a\\..\\x", "")], "outside"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let error = cached(
            home.path(),
            "a-1.0-py3-none-any.whl",
            &wheel("a", "1.0", &files),
        )
        .unwrap_err()
        .to_string();
        assert!(error.contains(words), "{files:?}: {error}");
        assert!(error.lines().count() <= 3, "{error}");
        assert_eq!(
            fs::read_dir(paths(home.path()).wheels()).unwrap().count(),
            0
        );
    }
    let mut twice = wheel("a", "1.0", &[("a/x.py", "1"), ("a/y.py", "2")]);
    while let Some(at) = twice.windows(6).position(|window| window == b"a/y.py") {
        twice[at + 2] = b'x';
    }
    let home = tempfile::tempdir().unwrap();
    assert!(
        cached(home.path(), "a-1.0-py3-none-any.whl", &twice)
            .unwrap_err()
            .to_string()
            .contains("twice")
    );
    assert!(
        cached(
            home.path(),
            "b-1.0-py3-none-any.whl",
            &wheel("a", "1.0", &[])
        )
        .is_err(),
        "another package's"
    );
    assert!(
        cached(
            home.path(),
            "a-1.1-py3-none-any.whl",
            &wheel("a", "1.0", &[])
        )
        .is_err(),
        "another version's"
    );
    assert!(
        cached(home.path(), "a-1.0-py3-none-any.whl", b"PK no").is_err(),
        "no zip file"
    );
    assert!(
        cached(home.path(), "odd.txt", &wheel("a", "1.0", &[])).is_err(),
        "no wheel's name"
    );
}

#[test]
fn cached_wheel_lists_real_files_not_record() {
    let home = tempfile::tempdir().unwrap();
    let record = format!(
        "../../etc/passwd,{0},1\na/gone.py,{0},1\n",
        record::hash(&Sha256::of(b""))
    );
    let made = cached(
        home.path(),
        "a-1.0-py3-none-any.whl",
        &wheel("a", "1.0", &[("a/x.py", "1"), ("INFO/RECORD", &record)]),
    )
    .unwrap();
    let names: Vec<&str> = made.files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        names,
        [
            "a-1.0.dist-info/METADATA",
            "a-1.0.dist-info/WHEEL",
            "a/x.py"
        ]
    );
}

#[test]
fn fetch_keeps_only_matching_hash() {
    let home = tempfile::tempdir().unwrap();
    let ctx = Context::new(paths(home.path()), std::sync::Arc::new(Silent), true);
    let file = "a-1.0-py3-none-any.whl";
    let bytes = wheel("a", "1.0", &[("a.py", "1")]);
    fs::write(home.path().join(file), &bytes).unwrap();
    let url = format!("file://{}", home.path().join(file).display());
    let error = fetch(&ctx, file, &url, &Sha256::of(b"another"), &Silent).unwrap_err();
    assert!(
        matches!(error, Error::Net(net::Error::Checksum { .. })),
        "{error}"
    );
    assert_eq!(error.to_string().lines().count(), 3);
    assert!(
        !ctx.paths.wheels().exists() && fs::read_dir(ctx.paths.archives()).unwrap().count() == 0
    );
    let made = fetch(&ctx, file, &url, &Sha256::of(&bytes), &Silent).unwrap();
    assert_eq!(
        fs::read_dir(ctx.paths.archives()).unwrap().count(),
        0,
        "the archive isn't needed any more"
    );
    // From now on neither the file nor the network is needed.
    assert_eq!(
        fetch(
            &ctx,
            file,
            "https://example.invalid/x",
            &Sha256::of(&bytes),
            &Silent
        )
        .unwrap()
        .files(),
        made.files()
    );
}
