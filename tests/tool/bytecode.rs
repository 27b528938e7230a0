//! Bytecode is compiled once per wheel and Python, by a background process. Later environments link
//! it from the cache when they are created. A killed compiler has no effect.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Home, Index, Mirror, Wheel};

/// Creates an index with two tools that need one library.
fn index() -> Index {
    let index = Index::new();
    index.add(
        Wheel::new("shared", "1.0")
            .file("shared/__init__.py", "WORD = 'shared'\n")
            .file("shared/more.py", "WORD = 'more'\n"),
    );
    for name in ["elder", "younger"] {
        let main =
            "import shared, shared.more\ndef main():\n    print(shared.WORD, shared.more.WORD)\n";
        index.add(
            Wheel::new(name, "1.0")
                .requires("shared")
                .file(&format!("{name}.py"), main)
                .script(name, &format!("{name}:main")),
        );
    }
    index
}

/// Creates a home whose compilers write a line into `compilers` before they begin, and first run
/// the file `trap` if it exists.
fn watched(mirror: &Mirror, index: &Index) -> Home {
    let home = Home::ready(mirror, index);
    let python = home.data().join(format!(
        "pythons/{}/bin/python{}",
        mirror.key,
        mirror.minor()
    ));
    let text = fs::read_to_string(&python).unwrap();
    // Nothing else of boot's or of a tool's is started like this.
    let watch = "if [[ $1 == -I && $2 == -S && $3 == -c ]]; then\n  echo one \
                 >>\"$HOME/compilers\"\n  \
                 [[ -e $HOME/trap ]] && set -- \"${@:1:3}\" \"$(<\"$HOME/trap\")\"$'\\n'\"$4\"\n\
                 fi\nexec ";
    assert_eq!(text.matches("exec ").count(), 1, "{text}");
    fs::write(&python, text.replacen("exec ", watch, 1)).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    home
}

fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "waited for {what}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the bytecode of `source` of `package` in the cache.
fn cached(home: &Home, package: &str, source: &str) -> Option<PathBuf> {
    let wheels = fs::read_dir(home.root.join(".cache/boot/wheels"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let of_package = |wheel: &PathBuf| wheel.join(format!("tree/{package}-1.0.dist-info")).is_dir();
    let folders = wheels
        .filter(of_package)
        .flat_map(|wheel| fs::read_dir(wheel).unwrap().flatten());
    let mut compiled =
        folders.filter(|entry| entry.file_name().to_string_lossy().starts_with("bytecode-"));
    compiled.find_map(|entry| compiled_in(&entry.path(), source))
}

/// Returns the bytecode of `source` in an environment.
fn linked(home: &Home, mirror: &Mirror, tool: &str, source: &str) -> Option<PathBuf> {
    compiled_in(
        &home.data().join(format!(
            "tools/{tool}/lib/python{}/site-packages",
            mirror.minor()
        )),
        source,
    )
}

fn compiled_in(folder: &std::path::Path, source: &str) -> Option<PathBuf> {
    let source = folder.join(source);
    let stem = format!("{}.", source.file_stem().unwrap().to_string_lossy());
    let compiled = fs::read_dir(source.parent().unwrap().join("__pycache__"))
        .into_iter()
        .flatten()
        .flatten();
    let mut compiled = compiled
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&stem))
        .map(|entry| entry.path());
    compiled.find(|path| path.extension().is_some_and(|extension| extension == "pyc"))
}

fn inode(path: &std::path::Path) -> (u64, u64) {
    let data = fs::metadata(path).unwrap();
    (data.dev(), data.ino())
}

fn says(home: &Home, tool: &str) -> String {
    home.run(&mut home.command(home.bin().join(tool)))
        .success()
        .stdout
        .trim()
        .into()
}

#[test]
fn bytecode_of_shared_wheel_is_compiled_once() {
    let (mirror, index) = (Mirror::new(), index());
    let mut home = watched(&mirror, &index);
    let modules = ["shared/__init__.py", "shared/more.py"];
    home.boot(["tool", "install", "elder"]).success();
    eventually("the elder's own", || {
        linked(&home, &mirror, "elder", "elder.py")
    });
    for module in modules {
        let there = eventually(module, || linked(&home, &mirror, "elder", module));
        assert_eq!(
            inode(&there),
            inode(&cached(&home, "shared", module).unwrap()),
            "{module}"
        );
    }
    // All of it is there: nobody is started to compile.
    home.boot(["tool", "install", "--force", "elder"]).success();
    assert_eq!(
        inode(&linked(&home, &mirror, "elder", "elder.py").unwrap()),
        inode(&cached(&home, "elder", "elder.py").unwrap())
    );
    // What another tool has brought is there when boot ends. Its own is not, for now it may not be
    // compiled.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "install", "younger"]).success();
    for module in modules {
        let there = linked(&home, &mirror, "younger", module).unwrap();
        assert_eq!(
            inode(&there),
            inode(&cached(&home, "shared", module).unwrap()),
            "{module}"
        );
    }
    assert_eq!(linked(&home, &mirror, "younger", "younger.py"), None);
    home.set("PYTHONDONTWRITEBYTECODE", "");
    home.boot(["tool", "install", "--force", "younger"])
        .success();
    eventually("the younger's own", || {
        linked(&home, &mirror, "younger", "younger.py")
    });
    assert_eq!(
        home.read("compilers"),
        "one\none\n",
        "one for each tool that brought something new"
    );
    assert_eq!(
        (says(&home, "elder"), says(&home, "younger")),
        ("shared more".into(), "shared more".into())
    );
    home.no_leftovers();
}

#[test]
fn bytecode_compiler_killed_midway_is_redone_by_next_install() {
    let (mirror, index) = (Mirror::new(), index());
    let home = watched(&mirror, &index);
    // It stops after the first module, once it has said who it is.
    let trap = "import os, py_compile, signal, sys\nreal = py_compile.compile\n\
                def compile(*words, **more):\n    real(*words, **more)\n    \
                home = os.environ['HOME']\n    with open(home + '/new', 'w') as file:\n        \
                print(os.getpid(), os.path.abspath(more['cfile']), file=file)\n    \
                os.rename(home + '/new', home + '/stopped')\n    signal.pause()\n\
                py_compile.compile = compile\n";
    home.write("trap", trap);
    home.boot(["tool", "install", "elder"]).success();
    let stopped = eventually("the compiler", || {
        fs::read_to_string(home.root.join("stopped")).ok()
    });
    let (process, half) = stopped.trim().split_once(' ').unwrap();
    assert!(fs::metadata(half).unwrap().len() > 0, "half of it is done");
    home.run(home.command("kill").args(["-9", process]))
        .success();
    let all = ["elder", "shared", "shared"].into_iter().zip([
        "elder.py",
        "shared/__init__.py",
        "shared/more.py",
    ]);
    for (package, module) in all.clone() {
        assert_eq!(cached(&home, package, module), None);
        assert_eq!(
            linked(&home, &mirror, "elder", module),
            None,
            "nothing half-made is used"
        );
    }
    // Without the interpreter's own habit of leaving what it compiled.
    let run = home
        .run(
            home.command(home.bin().join("elder"))
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        )
        .success();
    assert_eq!(run.stdout.trim(), "shared more");
    fs::remove_file(home.root.join("trap")).unwrap();
    // The next install finishes the work, though it has nothing to fetch, and clears away what the
    // killed one left.
    home.boot(["tool", "install", "--force", "elder"]).success();
    for (package, module) in all {
        let there = eventually(module, || linked(&home, &mirror, "elder", module));
        assert_eq!(
            inode(&there),
            inode(&cached(&home, package, module).unwrap()),
            "{module}"
        );
    }
    home.no_leftovers();
    home.boot(["tool", "install", "younger"]).success();
    assert_eq!(
        (says(&home, "elder"), says(&home, "younger")),
        ("shared more".into(), "shared more".into())
    );
    home.no_leftovers();
}

#[test]
fn bytecode_of_module_in_two_wheels_is_that_of_winner() {
    let (mirror, index) = (Mirror::new(), Index::new());
    let main = "import both\ndef main():\n    print(both.WORD)\n";
    let tool = Wheel::new("teller", "1.0")
        .requires("alpha")
        .requires("beta")
        .file("teller.py", main)
        .script("teller", "teller:main");
    index.add(tool);
    // Equally long, so that bytecode of the one suits the other; and the loser is the one that is
    // put there first, being larger.
    index.add(Wheel::new("alpha", "1.0").file("both.py", "WORD = 'right'\n"));
    let loser = Wheel::new("beta", "1.0").file("both.py", "WORD = 'wrong'\n");
    index.add((0..200).fold(loser, |wheel, number| {
        wheel.file(&format!("beta_data/{number}.txt"), "")
    }));
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "install", "teller"])
        .success()
        .stderr_has("alpha-1.0 and beta-1.0 both have");
    // They may have been unpacked within one second, or not.
    for wheel in fs::read_dir(home.root.join(".cache/boot/wheels"))
        .unwrap()
        .flatten()
    {
        home.run(
            home.command("touch")
                .args(["-c", "-d", "2020-01-01"])
                .arg(wheel.path().join("tree/both.py")),
        )
        .success();
    }
    home.set("PYTHONDONTWRITEBYTECODE", "");
    home.boot(["tool", "install", "--force", "teller"])
        .success();
    for package in ["alpha", "beta"] {
        eventually(package, || cached(&home, package, "both.py"));
    }
    for _ in 0..5 {
        home.boot(["tool", "install", "--force", "teller"])
            .success()
            .stderr_has("both.py; that of alpha-1.0 stays");
        assert_eq!(says(&home, "teller"), "right");
        let there = linked(&home, &mirror, "teller", "both.py").unwrap();
        assert_eq!(
            inode(&there),
            inode(&cached(&home, "alpha", "both.py").unwrap())
        );
    }
}
