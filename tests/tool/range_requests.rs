//! Metadata of wheels without a separate file is read from the archive by range requests: a wheel
//! that is not chosen is never fetched whole.

use crate::support::raw_zip::{Entry, zip};
use crate::support::{Fault, Home, Index, Mirror, Wheel};

const FILE: &str = "teller-2.0-py3-none-any.whl";

/// Returns bytes that do not compress.
fn noise(count: usize) -> Vec<u8> {
    let mut seed: u32 = 7;
    let step = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..count).map(step).collect()
}

/// Packs teller 2.0 with so many bytes of noise and so many modules; `wants` is a header of its
/// METADATA.
fn teller(wants: &str, weight: usize, modules: usize) -> Vec<u8> {
    let info = "teller-2.0.dist-info";
    let mut entries = vec![
        Entry::new("teller.py", "def main():\n    print('teller 2.0')\n"),
        Entry::new("teller_data/noise", noise(weight)),
        Entry::new(
            format!("{info}/METADATA"),
            format!("Metadata-Version: 2.1\nName: teller\nVersion: 2.0\n{wants}\n"),
        ),
        Entry::new(
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        Entry::new(
            format!("{info}/entry_points.txt"),
            "[console_scripts]\nteller = teller:main\n",
        ),
        Entry::new(format!("{info}/RECORD"), ""),
    ];
    let name =
        |number| format!("teller_data/a_module_with_a_name_that_fills_the_directory_{number}.py");
    entries.extend((0..modules).map(|number| Entry::new(name(number), "")));
    zip(&entries)
}

/// Creates a home with teller 1.0 installed, and its index.
fn home() -> (Home, Index) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("teller", "1.0").command("teller", "teller 1.0"));
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "install", "teller"]).success();
    home.set_page_age();
    (home, index)
}

#[test]
fn wheel_metadata_is_read_by_range_requests() {
    // Who only looks fetches no wheel; for who installs, none of such a size is fetched before it
    // is known to be wanted.
    for (weight, words) in [
        (300_000, ["tool", "list", "--outdated"]),
        (17 << 20, ["tool", "upgrade", "teller"]),
    ] {
        let (home, index) = home();
        let path = index.add_bytes("teller", FILE, teller("Requires-Python: <3\n", weight, 0));
        home.boot(words).success().stderr_has("newest");
        let sent = index.server.sent(&path);
        assert!(
            (1..=70_000).contains(&sent),
            "{sent} bytes of {weight} for {words:?}"
        );
        home.run(&mut home.command(home.bin().join("teller")))
            .success()
            .stdout_has("teller 1.0");
    }
}

#[test]
fn wheel_metadata_of_long_directory_is_read_on() {
    let (home, index) = home();
    let bytes = teller("Requires-Dist: helper\n", 600_000, 1000);
    let directory = u32::from_le_bytes(bytes[bytes.len() - 10..][..4].try_into().unwrap());
    assert!(directory > 65_536, "{directory}");
    let (path, whole) = (index.add_bytes("teller", FILE, bytes.clone()), bytes.len());
    index.add(Wheel::new("helper", "1.0").file("helper.py", ""));
    home.boot(["tool", "list", "--outdated"])
        .success()
        .stdout_has("teller  1.0  2.0");
    let sent = index.server.sent(&path);
    assert!(
        sent > 65_536 && sent < whole - 300_000,
        "{sent} of {whole} bytes"
    );
    home.boot(["tool", "upgrade", "teller"]).success();
    home.run(&mut home.command(home.bin().join("teller")))
        .success()
        .stdout_has("teller 2.0");
    assert!(
        home.read(".local/share/boot/tools/teller/boot-receipt.toml")
            .contains("helper==1.0"),
        "what its metadata asks for"
    );
}

#[test]
fn wheel_metadata_without_range_support_uses_whole_wheel() {
    for fault in [Fault::NoRanges(0), Fault::NoRanges(100_000)] {
        let (home, index) = home();
        let path = index.add_bytes(
            "teller",
            FILE,
            teller("Requires-Dist: helper\n", 300_000, 0),
        );
        index.add(Wheel::new("helper", "1.0").file("helper.py", ""));
        index.server.fault(&path, fault.clone());
        let run = home.boot(["tool", "upgrade", "teller"]);
        assert_eq!(run.code, Some(0), "{fault:?}: {run}");
        home.run(&mut home.command(home.bin().join("teller")))
            .success()
            .stdout_has("teller 2.0");
        assert!(
            home.read(".local/share/boot/tools/teller/boot-receipt.toml")
                .contains("helper==1.0"),
            "{fault:?}"
        );
    }
}
