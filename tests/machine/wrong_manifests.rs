//! Every rule of boot.toml, broken: data/wrong_manifests.toml lists the mistakes and the expected
//! errors.

use serde::Deserialize;

use crate::support::Home;

#[derive(Deserialize)]
struct Table {
    wrong: Vec<Wrong>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrong {
    why: String,
    text: String,
    /// Text without the implied first line for the version.
    #[serde(default)]
    whole: bool,
    /// `LINE:COLUMN`.
    at: String,
    says: String,
    hint: String,
}

#[test]
fn init_wrong_manifest_is_error_with_place_and_hint() {
    let table: Table = toml::from_str(include_str!("data/wrong_manifests.toml")).unwrap();
    assert!(table.wrong.len() >= 30);
    let home = Home::new();
    let mut differ = Vec::new();
    for wrong in table.wrong {
        let text = if wrong.whole {
            wrong.text.clone()
        } else {
            format!("version = 1\n{}", wrong.text)
        };
        home.write("dots/boot.toml", &text);
        let run = home.boot(["init", "dots", "--yes"]).code(2).one_error();
        assert!(!run.stderr.contains('\u{1b}'), "{}: {run}", wrong.why);
        let place = format!("error: dots/boot.toml:{}: ", wrong.at);
        let (first, rest) = run.stderr.split_once('\n').unwrap();
        if !first.replace("~/", "").starts_with(&place)
            || !first.contains(&wrong.says)
            || !rest.contains(&wrong.hint)
        {
            differ.push(format!(
                "{}:\n{}should be {place}… {} … {}",
                wrong.why, run.stderr, wrong.says, wrong.hint
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}
