//! install.sh as people run it: in each shell that is there, from a release on disk, and on what can go wrong. No network but loopback.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use boot::store::digest;

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

/// A home, a copy of install.sh that lies in no checkout, and a release whose `boot` says what it is asked.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Machine {
        let made = Machine { folder: tempfile::tempdir().unwrap() };
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
            let text = format!("#!/bin/sh\n[ \"$1\" != --version ] || {{ echo 'boot {VERSION}'; exit; }}\n{body}\n");
            fs::write(inside.join("boot"), text).unwrap();
            fs::set_permissions(inside.join("boot"), fs::Permissions::from_mode(0o755)).unwrap();
            let archive = folder.join(format!("{name}.tar.gz"));
            let packed = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(self.folder.path()).arg(&name).status().unwrap();
            assert!(packed.success());
            fs::remove_dir_all(inside).unwrap();
            sums.push_str(&format!("{}  {name}.tar.gz\n", digest::file(&archive).unwrap()));
        }
        fs::write(folder.join("SHA256SUMS"), sums).unwrap();
    }

    fn command(&self, shell: &[&str]) -> Command {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg(self.script()).env_clear().current_dir(self.folder.path());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.home());
        command.env("BOOT_INSTALL_URL", format!("file://{}", self.path("releases").display()));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(&["sh"]).args(args).output().unwrap()
    }

    /// Nothing was installed, and nothing is left behind.
    fn is_untouched(&self) -> bool {
        fs::read_dir(self.home().join(".local/bin")).map_or(0, Iterator::count) == 0
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// It failed, and said so on at most three lines, with these words in them.
fn refused(output: &Output, words: &[&str]) {
    let text = stderr(output);
    assert!(!output.status.success(), "{text}");
    let error: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("error: ")).collect();
    assert!((1..=3).contains(&error.len()), "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn it_installs_and_runs_what_is_asked_in_every_shell() {
    let shells: [&[&str]; 7] =
        [&["sh"], &["dash"], &["bash"], &["bash", "--posix"], &["busybox", "ash"], &["zsh"], &["zsh", "--emulate", "sh"]];
    for shell in shells {
        if Command::new(shell[0]).args(&shell[1..]).arg("-c").arg(":").output().is_err() {
            eprintln!("SKIPPED: {} isn't installed", shell[0]);
            continue;
        }
        let made = Machine::new();
        let output = made.command(shell).args(["init", "a folder/$(x)", "--yes"]).output().unwrap();
        assert!(output.status.success(), "{shell:?}: {}", stderr(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "asked for init a folder/$(x) --yes\n", "{shell:?}");
        assert_eq!(fs::metadata(made.binary()).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_dir(made.home().join(".local/bin")).unwrap().count(), 1, "no staging is left");
        // Again, over itself; and gone.
        assert!(made.command(shell).arg("--no-modify-path").output().unwrap().status.success());
        assert!(made.command(shell).arg("--uninstall").output().unwrap().status.success());
        assert!(made.is_untouched(), "{shell:?}");
    }
}

#[test]
fn of_a_script_that_was_cut_off_nothing_runs() {
    let made = Machine::new();
    let whole = fs::read(SCRIPT).unwrap();
    let end = whole.len() - "}\n".len();
    // Every seventh byte, and each of the last line's.
    for cut in (0..end).step_by(7).chain(end - 24..=end) {
        fs::write(made.script(), &whole[..cut]).unwrap();
        made.run(&["--no-modify-path"]);
        assert!(made.is_untouched(), "cut at {cut}");
    }
    fs::write(made.script(), &whole[..whole.len() - 1]).unwrap();
    assert!(made.run(&["--no-modify-path"]).status.success() && made.binary().exists(), "the end of the last line isn't needed");
}

#[test]
fn options_are_variables_too_and_a_dry_run_does_nothing() {
    let made = Machine::new();
    let output = made.run(&["--dry-run", "init", "me"]);
    assert!(output.status.success() && stderr(&output).contains("would run: boot init me"), "{}", stderr(&output));
    assert!(made.command(&["sh"]).env("BOOT_INSTALL_DRY_RUN", "1").output().unwrap().status.success());
    assert!(made.is_untouched());
    let other = made.path("other place");
    let output = made.command(&["sh"]).env("BOOT_INSTALL_TO", &other).env("BOOT_INSTALL_NO_MODIFY_PATH", "1").output().unwrap();
    assert!(output.status.success() && other.join("boot").exists() && output.stdout.is_empty(), "{}", stderr(&output));
    let output = made.run(&["--to", "relative", "--version", &format!("v{VERSION}"), "hello"]);
    assert!(output.status.success() && made.path("relative/boot").exists(), "{}", stderr(&output));
    // Without arguments the hook goes in, and two lines say what is next.
    let output = made.run(&[]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "asked for --quiet shell install\n");
    assert_eq!(stderr(&output).lines().count(), 2);
    for wrong in [&["--nonsense"][..], &["--to"], &["--version", "../x"]] {
        assert_eq!(made.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn what_does_not_match_its_checksum_is_not_installed() {
    let made = Machine::new();
    for target in TARGETS {
        fs::write(made.path(&format!("releases/v{VERSION}/boot-{VERSION}-{target}.tar.gz")), "something else").unwrap();
    }
    refused(&made.run(&["init"]), &["SHA-256", "nothing was installed"]);
    assert!(made.is_untouched());
    made.release("exit 0");
    assert!(made.run(&["init"]).status.success(), "the same command works afterwards");
}

#[test]
fn without_a_way_to_check_nothing_is_installed() {
    let made = Machine::new();
    let bin = made.path("bin");
    fs::create_dir(&bin).unwrap();
    let tools = "sh id uname find mkdir mktemp rm cp awk grep sed tar gzip dirname cmp mv chmod";
    for name in tools.split(' ') {
        let found = ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
        symlink(found.unwrap(), bin.join(name)).unwrap();
    }
    refused(&made.command(&["sh"]).env("PATH", &bin).output().unwrap(), &["sha256sum"]);
    assert!(made.is_untouched());
}

#[test]
fn a_release_that_is_not_there_says_so() {
    let made = Machine::new();
    refused(&made.run(&["--version", "9.9.9"]), &["SHA256SUMS"]);
    if ["curl", "wget"].iter().any(|name| Path::new("/usr/bin").join(name).exists()) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", server.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in server.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
            }
        });
        refused(&made.command(&["sh"]).env("BOOT_INSTALL_URL", &address).output().unwrap(), &[&address, "can't fetch"]);
    }
    for address in ["http://example.org/x", "ftp://example.org/x", "example.org"] {
        refused(&made.command(&["sh"]).env("BOOT_INSTALL_URL", address).output().unwrap(), &["https"]);
    }
    assert!(made.is_untouched());
}

#[test]
fn another_program_called_boot_stays() {
    let made = Machine::new();
    fs::create_dir_all(made.binary().parent().unwrap()).unwrap();
    fs::write(made.binary(), "#!/bin/sh\necho mine\n").unwrap();
    fs::set_permissions(made.binary(), fs::Permissions::from_mode(0o755)).unwrap();
    refused(&made.run(&["init"]), &["isn't this boot"]);
    refused(&made.run(&["--uninstall"]), &["isn't this boot"]);
    assert_eq!(fs::read_to_string(made.binary()).unwrap(), "#!/bin/sh\necho mine\n");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let made = Machine::new();
    fs::write(made.path("file"), "").unwrap();
    refused(&made.run(&["--to", "file/bin"]), &["--to DIR"]);
    refused(&made.command(&["sh"]).env("HOME", "").output().unwrap(), &["HOME"]);
}

#[test]
fn in_a_checkout_cargo_builds_it_and_relative_paths_stay_right() {
    let made = Machine::new();
    let (checkout, bin) = (made.path("check out"), made.path("bin"));
    fs::create_dir_all(&checkout).unwrap();
    fs::create_dir_all(&bin).unwrap();
    fs::copy(SCRIPT, checkout.join("install.sh")).unwrap();
    fs::write(checkout.join("Cargo.toml"), "[package]\nname = \"boot\"\n").unwrap();
    let cargo = "#!/bin/sh\necho \"cargo $*\"\n[ ! -e fail ] || exit 1\nmkdir -p target/release\n\
                 printf '#!/bin/sh\\n[ \"$1\" != --version ] || { echo boot 9.9.9; exit; }\\necho \"$PWD: $*\"\\n' >target/release/boot\n\
                 chmod +x target/release/boot\n";
    fs::write(bin.join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let run = || {
        let mut command = Command::new("sh");
        command.args(["check out/install.sh", "init", "examples/starter"]).env_clear().current_dir(made.folder.path());
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("HOME", made.home()).output().unwrap()
    };
    for _ in 0..2 {
        let output = run();
        let here = fs::canonicalize(made.folder.path()).unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}: init examples/starter\n", here.display()), "{}", stderr(&output));
        assert!(stderr(&output).contains("cargo build --release --locked"), "{}", stderr(&output));
    }
    // A build that fails leaves what was there.
    fs::write(checkout.join("fail"), "").unwrap();
    refused(&run(), &["could not be built"]);
    assert_eq!(fs::read_dir(made.home().join(".local/bin")).unwrap().count(), 1);
}

/// The version is written twice; they are one.
#[test]
fn it_fetches_the_version_of_its_checkout() {
    assert!(fs::read_to_string(SCRIPT).unwrap().contains(&format!("release={VERSION} ")));
}
