//! `boot python install --source`: requirements of the machine, settings of the build, its results,
//! and the cache.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::source::Source;
use crate::support::{Home, Mirror, Run};
use boot::testing::Version;

const FINE: (&str, &str) = ("", "");

fn version(mirror: &Mirror) -> Version {
    Version {
        patch: mirror.key.version.patch + 1,
        ..mirror.key.version
    }
}

fn build(home: &Home, version: Version, more: &[&str]) -> Run {
    home.boot(
        ["python", "install", "--source", &version.to_string()]
            .into_iter()
            .chain(more.iter().copied()),
    )
}

/// Reads a file that the build has installed.
fn share(home: &Home, version: Version, name: &str) -> String {
    let pythons = fs::read_dir(home.data().join("pythons"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let folder = pythons.into_iter().find(|path| {
        path.file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with(&format!("cpython-{version}-"))
    });
    fs::read_to_string(folder.unwrap().join("share").join(name)).unwrap()
}

/// Counts the runs of `configure`.
fn configured(home: &Home) -> usize {
    fs::read_to_string(home.root.join("configured")).map_or(0, |text| text.lines().count())
}

#[test]
fn python_install_source_builds_once_then_uses_cache() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    let source = Source::new(&mirror, version, FINE, &[]);
    let mut home = Home::new();
    source.tell(&mut home, &["gone.h"]);
    let run = build(&home, version, &[])
        .success()
        .stderr_has(&format!("built and installed Python {version}"));
    for stage in ["configure", "compile", "install"] {
        assert!(
            run.stderr
                .lines()
                .any(|line| line.starts_with(&format!("  {stage}")) && line.ends_with(" s")),
            "{stage}: {run}"
        );
    }
    home.no_leftovers();
    let list = home.boot(["python", "list", "--json"]).success().json();
    assert_eq!(
        (
            &list["pythons"][0]["origin"],
            &list["pythons"][0]["version"]
        ),
        (&"source".into(), &version.to_string().into())
    );
    let told = share(&home, version, "configured");
    let root = home
        .data()
        .join("pythons")
        .join(mirror.key_of(version).to_string())
        .display()
        .to_string();
    assert!(
        told.contains(&format!("argument --prefix={root}\n"))
            && told.contains("argument --with-ensurepip=no\n"),
        "{told}"
    );
    assert!(!told.contains("--enable-optimizations"), "{told}");
    // What is known ahead needn't be asked of the compiler one by one; and nobody debugs the
    // interpreter itself.
    assert!(
        told.contains("\nac_cv_func_strlen=yes\n")
            && told.contains("\nac_cv_header_locale_h=yes\n"),
        "{told}"
    );
    assert!(
        !told.contains("ac_cv_header_gone_h") && told.contains("\nCFLAGS_NODIST=-g0\n"),
        "{told}"
    );
    // The folder that it was built in is named nowhere.
    let data = fs::read_to_string(format!(
        "{root}/lib/python{}/_sysconfigdata__linux.py",
        mirror.minor()
    ))
    .unwrap();
    assert!(
        data.contains(&format!("prefix={root}"))
            && !data.contains("staging")
            && !data.contains(".cache"),
        "{data}"
    );
    assert!(
        !home.root.join("compiled").exists(),
        "nobody compiles the test suite's bytecode"
    );
    assert!(
        !home.root.join("embedded").exists(),
        "nobody links the test suite's program"
    );

    // Reinstalled and installed again without the network, a compiler, or a second build.
    source.server.requests();
    fs::remove_file(home.root.join("tools/cc")).unwrap();
    build(&home, version, &["--reinstall"]).success();
    home.boot(["python", "uninstall", &version.to_string()])
        .success();
    home.boot([
        "--offline",
        "python",
        "install",
        "--source",
        &version.to_string(),
    ])
    .success();
    assert_eq!((configured(&home), source.server.requests()), (1, vec![]));
    if mirror.is_complete() {
        home.boot(["python", "verify"])
            .success()
            .stdout_has("complete");
    }
    // Told otherwise it is another build.
    source.tell(&mut home, &[]);
    build(
        &home,
        version,
        &["--reinstall", "--configure-opts", "--with-pydebug"],
    )
    .success();
    assert_eq!(configured(&home), 2);
    home.no_leftovers();
}

#[test]
fn python_install_source_passes_variables_and_options() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    let source = Source::new(&mirror, version, FINE, &[]);
    let mut home = Home::new();
    source.tell(&mut home, &[]);
    for (name, value) in [
        ("CONFIGURE_OPTS", "--with-one=1 --with-two"),
        ("PYTHON_CONFIGURE_OPTS", "--enable-shared"),
        ("CFLAGS", "-O1 -g"),
        ("PYTHON_CFLAGS", "-fpython"),
        ("CPPFLAGS", "-I/extra/include"),
        ("LDFLAGS", "-L/extra/lib"),
        ("MAKE_OPTS", "EXTRA=from-make-opts"),
        // Said by the user, it isn't said otherwise.
        ("ac_cv_header_locale_h", "no"),
    ] {
        home.set(name, value);
    }
    build(
        &home,
        version,
        &[
            "--optimize",
            "--jobs",
            "3",
            "--configure-opts",
            "--with-three --without-four",
        ],
    )
    .success();
    let told = share(&home, version, "configured");
    for words in [
        "argument --with-one=1\n",
        "argument --with-two\n",
        "argument --enable-shared\n",
        "argument --with-three\n",
        "argument --without-four\n",
        "argument --enable-optimizations\n",
        "argument --with-lto\n",
        "\nCFLAGS=-O1 -g -fpython\n",
        "\nCPPFLAGS=-I/extra/include\n",
        "\nCC=",
        "\nac_cv_header_locale_h=no\n",
    ] {
        assert!(told.contains(words), "no {words:?} in {told}");
    }
    assert!(
        !told.contains("-g0"),
        "who asks for debug information gets it: {told}"
    );
    // A shared library is found where it will be.
    assert!(
        told.contains("argument LDFLAGS=-L/extra/lib -Wl,-rpath,")
            && told.contains(&format!("{}/lib\n", mirror.key_of(version))),
        "{told}"
    );
    let made = share(&home, version, "made");
    assert!(
        made.contains("from-make-opts") && made.contains("-j3"),
        "{made}"
    );
    // An upgrade builds the next one alike.
    let next = Version {
        patch: version.patch + 1,
        ..version
    };
    let newer = Source::new(&mirror, next, FINE, &[]);
    newer.tell(&mut home, &[]);
    home.set("CONFIGURE_OPTS", "");
    home.boot(["python", "upgrade"])
        .success()
        .stderr_has(&format!("from {version} to {next}"));
    let told = share(&home, next, "configured");
    assert!(
        told.contains("--with-three")
            && told.contains("--enable-optimizations")
            && !told.contains("--with-one"),
        "{told}"
    );
}

#[test]
fn python_install_source_names_missing_packages() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    let source = Source::new(&mirror, version, FINE, &[]);
    let mut home = Home::new();
    source.tell(&mut home, &["openssl/ssl.h", "ffi.h", "lzma.h"]);
    // A machine with one package manager, and the tools that the checks need.
    let managers = [
        (
            "apt-get",
            "apt-get install -y libssl-dev liblzma-dev libffi-dev",
        ),
        ("dnf", "dnf install -y openssl-devel xz-devel libffi-devel"),
        ("apk", "apk add openssl-dev xz-dev libffi-dev"),
        ("pacman", "pacman -S --needed openssl xz libffi"),
        ("brew", "brew install openssl@3 xz libffi"),
    ];
    let run = |home: &Home, folder: &str| {
        let path = home.root.join(folder).display().to_string();
        home.run(home.command(crate::support::BOOT).env("PATH", path).args([
            "python",
            "install",
            "--source",
            &version.to_string(),
        ]))
        .code(1)
        .one_error()
    };
    for (manager, line) in managers {
        for tool in ["sh", "cat", "make"] {
            fs::create_dir_all(home.root.join(manager)).unwrap();
            symlink(
                which::which(tool).unwrap(),
                home.root.join(manager).join(tool),
            )
            .unwrap();
        }
        home.program(&format!("{manager}/{manager}"), "#!/bin/sh\n");
        run(&home, manager)
            .stderr_has("ssl, lzma, ctypes")
            .stderr_has(line);
    }
    // No make, no compiler: as plain.
    fs::remove_file(home.root.join("apt-get/make")).unwrap();
    run(&home, "apt-get")
        .stderr_has("make")
        .stderr_has("install -y build-essential");
    home.set("CC", "no-such-compiler");
    run(&home, "dnf")
        .stderr_has("no-such-compiler")
        .stderr_has("install -y gcc make");
    assert_eq!(configured(&home), 0);
    assert!(
        source
            .server
            .requests()
            .iter()
            .all(|request| !request.starts_with("GET")),
        "nothing was fetched"
    );
    home.no_leftovers();
}

#[test]
fn python_install_source_failed_build_shows_log_and_cause() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    let cases = [
        (
            "configure",
            "echo 'configure: error: C compiler cannot create executables'; exit 77",
            "the C compiler doesn't work",
            "cannot create executables",
        ),
        (
            "compile",
            "@echo 'x.c:1:10: fatal error: foo.h: No such file or directory' >&2; exit 1",
            "a header is missing",
            "foo.h",
        ),
        (
            "compile",
            "@echo 'c++: fatal error: Killed signal terminated program cc1'; exit 1",
            "ran out of memory",
            "Killed",
        ),
        (
            "install",
            "@echo 'cp: error writing x: No space left on device'; exit 1",
            "the disk is full",
            "No space left",
        ),
    ];
    for (stage, wrong, cause, last) in cases {
        let source = Source::new(&mirror, version, (stage, wrong), &[]);
        let mut home = Home::new();
        source.tell(&mut home, &[]);
        let run = build(&home, version, &[]).code(1).one_error();
        let run = run
            .stderr_has(&format!("{stage} failed"))
            .stderr_has(cause)
            .stderr_has(last);
        // The end of the log comes before the error.
        assert!(
            run.stderr.find("  | ").unwrap() < run.stderr.find("\nerror: ").unwrap(),
            "{run}"
        );
        let log = run
            .stderr
            .lines()
            .find_map(|line| line.split_once("log: "))
            .unwrap()
            .1
            .to_string();
        assert!(fs::read_to_string(log).unwrap().contains(last));
        home.no_leftovers();
        assert!(
            !home
                .tree()
                .iter()
                .any(|path| path.contains("pythons/cpython")),
            "{:?}",
            home.tree()
        );
        // Nothing of it counts as built.
        let mended = Source::new(&mirror, version, FINE, &[]);
        mended.tell(&mut home, &[]);
        build(&home, version, &[]).success();
    }
}

#[test]
fn python_install_source_incomplete_build_is_refused() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    for module in ["ssl", "sqlite3", "ctypes", "lzma", "bz2", "zlib"] {
        let source = Source::new(&mirror, version, FINE, &[module]);
        let mut home = Home::new();
        source.tell(&mut home, &[]);
        for attempt in 1..=2 {
            build(&home, version, &[])
                .code(1)
                .stderr_has("incomplete")
                .stderr_has(module)
                .one_error();
            assert_eq!(
                configured(&home),
                attempt,
                "the incomplete build isn't taken from the cache"
            );
        }
        assert!(
            !home
                .tree()
                .iter()
                .any(|path| path.contains("pythons/cpython")),
            "{:?}",
            home.tree()
        );
        home.no_leftovers();
    }
}

#[test]
fn python_install_without_archive_builds_unless_prebuilt() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    let source = Source::new(&mirror, version, FINE, &[]);
    let mut home = Home::new();
    source.tell(&mut home, &[]);
    // The catalog knows an archive, and its mirror can't be reached.
    let line = format!(
        "{version}\t{}\tdefault\t20260101\tcpython-{version}.tar.gz\t{}\n",
        mirror.key.platform,
        "0".repeat(64)
    );
    let catalog = home.read("catalog.tsv") + &line;
    home.write("catalog.tsv", &catalog);
    home.boot(["python", "install", "--prebuilt", &version.to_string()])
        .code(1)
        .one_error();
    assert_eq!(configured(&home), 0);
    let run = home
        .boot(["python", "install", &version.to_string()])
        .success();
    run.stderr_has("can't reach the prebuilt archives")
        .stderr_has("building Python")
        .stderr_has("from the source mirror");
    assert_eq!(configured(&home), 1);
    // A source whose bytes aren't the known ones is not built.
    let mut home = Home::new();
    source.tell(&mut home, &[]);
    source.server.put(
        &source.path(),
        "application/gzip",
        b"something else".to_vec(),
    );
    build(&home, version, &[]).code(1).one_error();
    assert_eq!(configured(&home), 0);
    home.no_leftovers();
}

#[test]
fn python_install_source_shows_stages_on_terminal() {
    let mirror = Mirror::new();
    let version = version(&mirror);
    let source = Source::new(
        &mirror,
        version,
        ("compile", "@echo gcc -O2 -c Python/ceval.c; sleep 1"),
        &[],
    );
    let mut home = Home::new();
    source.tell(&mut home, &[]);
    let Some(mut pty) = crate::support::pty::Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!(
        "{} python install --source {version}",
        crate::support::BOOT
    ));
    pty.expect(&format!("Python {version}: compile"));
    pty.expect("ceval.c");
    pty.expect(&format!("built and installed Python {version}"));
    // And what stays is a line a stage.
    for stage in ["configure", "compile", "install"] {
        pty.expect(&format!("  {stage:<10}"));
    }
}
