//! A full disk at any write: one error, nothing partial, the existing tool runs, and the same
//! command works later.

use std::fs;

use crate::support::{BOOT, Home, Index, Mirror, Wheel, needs};

/// Changes of an installed teller 1.0, and its output afterwards.
const LINES: [(&str, &str); 3] = [
    ("upgrade teller", "teller 2.0"),
    ("inject teller helper", "teller 1.0"),
    ("install --force teller", "teller 2.0"),
];

/// Returns text that does not compress.
fn noise(count: usize) -> String {
    let mut seed: u32 = 7;
    let step = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(b' ' + (seed >> 24) as u8 % 90)
    };
    (0..count).map(step).collect()
}

/// Publishes a tool with files of many sizes and a long RECORD.
fn stock(index: &Index, version: &str) {
    let teller = Wheel::new("teller", version)
        .command("teller", &format!("teller {version}"))
        .file("teller_data/noise.txt", &noise(60_000));
    let mut teller = teller.file("teller_data/packs.txt", &"x".repeat(150_000));
    for number in 0..60 {
        teller = teller.file(
            &format!(
                "teller_data/a_file_whose_name_is_long_enough_to_be_seen_in_record_{number}.py"
            ),
            "",
        );
    }
    index.add(teller);
    index.add(
        Wheel::new("helper", "1.0")
            .file("helper.py", "")
            .file("helper.txt", &noise(40_000))
            .file("packs.txt", &"x".repeat(100_000)),
    );
}

/// Creates an index with the old version only, and one with both.
fn indexes() -> (Index, Index) {
    let (old, new) = (Index::new(), Index::new());
    stock(&old, "1.0");
    stock(&new, "1.0");
    stock(&new, "2.0");
    (old, new)
}

/// A limit on file sizes stands in for the disk. With an empty cache the downloads do not fit, with
/// a full one the environment.
#[test]
#[cfg(target_os = "linux")]
fn tool_commands_beyond_file_size_limit_keep_old_tool() {
    if !needs::program("prlimit") {
        return;
    }
    let (mirror, (old, new)) = (Mirror::new(), indexes());
    for (line, after) in LINES {
        for is_cached in [false, true] {
            let what = format!(
                "{line}, {}",
                if is_cached {
                    "all of it cached"
                } else {
                    "nothing cached"
                }
            );
            let mut home = Home::ready(&mirror, &old);
            home.set("PYTHONDONTWRITEBYTECODE", "1");
            home.boot(["tool", "install", "teller"]).success();
            home.set("BOOT_INDEX_URL", &new.url());
            if is_cached {
                home.boot([
                    "tool",
                    "install",
                    "teller",
                    "--suffix=-other",
                    "--with",
                    "helper",
                ])
                .success();
                home.boot(["tool", "uninstall", "teller-other"]).success();
            }
            home.set_page_age();
            let mut places = Vec::new();
            for limit in [
                0, 60, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 50_000, 90_000, 200_000,
                400_000,
            ] {
                let limited =
                    format!("trap '' XFSZ; exec prlimit --fsize={limit} '{BOOT}' tool {line}");
                let run = home.run(home.command("bash").args(["-c", &limited]));
                home.no_leftovers();
                if run.code == Some(0) {
                    break;
                }
                let run = run.code(1).one_error().stderr_has("File too large");
                assert_eq!(
                    run.stderr
                        .lines()
                        .filter(|line| line.starts_with("error: "))
                        .count(),
                    1,
                    "{what}: {run}"
                );
                places.push(run.stderr);
                home.run(&mut home.command(home.bin().join("teller")))
                    .success()
                    .stdout_has("teller 1.0");
            }
            let wanted = if is_cached {
                ["/pyvenv.cfg: ", "/RECORD: "]
            } else {
                ["/archives/", "/wheels/"]
            };
            for wanted in wanted {
                assert!(
                    places.iter().any(|place| place.contains(wanted)),
                    "{what}: nothing failed at {wanted}: {places:#?}"
                );
            }
            home.boot(["tool"].into_iter().chain(line.split(' ')))
                .success();
            home.run(&mut home.command(home.bin().join("teller")))
                .success()
                .stdout_has(after);
        }
    }
}

/// Script that fills a disk except for some kilobytes, from none by steps until they suffice. It
/// prints for each step the room, boot's exit code, the tool's output, the number of partial files,
/// and whether the command works later; then boot's messages.
const SWEEP: &str = r#"
boot=$1 old=$2 new=$3 python=$4 line=$5 step=$6
mount -t tmpfs -o size=8m,mode=755 tmpfs "$HOME/disk"
for folder in data cache state bin; do export "BOOT_${folder^^}_DIR=$HOME/disk/$folder"; done
{
  "$boot" python install "$python"
  BOOT_INDEX_URL=$old "$boot" tool install teller
  if [ "$step" = 4 ]; then
    BOOT_INDEX_URL=$new "$boot" tool install teller --suffix=-other --with helper
    "$boot" tool uninstall teller-other
  fi
  cp -a "$HOME/disk" "$HOME/before"
} >&2
export BOOT_INDEX_URL=$new
for ((room = 0; ; room += step)); do
  rm -rf "$BOOT_CACHE_DIR/index/pages"
  avail=$(df --output=avail -k "$HOME/disk" | tail -n 1)
  head -c "$((avail - room))k" /dev/zero >"$HOME/disk/filler"
  code=0
  "$boot" tool $line 2>"$HOME/said" || code=$?
  says=$("$BOOT_BIN_DIR/teller") || says="nothing"
  left=$(find "$HOME/disk" -name '.boot-staging-*' | wc -l)
  rm "$HOME/disk/filler"
  again=0
  "$boot" tool $line >&2 || again=$?
  echo "$room,$code,$says,$left,$again,$("$BOOT_BIN_DIR/teller")"
  sed 's/^/  /' "$HOME/said"
  [ "$code" != 0 ] || break
  find "$HOME/disk" -mindepth 1 -delete
  cp -a "$HOME/before/." "$HOME/disk/"
done
"#;

#[test]
#[cfg(target_os = "linux")]
fn tool_commands_on_full_disk_keep_old_tool() {
    if !needs::mounts() {
        return;
    }
    let (mirror, (old, new)) = (Mirror::new(), indexes());
    std::thread::scope(|scope| {
        // By pages of memory where all that is needed lies in the cache, which it does for that
        // step.
        for ((line, after), step) in LINES
            .into_iter()
            .flat_map(|line| [(line, "20"), (line, "4")])
        {
            let (mirror, old, new) = (&mirror, &old, &new);
            scope.spawn(move || {
                let mut home = Home::with(mirror);
                home.set("PYTHONDONTWRITEBYTECODE", "1");
                fs::create_dir(home.root.join("disk")).unwrap();
                let mut command = home.command("unshare");
                command.args([
                    "--mount",
                    "bash",
                    "-euc",
                    SWEEP,
                    "sweep",
                    BOOT,
                    &old.url(),
                    &new.url(),
                    &mirror.minor(),
                    line,
                    step,
                ]);
                let run = home.run(&mut command).success();
                let mut failed = 0;
                for said in run
                    .stdout
                    .split_inclusive('\n')
                    .filter(|said| !said.starts_with("  "))
                {
                    let fields: Vec<&str> = said.trim_end().split(',').collect();
                    let [room, code, says, left, again, then] = fields[..] else {
                        panic!("{said} in {run}")
                    };
                    let now = if code == "0" { after } else { "teller 1.0" };
                    assert_eq!(
                        (says, left, again, then),
                        (now, "0", "0", after),
                        "{line} with {room} kB: {run}"
                    );
                    failed += usize::from(code != "0");
                }
                let errors: Vec<&str> = run
                    .stdout
                    .lines()
                    .filter(|line| line.starts_with("  error: "))
                    .collect();
                assert_eq!(errors.len(), failed, "one of each: {run}");
                assert!(
                    errors
                        .iter()
                        .all(|error| error.ends_with("the disk is full")),
                    "{run}"
                );
                let wanted: &[&str] = if step == "4" {
                    &["/pyvenv.cfg", "/bin/", "/RECORD", "/boot-receipt.toml"]
                } else {
                    &["/archives/", "/tree/"]
                };
                for wanted in wanted {
                    assert!(
                        errors.iter().any(|error| error.contains(wanted)),
                        "{line}: nothing failed at {wanted}: {run}"
                    );
                }
            });
        }
    });
}
