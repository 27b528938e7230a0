//! What real wheels are made of, installed and run: namespace packages, `.pth` files, windows of several builds, commands of graphical
//! programs; and environments in places whose names are no plain words.

use std::fs;

use crate::support::{Home, Index, Mirror, Wheel};

fn says(home: &Home, bin: &std::path::Path, command: &str) -> String {
    home.run(&mut home.command(bin.join(command))).success().stdout.trim().into()
}

#[test]
fn two_wheels_share_a_namespace_and_a_pth_file_is_followed() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let main = "from family.elder import name as elder\nfrom family.younger import name as younger\nimport far\n\
                def main():\n    print(elder, younger, far.away)\n";
    let tool = Wheel::new("reunion", "1.0").requires("family-elder").requires("family-younger").requires("path-maker");
    index.add(tool.file("reunion.py", main).script("reunion", "reunion:main"));
    // A folder without __init__.py, in both.
    index.add(Wheel::new("family-elder", "1.0").file("family/elder/__init__.py", "name = 'elder'\n"));
    index.add(Wheel::new("family-younger", "1.0").file("family/younger/__init__.py", "name = 'younger'\n"));
    index.add(Wheel::new("path-maker", "1.0").file("path_maker.pth", "elsewhere\n").file("elsewhere/far.py", "away = 'far away'\n"));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "reunion"]).success().stderr_lacks("both have");
    assert_eq!(says(&home, &home.bin(), "reunion"), "elder younger far away");
}

#[test]
fn of_two_builds_of_a_version_the_later_is_taken() {
    let (mirror, index) = (Mirror::new(), Index::new());
    for (build, word) in [("", "none"), ("-2", "two"), ("-10", "ten"), ("-9z", "nine")] {
        let file = format!("rebuilt-1.0{build}-py3-none-any.whl");
        index.add_bytes("rebuilt", &file, Wheel::new("rebuilt", "1.0").command("rebuilt", word).bytes());
    }
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "rebuilt"]).success();
    assert!(says(&home, &home.bin(), "rebuilt").contains("ten"));
}

#[test]
fn commands_of_graphical_programs_are_linked_too() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let points = "[gui_scripts]\nwindow = window:main\n";
    let wheel = Wheel::new("window", "1.0").file("window.py", "def main():\n    print('a window')\n");
    index.add(wheel.file("window-1.0.dist-info/entry_points.txt", points));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "window"]).success().stderr_has(": window");
    assert_eq!(says(&home, &home.bin(), "window"), "a window");
}

#[test]
fn a_tool_runs_from_a_place_with_blanks_and_quotes_that_is_too_long_for_a_shebang() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let script = "#!python\nimport sys\nprint('script of', sys.prefix)\n";
    let wheel = Wheel::new("teller", "1.0").file("teller.py", "import sys\ndef main():\n    print('teller of', sys.prefix)\n");
    index.add(wheel.file("teller-1.0.data/scripts/told", script).script("teller", "teller:main"));
    let long = "long".repeat(40);
    for folder in ["with a blank", "it's \"quoted\" $HOME `id`", long.as_str()] {
        let mut home = Home::ready(&mirror, &index);
        let data = home.root.join(folder).join("data");
        let bin = home.root.join(folder).join("bin");
        home.set("BOOT_DATA_DIR", &data.display().to_string());
        home.set("BOOT_BIN_DIR", &bin.display().to_string());
        home.boot(["python", "install", &mirror.minor()]).success();
        home.boot(["tool", "install", "teller"]).success();
        let prefix = data.join("tools/teller").display().to_string();
        assert_eq!(says(&home, &bin, "teller"), format!("teller of {prefix}"));
        assert_eq!(says(&home, &bin, "told"), format!("script of {prefix}"));
        home.boot(["tool", "reinstall", "teller"]).success();
        assert_eq!(says(&home, &bin, "teller"), format!("teller of {prefix}"));
        home.boot(["tool", "uninstall", "teller"]).success();
        assert_eq!(fs::read_dir(&bin).unwrap().count(), 0, "{folder}");
        home.no_leftovers();
    }
}

#[test]
fn a_tool_sees_nothing_of_the_users_pythonpath_and_has_its_pythons_pip() {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("helper", "1.0").file("helper.py", "word = 'right'\n"));
    let wheel = Wheel::new("teller", "1.0").requires("helper").file("teller.py", "import helper\ndef main():\n    print(helper.word)\n");
    index.add(wheel.script("teller", "teller:main"));
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller"]).success();
    home.write("mine/helper.py", "word = 'wrong'\n");
    let run = home.run(home.command(home.bin().join("teller")).env("PYTHONPATH", home.root.join("mine"))).success();
    assert_eq!(run.stdout.trim(), "right");
    if mirror.is_complete() {
        home.boot(["tool", "pip", "teller", "--", "list"]).success().stdout_has("teller").stdout_has("helper");
        home.boot(["tool", "pip", "teller", "--", "check"]).success().stdout_has("No broken requirements");
    }
}
