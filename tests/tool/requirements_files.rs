//! `-r` and `--constraint` follow pip's files, or reject a line that boot does not support.

use crate::support::{Home, Index, Mirror, Wheel};

fn home() -> (Home, Index) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("speaker", "1.0").command("speaker", "speaker"));
    for version in ["1.0", "2.0", "3.0", "4.0rc1"] {
        index.add(Wheel::new("helper", version).file("helper.py", ""));
        index.add(Wheel::new("deep", version).file("deep.py", ""));
    }
    let home = Home::ready(&mirror, &index);
    std::fs::create_dir(home.root.join("my files")).unwrap();
    (home, index)
}

/// Lists the injected packages of speaker as `name version`.
fn injected(home: &Home) -> Vec<String> {
    let list = home.boot(["tool", "list", "--json"]).success().json();
    let packages = list["tools"][0]["injected"].as_array().unwrap().iter();
    let packages = packages.map(|package| {
        format!(
            "{} {}",
            package["name"].as_str().unwrap(),
            package["version"].as_str().unwrap()
        )
    });
    let mut packages: Vec<String> = packages.collect();
    packages.sort();
    packages
}

#[test]
fn requirements_file_includes_and_constraints_are_followed() {
    let (home, index) = home();
    home.write(
        "my files/all.txt",
        "\u{feff}# what the team wants\r\nhelper \\\r\n  >=2  # not the old one\r\n-r sub.txt\r\n\
         -c limits.txt\r\n",
    );
    home.write("my files/sub.txt", "deep\n");
    home.write(
        "my files/limits.txt",
        "helper<3\ndeep==1.0 ; python_version > '3'\nunrelated==7\n",
    );
    home.boot(["tool", "install", "speaker", "-r", "my files/all.txt"])
        .success();
    assert_eq!(injected(&home), ["deep 1.0", "helper 2.0"]);
    index.add(Wheel::new("helper", "2.5").file("helper.py", ""));
    home.boot(["tool", "upgrade", "speaker"]).success();
    assert_eq!(injected(&home), ["deep 1.0", "helper 2.5"]);
    // What bound it binds it, until something else is asked for.
    home.boot(["tool", "install", "speaker", "--force"])
        .success();
    assert_eq!(injected(&home), ["deep 1.0", "helper 2.5"]);
    home.write("my files/limits.txt", "helper<4\n");
    home.boot([
        "tool",
        "install",
        "speaker",
        "--force",
        "--constraint",
        "my files/limits.txt",
    ])
    .success();
    assert_eq!(injected(&home), ["deep 3.0", "helper 3.0"]);
    home.write("my files/pre.txt", "--pre\nhelper\n");
    home.boot([
        "tool",
        "install",
        "speaker",
        "--force",
        "-r",
        "my files/pre.txt",
    ])
    .success();
    assert_eq!(injected(&home), ["deep 4.0rc1", "helper 3.0"]);
}

#[test]
fn requirements_file_unsupported_line_is_error() {
    let (home, index) = home();
    home.boot(["tool", "install", "speaker"]).success();
    index.server.requests();
    for (text, says) in [
        (
            "helper\n--index-url https://other.invalid/simple\n",
            "line 2: --index-url",
        ),
        ("helper==1.0 --hash=sha256:0000\n", "line 1: --hash"),
        ("-r wrong.txt\n", "names itself"),
        ("-r none.txt\n", "none.txt"),
        ("-c wrong.txt\n", "names itself"),
        ("\n\nhelper ==== 1\n", "helper ==== 1"),
    ] {
        home.write("wrong.txt", text);
        for verb in [
            ["install", "speaker", "--force"].as_slice(),
            &["inject", "speaker"],
        ] {
            home.boot([&["tool"], verb, &["-r", "wrong.txt"]].concat())
                .code(2)
                .one_error()
                .stderr_has(says);
        }
        assert_eq!(index.server.requests(), [""; 0], "{text}");
    }
    home.boot([
        "tool",
        "install",
        "speaker",
        "--force",
        "--constraint",
        "none.txt",
    ])
    .code(2)
    .one_error()
    .stderr_has("none.txt");
    home.write("limits.txt", "helper\n-c limits2.txt\n");
    home.write("limits2.txt", "deep<2\n");
    home.boot(["tool", "inject", "speaker", "-r", "limits.txt"])
        .code(2)
        .one_error()
        .stderr_has("constraints");
    assert_eq!(injected(&home), [""; 0]);
    home.boot(["tool", "inject", "speaker", "-r", "limits2.txt"])
        .success();
    assert_eq!(injected(&home), ["deep 1.0"]);
}
