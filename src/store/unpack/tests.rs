use super::*;

fn archive(build: impl FnOnce(&mut ::tar::Builder<Vec<u8>>)) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    build(&mut builder);
    builder.into_inner().unwrap()
}

fn entry(
    builder: &mut ::tar::Builder<Vec<u8>>,
    name: &str,
    kind: ::tar::EntryType,
    target: &str,
    content: &[u8],
) {
    let mut header = ::tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_size(content.len() as u64);
    // Written raw: the library itself refuses to make hostile names.
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    builder.append(&header, content).unwrap();
}

fn unpack(bytes: &[u8]) -> (tempfile::TempDir, Result<()>) {
    let root = tempfile::tempdir().unwrap();
    let dest = root.path().join("in");
    fs::create_dir(&dest).unwrap();
    let result = tar(
        bytes,
        Path::new("x.tar"),
        &dest,
        Path::new("python"),
        Limits {
            bytes: 1000,
            entries: 20,
        },
    );
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        1,
        "nothing is written outside"
    );
    (root, result)
}

#[test]
fn tar_unpacks_links_and_modes() {
    use ::tar::EntryType as Kind;
    let bytes = archive(|b| {
        entry(b, "python/bin/python3", Kind::Symlink, "python3.11", b"");
        entry(b, "python/bin/python3.11", Kind::Regular, "", b"#!");
        entry(
            b,
            "python/share/man/man1/python3.1",
            Kind::Symlink,
            "../../../bin/python3",
            b"",
        );
        entry(b, "other/left-out", Kind::Regular, "", b"");
    });
    let (root, result) = unpack(&bytes);
    result.unwrap();
    let bin = root.path().join("in/bin");
    assert_eq!(fs::read_to_string(bin.join("python3")).unwrap(), "#!");
    assert_eq!(
        fs::metadata(bin.join("python3.11"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o755
    );
    assert!(!root.path().join("in/left-out").exists());
}

#[test]
fn tar_refuses_paths_and_links_that_lead_out() {
    use ::tar::EntryType as Kind;
    for (name, kind, target) in [
        ("/etc/x", Kind::Regular, ""),
        ("python/../../x", Kind::Regular, ""),
        ("python/l", Kind::Symlink, "/etc/passwd"),
        ("python/l", Kind::Symlink, "../../x"),
        ("python/l", Kind::Link, "../x"),
        ("python/l", Kind::Link, "/etc/passwd"),
    ] {
        let bytes = archive(|b| entry(b, name, kind, target, b""));
        let (_root, result) = unpack(&bytes);
        assert!(
            matches!(result, Err(Error::Unsafe { .. })),
            "{name} -> {target}: {result:?}"
        );
    }
}

#[test]
fn tar_refuses_special_files() {
    use ::tar::EntryType as Kind;
    for kind in [Kind::Char, Kind::Block, Kind::Fifo, Kind::GNUSparse] {
        let bytes = archive(|b| entry(b, "python/d", kind, "", b""));
        assert!(
            matches!(unpack(&bytes).1, Err(Error::Broken { .. })),
            "{kind:?}"
        );
    }
}

#[test]
fn tar_writes_nothing_through_links_of_archive() {
    use ::tar::EntryType as Kind;
    let bytes = archive(|b| {
        entry(b, "python/sub", Kind::Symlink, "bin", b"");
        entry(b, "python/sub/file", Kind::Regular, "", b"x");
    });
    let (_root, result) = unpack(&bytes);
    assert!(result.is_err());
}

#[test]
fn tar_refuses_chain_of_links_that_leads_out() {
    use ::tar::EntryType as Kind;
    let bytes = archive(|b| {
        entry(b, "python/p/q/up", Kind::Symlink, "../..", b"");
        entry(b, "python/p/q/out", Kind::Symlink, "up/../..", b"");
    });
    let (_root, result) = unpack(&bytes);
    assert!(matches!(result, Err(Error::Unsafe { .. })), "{result:?}");
}

#[test]
fn tar_refuses_duplicates_bombs_and_cut_archives() {
    use ::tar::EntryType as Kind;
    let twice = archive(|b| {
        entry(b, "python/f", Kind::Regular, "", b"1");
        entry(b, "python/f", Kind::Regular, "", b"2");
    });
    assert!(matches!(unpack(&twice).1, Err(Error::Broken { .. })));
    let bomb = archive(|b| entry(b, "python/f", Kind::Regular, "", &[0; 2000]));
    assert!(matches!(unpack(&bomb).1, Err(Error::Broken { .. })));
    let many =
        archive(|b| (0..30).for_each(|n| entry(b, &format!("python/{n}"), Kind::Regular, "", b"")));
    assert!(matches!(unpack(&many).1, Err(Error::Broken { .. })));
    let cut = archive(|b| entry(b, "python/f", Kind::Regular, "", &[0; 900]));
    assert!(matches!(unpack(&cut[..800]).1, Err(Error::Broken { .. })));
}
