//! The catalog of Pythons: compiled in, refreshed once a day, and used when no server answers.

use std::fs;
use std::process::Command;

use crate::support::{Fault, Home, Mirror, Server};
use boot::testing::Platform;
use boot::testing::Sha256;

const RELEASE: &str = "20990101";

/// Returns the publisher's name for this platform.
fn triple() -> &'static str {
    match Platform::host().unwrap().to_string().as_str() {
        "linux-x86_64-gnu" => "x86_64-unknown-linux-gnu",
        "linux-aarch64-gnu" => "aarch64-unknown-linux-gnu",
        "linux-x86_64-musl" => "x86_64-unknown-linux-musl",
        "linux-aarch64-musl" => "aarch64-unknown-linux-musl",
        "darwin-x86_64-none" => "x86_64-apple-darwin",
        _ => "aarch64-apple-darwin",
    }
}

fn file(version: &str) -> String {
    format!(
        "cpython-{version}+{RELEASE}-{}-install_only_stripped.tar.gz",
        triple()
    )
}

/// Publishes a mirror as a web server lists a folder, with one unknown release.
fn publish(server: &Server, files: &[(String, Sha256)]) {
    server.put(
        "/",
        "text/html",
        format!("<a href=\"../\">..</a><a href=\"{RELEASE}/\">{RELEASE}/</a>").into_bytes(),
    );
    let sums: String = files
        .iter()
        .map(|(file, sha)| format!("{sha}  {file}\n"))
        .collect();
    server.put(
        &format!("/{RELEASE}/SHA256SUMS"),
        "text/plain",
        sums.into_bytes(),
    );
}

fn at(server: &Server) -> Home {
    let mut home = Home::new();
    home.set("BOOT_PYTHON_MIRROR", &server.url());
    home
}

/// Makes the kept catalogs a day older.
fn tomorrow(home: &Home) {
    for entry in fs::read_dir(home.root.join(".cache/boot/catalogs"))
        .unwrap()
        .flatten()
    {
        let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(25 * 3600);
        fs::File::options()
            .write(true)
            .open(entry.path())
            .unwrap()
            .set_modified(yesterday)
            .unwrap();
    }
}

#[test]
fn python_list_available_asks_once_a_day_and_keeps_answer() {
    let server = Server::new();
    publish(&server, &[(file("3.99.1"), Sha256::of(b""))]);
    let home = at(&server);
    let list = || home.boot(["python", "list", "--available"]).success();
    list().stdout_has("3.99.1").stdout_has("3.14.");
    assert_eq!(
        server.requests(),
        ["GET /", &format!("GET /{RELEASE}/SHA256SUMS")]
    );
    list().stdout_has("3.99.1");
    assert_eq!(server.requests(), [] as [&str; 0], "once a day");
    home.boot(["python", "pin", "3.99"]).success();
    home.boot(["python", "pin", "3.98"]).code(1).one_error();

    tomorrow(&home);
    publish(&server, &[(file("3.99.2"), Sha256::of(b""))]);
    list().stdout_has("3.99.2");
    assert!(!server.requests().is_empty());
    publish(&server, &[(file("3.99.3"), Sha256::of(b""))]);
    list().stdout_has("3.99.2");
    home.boot(["python", "list", "--available", "--refresh"])
        .success()
        .stderr_has("new: 3.99.3")
        .stdout_has("3.99.3");
    home.boot(["python", "list", "--available", "3.99"])
        .success()
        .stdout_has("3.99.1")
        .stdout_has("3.99.2")
        .stdout_has("3.99.3");

    // Gone: what is known stays, and only who asked is told.
    tomorrow(&home);
    server.fault("/", Fault::Status(500));
    server.fault("/latest/SHA256SUMS", Fault::Stall);
    list().stdout_has("3.99.3").stderr_lacks("warning");
    server.requests();
    list().stdout_has("3.99.3");
    assert_eq!(
        server.requests(),
        [] as [&str; 0],
        "what failed is tried again tomorrow"
    );
    let run = home
        .boot(["python", "list", "--available", "--refresh"])
        .success();
    run.stderr_has("warning: what is new can't be asked for")
        .stdout_has("3.99.3");
    let run = home
        .boot(["--offline", "python", "list", "--available", "--refresh"])
        .success();
    run.stderr_has("warning").stdout_has("3.99.3");
    // Another mirror hasn't said any of this.
    let mut home = home;
    home.set("BOOT_PYTHON_MIRROR", "http://127.0.0.1:9");
    let list = home
        .boot(["python", "list", "--available"])
        .success()
        .stdout_has("3.14.");
    assert!(!list.stdout.contains("3.99"), "{list}");
}

#[test]
fn python_install_uses_mirror_list_for_newer_versions() {
    let mirror = Mirror::new();
    let version = mirror.version();
    mirror.server.put(
        &format!("/{RELEASE}/{}", file(&version)),
        "application/gzip",
        mirror.archive().to_vec(),
    );
    publish(
        &mirror.server,
        &[(file(&version), Sha256::of(mirror.archive()))],
    );
    let home = at(&mirror.server);
    home.boot(["python", "install", "--prebuilt", "--refresh", &version])
        .success()
        .stderr_has(&format!("installed Python {version}"));
    home.no_leftovers();

    // A folder serves as a mirror too, and one that can't be listed by its name for the latest.
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(RELEASE)).unwrap();
    fs::write(
        folder.path().join(RELEASE).join(file(&version)),
        mirror.archive(),
    )
    .unwrap();
    let sums = format!("{} *{}\n", Sha256::of(mirror.archive()), file(&version));
    fs::write(folder.path().join(RELEASE).join("SHA256SUMS"), &sums).unwrap();
    let home = Home::new();
    let url = format!("file://{}", folder.path().display());
    home.boot([
        "python",
        "install",
        "--prebuilt",
        "--refresh",
        "--mirror",
        &url,
        &version,
    ])
    .success();

    mirror.server.fault("/", Fault::Status(403));
    mirror
        .server
        .put("/latest/SHA256SUMS", "text/plain", sums.into_bytes());
    let home = at(&mirror.server);
    home.boot(["python", "install", "--prebuilt", "--refresh", &version])
        .success();
}

#[test]
fn python_install_wrong_hash_on_mirror_list_is_refused() {
    let mirror = Mirror::new();
    let known = "cpython-3.11.9+20240814-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz";
    mirror
        .server
        .put("/", "text/html", b"<a href='20240814/'>".to_vec());
    mirror.server.put(
        "/20240814/SHA256SUMS",
        "text/plain",
        format!("{}  {known}\n", Sha256::of(b"evil")).into_bytes(),
    );
    mirror.server.put(
        &format!("/20240814/{known}"),
        "application/gzip",
        b"evil".to_vec(),
    );
    let home = at(&mirror.server);
    let run = home
        .boot([
            "python",
            "install",
            "--prebuilt",
            "--refresh",
            "cpython-3.11.9-linux-x86_64-gnu",
        ])
        .code(1)
        .one_error();
    if Platform::host().unwrap().to_string() == "linux-x86_64-gnu" {
        run.stderr_has("SHA-256");
    }
}

#[test]
fn python_list_available_marks_installed_versions() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    fs::write(
        home.root.join("catalog.tsv"),
        format!("{}{}", mirror.catalog(), newer(&mirror)),
    )
    .unwrap();
    let key = mirror.key;
    let run = home.boot(["python", "list", "--available"]).success();
    let line = |version: &str| {
        let first = |line: &&str| line.split_whitespace().next() == Some(version);
        run.stdout
            .lines()
            .find(first)
            .unwrap_or_else(|| panic!("no {version} in {run}"))
            .to_string()
    };
    let newest = format!("{}.{}.98", key.version.major, key.version.minor);
    assert!(
        line(&newest).contains(&format!("{} is installed", mirror.version())),
        "{run}"
    );
    assert!(line("3.98.0rc1").contains("pre-release"), "{run}");
    assert!(line("3.97.0t").contains("available"), "{run}");
    let minors: Vec<&str> = run
        .stdout
        .lines()
        .map(|line| line.split('.').nth(1).unwrap())
        .collect();
    let numbers: Vec<u32> = minors.iter().map(|minor| minor.parse().unwrap()).collect();
    assert!(
        numbers.is_sorted_by(|a, b| a >= b),
        "the newest first: {run}"
    );

    let run = home
        .boot(["python", "list", "--available", &mirror.minor()])
        .success();
    assert!(
        run.stdout.contains(&format!("{}  ", mirror.version())) && run.stdout.contains("installed"),
        "{run}"
    );
    let json = home
        .boot(["python", "list", "--available", "--json"])
        .success()
        .json();
    let rows = json["pythons"].as_array().unwrap();
    let installed: Vec<&str> = rows
        .iter()
        .filter(|row| row["installed"] == true)
        .map(|row| row["key"].as_str().unwrap())
        .collect();
    assert_eq!(installed, [key.to_string()]);
    assert!(rows.iter().any(|row| row["version"] == newest.as_str()
        && row["installed"] == false
        && row["origin"] == "prebuilt"));
    assert!(
        rows.iter()
            .any(|row| row["variant"] == "freethreaded" && row["version"] == "3.97.0")
    );
    let keys: std::collections::BTreeSet<&str> = rows
        .iter()
        .map(|row| row["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys.len(), rows.len(), "each once");
}

fn newer(mirror: &Mirror) -> String {
    let sha = Sha256::of(b"");
    let platform = mirror.key.platform;
    let (major, minor) = (mirror.key.version.major, mirror.key.version.minor);
    format!(
        "{major}.{minor}.98\t{platform}\tdefault\t{RELEASE}\ta.tar.gz\t{sha}\n\
         3.98.0rc1\t{platform}\tdefault\t{RELEASE}\tb.tar.gz\t{sha}\n\
         3.97.0\t{platform}\tfreethreaded\t{RELEASE}\tc.tar.zst\t{sha}\n"
    )
}

#[test]
fn catalog_script_regenerates_the_same_catalog() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let root = tempfile::tempdir().unwrap();
    let [builds, sources, output] =
        ["builds", "sources", "output"].map(|name| root.path().join(name));
    [&builds, &sources, &output]
        .iter()
        .for_each(|folder| fs::create_dir(folder).unwrap());
    let catalog = fs::read_to_string(here.join("cpython-standalone.tsv")).unwrap();
    let mut lists = std::collections::BTreeMap::<&str, String>::new();
    for line in catalog.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        // Something worse is published beside it.
        let worse = fields[4].replace("install_only_stripped.tar.gz", "pgo+lto-full.tar.zst");
        let list = lists.entry(fields[3]).or_default();
        list.push_str(&format!("{}  {}\n", fields[5], fields[4]));
        if worse != fields[4] {
            list.push_str(&format!("{}  {worse}\n", Sha256::of(b"worse")));
        }
    }
    for (release, list) in lists {
        fs::create_dir(builds.join(release)).unwrap();
        fs::write(builds.join(release).join("SHA256SUMS"), list).unwrap();
    }
    // A new source archive is hashed.
    fs::create_dir(sources.join("3.99.0")).unwrap();
    fs::write(sources.join("3.99.0/Python-3.99.0.tgz"), "source").unwrap();
    let url = |folder: &std::path::Path| format!("file://{}", folder.display());
    let mut script = Command::new("python3");
    script
        .arg(here.join("regenerate"))
        .args([
            "--all",
            "--builds",
            &url(&builds),
            "--sources",
            &url(&sources),
            "--output",
        ])
        .arg(&output);
    let run = script.output().unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(
        fs::read_to_string(output.join("cpython-standalone.tsv")).unwrap() == catalog,
        "the same catalog"
    );
    let made = fs::read_to_string(output.join("cpython-sources.tsv")).unwrap();
    let before = fs::read_to_string(here.join("cpython-sources.tsv")).unwrap();
    assert_eq!(
        made,
        format!(
            "{before}3.99.0\tPython-3.99.0.tgz\t{}\n",
            Sha256::of(b"source")
        )
    );
}
