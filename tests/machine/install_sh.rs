//! install.sh in each installed shell, from a release on disk, and its failures. Network: loopback
//! only.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use boot::testing::digest;

use crate::support::{Server, needs};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGETS: [&str; 6] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// A home, a copy of install.sh outside of a checkout, and a release whose `boot` prints its
/// arguments.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Machine {
        let made = Machine {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(made.home()).unwrap();
        fs::copy(SCRIPT, made.script()).unwrap();
        made.release("echo \"asked for $*\"");
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn script(&self) -> PathBuf {
        self.path("install.sh")
    }

    fn binary(&self) -> PathBuf {
        self.home().join(".local/bin/boot")
    }

    /// Packs a `boot` for every platform that a test may run on.
    fn release(&self, body: &str) {
        let folder = self.path(&format!("releases/v{VERSION}"));
        fs::create_dir_all(&folder).unwrap();
        let mut sums = String::new();
        for target in TARGETS {
            let name = format!("boot-{VERSION}-{target}");
            let inside = self.path(&name);
            fs::create_dir_all(&inside).unwrap();
            let text = format!(
                "#!/bin/sh\n[ \"$1\" != --version ] || {{ echo 'boot {VERSION}'; exit; }}\n{body}\n"
            );
            fs::write(inside.join("boot"), text).unwrap();
            fs::set_permissions(inside.join("boot"), fs::Permissions::from_mode(0o755)).unwrap();
            let archive = folder.join(format!("{name}.tar.gz"));
            let packed = Command::new("tar")
                .arg("-czf")
                .arg(&archive)
                .arg("-C")
                .arg(self.folder.path())
                .arg(&name)
                .status()
                .unwrap();
            assert!(packed.success());
            fs::remove_dir_all(inside).unwrap();
            sums.push_str(&format!(
                "{}  {name}.tar.gz\n",
                digest::file(&archive).unwrap()
            ));
        }
        fs::write(folder.join("SHA256SUMS"), sums).unwrap();
    }

    fn command(&self, shell: &[&str]) -> Command {
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .arg(self.script())
            .env_clear()
            .current_dir(self.folder.path());
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home());
        command.env(
            "BOOT_INSTALL_URL",
            format!("file://{}", self.path("releases").display()),
        );
        command
    }

    /// Builds a command with the same environment, for a shell that reads the script from
    /// elsewhere.
    fn piped(&self, shell: &[&str]) -> Command {
        let mut command = Command::new(shell[0]);
        command
            .args(&shell[1..])
            .env_clear()
            .current_dir(self.folder.path());
        command.envs(
            self.command(&["sh"])
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(&["sh"]).args(args).output().unwrap()
    }

    /// Returns whether nothing is installed and nothing is left.
    fn is_untouched(&self) -> bool {
        fs::read_dir(self.home().join(".local/bin")).map_or(0, Iterator::count) == 0
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks that it failed with at most three lines that contain these words.
fn refused(output: &Output, words: &[&str]) {
    let text = stderr(output);
    assert!(!output.status.success(), "{text}");
    let error: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("error: "))
        .collect();
    assert!((1..=3).contains(&error.len()), "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn install_sh_installs_and_runs_command_in_every_shell() {
    let shells: [&[&str]; 7] = [
        &["sh"],
        &["dash"],
        &["bash"],
        &["bash", "--posix"],
        &["busybox", "ash"],
        &["zsh"],
        &["zsh", "--emulate", "sh"],
    ];
    for shell in shells {
        if !needs::program(shell[0]) {
            continue;
        }
        let made = Machine::new();
        let output = made
            .command(shell)
            .args(["init", "a folder/$(x)", "--yes"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{shell:?}: {}", stderr(&output));
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "asked for init a folder/$(x) --yes\n",
            "{shell:?}"
        );
        assert_eq!(
            fs::metadata(made.binary()).unwrap().permissions().mode() & 0o777,
            0o755
        );
        assert_eq!(
            fs::read_dir(made.home().join(".local/bin"))
                .unwrap()
                .count(),
            1,
            "no staging is left"
        );
        // Again, over itself; and gone.
        assert!(
            made.command(shell)
                .arg("--no-modify-path")
                .output()
                .unwrap()
                .status
                .success()
        );
        assert!(
            made.command(shell)
                .arg("--uninstall")
                .output()
                .unwrap()
                .status
                .success()
        );
        assert!(made.is_untouched(), "{shell:?}");
    }
}

/// Pipes prefixes of a script into a shell, as an interrupted `curl | sh` would: the lengths from,
/// from + step, … below the third argument. Stops at the first prefix that prints something or
/// leaves a file.
const DRIVER: &str = r#"
cut=$1 step=$2 end=$3 script=$4 said=$5
shift 5
made() {
  for entry in "$HOME"/* "$HOME"/.[!.]* ./* ./.[!.]*; do
    case $entry in ./home | ./install.sh | ./releases) ;; *) [ ! -e "$entry" ] || return 0;; esac
  done
  return 1
}
while [ "$cut" -lt "$end" ]; do
  head -c "$cut" "$script" | "$@" -s -- --no-modify-path >"$said" 2>/dev/null
  if [ -s "$said" ]; then echo "cut at $cut it said:"; cat "$said"; exit 1; fi
  if made; then echo "cut at $cut: $entry"; exit 1; fi
  cut=$((cut + step))
done
"#;

#[test]
fn install_sh_cut_at_any_byte_runs_nothing() {
    let whole = fs::read(SCRIPT).unwrap();
    let end = whole.len() - "}\n".len();
    let mut runs = Vec::new();
    // Each byte in the shell that starts quickest; in the others some, and each where a part of the
    // script might count as a whole one.
    for (shell, step) in [
        (&["dash"][..], 1),
        (&["bash"], 97),
        (&["busybox", "ash"], 89),
        (&["zsh", "--emulate", "sh"], 83),
    ] {
        if !needs::program(shell[0]) {
            continue;
        }
        let parts = match step {
            1 => vec![(0, 2, end + 1), (1, 2, end + 1)],
            _ => vec![(0, 1, 200), (200, step, end), (end - 200, 1, end + 1)],
        };
        for (from, step, to) in parts {
            let (made, said) = (Machine::new(), tempfile::NamedTempFile::new().unwrap());
            let mut driver = made.piped(&["sh"]);
            driver
                .args(["-c", DRIVER, "driver"])
                .args([from, step, to].map(|number| number.to_string()));
            driver.arg(made.script()).arg(said.path()).args(shell);
            runs.push((
                shell,
                driver.stdout(Stdio::piped()).spawn().unwrap(),
                made,
                said,
            ));
        }
    }
    for (shell, running, made, _said) in runs {
        let output = running.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{shell:?}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
        // The whole of it does install, the same way: else nothing was shown.
        let mut command = made.piped(shell);
        command
            .args(["-s", "--", "--no-modify-path"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&whole[..whole.len() - 1])
            .unwrap();
        assert!(
            child.wait().unwrap().success() && made.binary().exists(),
            "{shell:?}: the end of the last line isn't needed"
        );
    }
}

/// Creates a folder with the programs that install.sh needs, and those of `more`.
fn few_tools(made: &Machine, more: &[&str]) -> PathBuf {
    let bin = made.path("bin");
    fs::create_dir(&bin).unwrap();
    let tools = "sh id uname find mkdir mktemp rm cp awk grep sed tar gzip dirname cmp mv chmod \
                 cut getconf ldd cat bash";
    for name in tools.split(' ').chain(more.iter().copied()) {
        let found = ["/usr/bin", "/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(name))
            .find(|path| path.exists());
        symlink(
            found.unwrap_or_else(|| panic!("{name} isn't here")),
            bin.join(name),
        )
        .unwrap();
    }
    bin
}

/// Serves the release over HTTP.
fn served(made: &Machine) -> Server {
    let server = Server::new();
    for entry in fs::read_dir(made.path(&format!("releases/v{VERSION}")))
        .unwrap()
        .flatten()
    {
        let name = entry.file_name().into_string().unwrap();
        server.put(
            &format!("/v{VERSION}/{name}"),
            "application/octet-stream",
            fs::read(entry.path()).unwrap(),
        );
    }
    server
}

#[test]
fn install_sh_fetches_with_curl_wget_or_busybox() {
    for fetcher in ["curl", "wget", "busybox"] {
        if !needs::program(fetcher) {
            continue;
        }
        let made = Machine::new();
        let server = served(&made);
        let bin = few_tools(&made, &["sha256sum", fetcher]);
        if fetcher == "busybox" {
            symlink("/usr/bin/busybox", bin.join("wget")).unwrap();
        }
        let output = made
            .command(&["/bin/sh"])
            .env("PATH", &bin)
            .env("BOOT_INSTALL_URL", server.url())
            .arg("hello")
            .output()
            .unwrap();
        assert!(output.status.success(), "{fetcher}: {}", stderr(&output));
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "asked for hello\n",
            "{fetcher}"
        );
        assert!(server.requests().len() >= 2);
        refused(
            &made
                .command(&["/bin/sh"])
                .env("PATH", &bin)
                .env("BOOT_INSTALL_URL", server.url())
                .args(["--version", "9.9.9"])
                .output()
                .unwrap(),
            &["can't fetch", "SHA256SUMS"],
        );
    }
    let made = Machine::new();
    let bin = few_tools(&made, &["sha256sum"]);
    let output = made
        .command(&["/bin/sh"])
        .env("PATH", &bin)
        .env("BOOT_INSTALL_URL", "http://127.0.0.1:9")
        .output()
        .unwrap();
    refused(&output, &["neither curl nor wget", "install one"]);
    assert!(made.is_untouched());
}

#[test]
fn install_sh_picks_archive_of_machine() {
    let made = Machine::new();
    let bin = few_tools(&made, &["sha256sum"]);
    let program = |name: &str, text: &str| {
        let path = bin.join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let asks = || {
        made.command(&["/bin/sh"])
            .env("PATH", &bin)
            .arg("--dry-run")
            .output()
            .unwrap()
    };
    program("getconf", "echo 64");
    for (system, machine, ldd, translated, target) in [
        (
            "Linux",
            "x86_64",
            "ldd (GNU libc) 2.36",
            "",
            "x86_64-unknown-linux-gnu",
        ),
        (
            "Linux",
            "aarch64",
            "ldd (GNU libc) 2.36",
            "",
            "aarch64-unknown-linux-gnu",
        ),
        (
            "Linux",
            "x86_64",
            "musl libc (x86_64)",
            "",
            "x86_64-unknown-linux-musl",
        ),
        (
            "Linux",
            "arm64",
            "musl libc (aarch64)",
            "",
            "aarch64-unknown-linux-musl",
        ),
        ("Darwin", "arm64", "", "0", "aarch64-apple-darwin"),
        ("Darwin", "x86_64", "", "0", "x86_64-apple-darwin"),
        ("Darwin", "x86_64", "", "1", "aarch64-apple-darwin"),
    ] {
        program(
            "uname",
            &format!("[ \"$1\" = -s ] && echo {system} || echo {machine}"),
        );
        program("ldd", &format!("echo '{ldd}' >&2"));
        program("sysctl", &format!("echo {translated}"));
        let output = asks();
        assert!(
            output.status.success()
                && stderr(&output).contains(&format!("boot-{VERSION}-{target}.tar.gz,")),
            "{}",
            stderr(&output)
        );
    }
    program("uname", "[ \"$1\" = -s ] && echo Linux || echo armv7l");
    refused(&asks(), &["armv7l"]);
    program("uname", "[ \"$1\" = -s ] && echo FreeBSD || echo x86_64");
    refused(&asks(), &["FreeBSD"]);
    program("uname", "[ \"$1\" = -s ] && echo Linux || echo x86_64");
    program("getconf", "echo 32");
    refused(&asks(), &["32-bit"]);
}

#[test]
fn install_sh_handles_noexec_tmp_readonly_and_foreign_home() {
    let in_namespace = |made: &Machine, script: &str| {
        let mut command = made.piped(&["unshare"]);
        command
            .args(["--mount", "sh", "-euc", script, "sh"])
            .arg(made.script())
            .arg(made.home());
        command.output().unwrap()
    };
    if !needs::mounts() {
        return;
    }
    // Temporary files go where nothing may be run.
    let made = Machine::new();
    let noexec = "mount -t tmpfs -o noexec none /dev/shm; export TMPDIR=/dev/shm; sh \"$1\" hello";
    let output = in_namespace(&made, noexec);
    assert!(
        output.status.success() && made.binary().exists(),
        "{}",
        stderr(&output)
    );

    let made = Machine::new();
    fs::create_dir_all(made.home().join(".local/bin")).unwrap();
    let read_only = "mount --bind \"$2/.local/bin\" \"$2/.local/bin\"; mount -o remount,bind,ro \
                     \"$2/.local/bin\"; sh \"$1\" hello";
    refused(
        &in_namespace(&made, read_only),
        &["can't write", "--to DIR"],
    );
    assert!(made.is_untouched());

    // sudo without -H: root, and another's home.
    let made = Machine::new();
    std::os::unix::fs::chown(made.home(), Some(12345), Some(12345)).unwrap();
    refused(
        &made
            .command(&["sh"])
            .env("SUDO_USER", "somebody")
            .arg("hello")
            .output()
            .unwrap(),
        &["isn't root's", "sudo -H"],
    );
    assert!(made.is_untouched());
}

/// The release job publishes archives and checksums under the names that install.sh fetches.
#[test]
fn release_job_publishes_names_that_install_sh_fetches() {
    let job = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/.github/workflows/release.yml"
    ))
    .unwrap();
    let mut published: Vec<&str> = job
        .lines()
        .filter_map(|line| line.split_once("target: ")?.1.split([' ', '}']).next())
        .collect();
    let mut asked = TARGETS.to_vec();
    published.sort();
    asked.sort();
    assert_eq!(published, asked);
    assert!(
        job.contains("name=boot-${GITHUB_REF_NAME#v}-${{ matrix.target }}")
            && job.contains("\"$name.tar.gz\" \"$name\"")
    );
    assert!(job.contains("sha256sum -- *.tar.gz >SHA256SUMS") && job.contains("tags: [\"v*\"]"));
    let script = fs::read_to_string(SCRIPT).unwrap();
    for text in [
        "name=boot-$version-$target",
        "$base/v$version/SHA256SUMS",
        "$base/v$version/$name.tar.gz",
        "\"$name/boot\"",
    ] {
        assert!(script.contains(text), "{text}");
    }
}

#[test]
fn install_sh_reads_variables_and_dry_run_does_nothing() {
    let made = Machine::new();
    let output = made.run(&["--dry-run", "init", "me"]);
    assert!(
        output.status.success() && stderr(&output).contains("would run: boot init me"),
        "{}",
        stderr(&output)
    );
    assert!(
        made.command(&["sh"])
            .env("BOOT_INSTALL_DRY_RUN", "1")
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(made.is_untouched());
    let other = made.path("other place");
    let output = made
        .command(&["sh"])
        .env("BOOT_INSTALL_TO", &other)
        .env("BOOT_INSTALL_NO_MODIFY_PATH", "1")
        .output()
        .unwrap();
    assert!(
        output.status.success() && other.join("boot").exists() && output.stdout.is_empty(),
        "{}",
        stderr(&output)
    );
    let output = made.run(&[
        "--to",
        "relative",
        "--version",
        &format!("v{VERSION}"),
        "hello",
    ]);
    assert!(
        output.status.success() && made.path("relative/boot").exists(),
        "{}",
        stderr(&output)
    );
    // Without arguments the hook goes in, and two lines say what is next.
    let output = made.run(&[]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "asked for --quiet shell install\n"
    );
    assert_eq!(stderr(&output).lines().count(), 2);
    for wrong in [&["--nonsense"][..], &["--to"], &["--version", "../x"]] {
        assert_eq!(made.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn install_sh_wrong_checksum_installs_nothing() {
    let made = Machine::new();
    for target in TARGETS {
        fs::write(
            made.path(&format!(
                "releases/v{VERSION}/boot-{VERSION}-{target}.tar.gz"
            )),
            "something else",
        )
        .unwrap();
    }
    refused(&made.run(&["init"]), &["SHA-256", "nothing was installed"]);
    assert!(made.is_untouched());
    made.release("exit 0");
    assert!(
        made.run(&["init"]).status.success(),
        "the same command works afterwards"
    );
}

#[test]
fn install_sh_without_sha256_program_installs_nothing() {
    let made = Machine::new();
    let bin = made.path("bin");
    fs::create_dir(&bin).unwrap();
    let tools = "sh id uname find mkdir mktemp rm cp awk grep sed tar gzip dirname cmp mv chmod";
    for name in tools.split(' ') {
        let found = ["/usr/bin", "/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(name))
            .find(|path| path.exists());
        symlink(found.unwrap(), bin.join(name)).unwrap();
    }
    refused(
        &made.command(&["sh"]).env("PATH", &bin).output().unwrap(),
        &["sha256sum"],
    );
    assert!(made.is_untouched());
}

#[test]
fn install_sh_missing_release_is_error() {
    let made = Machine::new();
    refused(&made.run(&["--version", "9.9.9"]), &["SHA256SUMS"]);
    if ["curl", "wget"]
        .iter()
        .any(|name| Path::new("/usr/bin").join(name).exists())
    {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", server.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in server.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(
                    b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
                );
            }
        });
        refused(
            &made
                .command(&["sh"])
                .env("BOOT_INSTALL_URL", &address)
                .output()
                .unwrap(),
            &[&address, "can't fetch"],
        );
    }
    for address in ["http://example.org/x", "ftp://example.org/x", "example.org"] {
        refused(
            &made
                .command(&["sh"])
                .env("BOOT_INSTALL_URL", address)
                .output()
                .unwrap(),
            &["https"],
        );
    }
    assert!(made.is_untouched());
}

#[test]
fn install_sh_keeps_other_program_called_boot() {
    let made = Machine::new();
    fs::create_dir_all(made.binary().parent().unwrap()).unwrap();
    fs::write(made.binary(), "#!/bin/sh\necho mine\n").unwrap();
    fs::set_permissions(made.binary(), fs::Permissions::from_mode(0o755)).unwrap();
    refused(&made.run(&["init"]), &["isn't this boot"]);
    refused(&made.run(&["--uninstall"]), &["isn't this boot"]);
    assert_eq!(
        fs::read_to_string(made.binary()).unwrap(),
        "#!/bin/sh\necho mine\n"
    );
}

#[test]
fn install_sh_links_bootx_and_keeps_a_foreign_one() {
    let made = Machine::new();
    // The real one, whose shims are renewed too.
    let release = made.path("boot");
    fs::copy(env!("CARGO_BIN_EXE_boot"), &release).unwrap();
    made.release(&format!("exec {} \"$@\"", release.display()));
    let bin = made.home().join(".local/bin");
    let output = made.run(&["--no-modify-path"]);
    assert!(
        output.status.success() && !stderr(&output).contains("warning"),
        "{}",
        stderr(&output)
    );
    // That boot was a script: where install.sh has put the binary itself, the link is beside it.
    fs::copy(&release, bin.join("boot")).unwrap();
    let link = Command::new(bin.join("boot"))
        .args(["self", "link"])
        .env_clear()
        .env("HOME", made.home())
        .output()
        .unwrap();
    assert!(
        link.status.success() && link.stderr.is_empty(),
        "{}",
        stderr(&link)
    );
    assert_eq!(fs::read_link(bin.join("bootx")).unwrap(), Path::new("boot"));
    assert!(made.run(&["--uninstall"]).status.success());
    assert!(made.is_untouched(), "bootx goes with boot");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("bootx"), "mine").unwrap();
    for args in [&["--no-modify-path"][..], &[], &["python", "list"]] {
        let output = made.run(args);
        assert!(
            stderr(&output).contains("bootx isn't boot's, so it stays"),
            "{args:?}: {}",
            stderr(&output)
        );
    }
    assert!(made.run(&["--uninstall"]).status.success());
    assert_eq!(fs::read_to_string(bin.join("bootx")).unwrap(), "mine");
}

#[test]
fn install_sh_impossible_folder_is_error() {
    let made = Machine::new();
    fs::write(made.path("file"), "").unwrap();
    refused(&made.run(&["--to", "file/bin"]), &["--to DIR"]);
    refused(
        &made.command(&["sh"]).env("HOME", "").output().unwrap(),
        &["HOME"],
    );
}

#[test]
fn install_sh_in_checkout_builds_with_cargo() {
    let made = Machine::new();
    let (checkout, bin) = (made.path("check out"), made.path("bin"));
    fs::create_dir_all(&checkout).unwrap();
    fs::create_dir_all(&bin).unwrap();
    fs::copy(SCRIPT, checkout.join("install.sh")).unwrap();
    fs::write(checkout.join("Cargo.toml"), "[package]\nname = \"boot\"\n").unwrap();
    let cargo = "#!/bin/sh\necho \"cargo $*\"\n[ ! -e fail ] || exit 1\nmkdir -p target/release\n\
                 printf '#!/bin/sh\\n[ \"$1\" != --version ] || { echo boot 9.9.9; exit; }\\necho \
                 \"$PWD: $*\"\\n' >target/release/boot\n\
                 chmod +x target/release/boot\n";
    fs::write(bin.join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let run = || {
        let mut command = Command::new("sh");
        command
            .args(["check out/install.sh", "init", "examples/starter"])
            .env_clear()
            .current_dir(made.folder.path());
        command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("HOME", made.home())
            .output()
            .unwrap()
    };
    for _ in 0..2 {
        let output = run();
        let here = fs::canonicalize(made.folder.path()).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!("{}: init examples/starter\n", here.display()),
            "{}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains("cargo build --release --locked"),
            "{}",
            stderr(&output)
        );
    }
    // A build that fails leaves what was there.
    fs::write(checkout.join("fail"), "").unwrap();
    refused(&run(), &["could not be built"]);
    assert_eq!(
        fs::read_dir(made.home().join(".local/bin"))
            .unwrap()
            .count(),
        1
    );
}

/// install.sh repeats the version of Cargo.toml.
#[test]
fn install_sh_version_is_that_of_the_crate() {
    assert!(
        fs::read_to_string(SCRIPT)
            .unwrap()
            .contains(&format!("release={VERSION} "))
    );
}
