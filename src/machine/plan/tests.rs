use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::machine::applied::Ran;
use crate::manifest::Place;
use crate::report::Silent;
use crate::store::paths::Paths;

fn machine(text: &str) -> (tempfile::TempDir, Context, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let (home, root) = (folder.path().join("h"), folder.path().join("repo"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(root.join("home")).unwrap();
    fs::write(root.join("home/.a"), "a").unwrap();
    fs::write(root.join("a.sh"), "echo '\u{1b}[2J'\n").unwrap();
    fs::write(root.join("boot.toml"), format!("version = 1\n{text}")).unwrap();
    let paths = Paths::from(&|name| (name == "HOME").then(|| home.clone().into())).unwrap();
    let manifest = Manifest::load(&Place::at(&root), "repo").unwrap();
    (
        folder,
        Context::new(paths, Arc::new(Silent), true),
        manifest,
    )
}

fn states(plan: &Plan) -> Vec<(&'static str, String, State)> {
    plan.entries
        .iter()
        .map(|entry| (entry.item.kind().name, entry.item.id(), entry.state.clone()))
        .collect()
}

fn nothing_was_touched(home: &Path) {
    assert_eq!(fs::read_dir(home).unwrap().count(), 0);
}

#[test]
fn plan_of_new_machine_lists_all_in_order() {
    let (_folder, ctx, manifest) = machine(
        "[python]\ninstall = ['3.11']\n[tools]\nblack = '*'\n[dotfiles]\n[shell]\nhook = true\n\
         [[run]]\nid = 'last'\ncmd = './a.sh'\n[[run]]\nid = 'first'\ncmd = 'true'\n\
         phase = 'before'\n",
    );
    let plan = plan(&ctx, &manifest, &Applied::default(), None).unwrap();
    let found: Vec<_> = plan
        .entries
        .iter()
        .map(|entry| (entry.item.kind().name, entry.item.id()))
        .collect();
    let expected = [
        ("script", "first"),
        ("dotfile", "~/.a"),
        ("python", "3.11"),
        ("python", "default"),
        ("tool", "black"),
        ("shell", "hook"),
        ("script", "last"),
    ];
    assert_eq!(found, expected.map(|(kind, id)| (kind, id.to_string())));
    let shown = plan.to_text();
    assert!(
        shown.contains("| echo '\\u{1b}[2J'"),
        "the text is shown, and its control characters aren't obeyed: {shown}"
    );
    assert!(plan.restrict_to(&[item::tool::KIND]).entries.len() == 1);
    nothing_was_touched(&ctx.paths.home);
}

#[test]
fn plan_marks_done_todo_and_conflict() {
    let (_folder, ctx, manifest) = machine(
        "[dotfiles]\n[[run]]\nid = 'once'\ncmd = './a.sh'\n[[run]]\nid = 'change'\ncmd = './a.sh'\n\
         on = 'change'\n\
         [[run]]\nid = 'always'\ncmd = 'true'\non = 'always'\n[[run]]\nid = 'elsewhere'\n\
         cmd = 'true'\nonly = ['host:nowhere']\n",
    );
    let other = crate::store::digest::Sha256::of(b"other");
    let mut applied = Applied::default();
    for id in ["once", "change", "always"] {
        applied.runs.insert(id.into(), Ran { sha256: other });
    }
    fs::write(ctx.paths.home.join(".a"), "mine").unwrap();
    let plan = plan(&ctx, &manifest, &applied, None).unwrap();
    let expected = [
        (
            "dotfile",
            "~/.a".to_string(),
            State::Conflict(Conflict {
                why: "is a file",
                path: "~/.a".into(),
                remark: "is a file that boot did not make".into(),
            }),
        ),
        ("script", "once".into(), State::Done),
        ("script", "change".into(), State::Todo),
        ("script", "always".into(), State::Todo),
    ];
    assert_eq!(states(&plan), expected);
    assert_eq!(plan.json(&manifest)["conflicts"], 1);
}
