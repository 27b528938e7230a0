//! Variables of templates: what this machine is, what the manifest says, and what somebody answered
//! once.

use std::collections::BTreeSet;

use super::applied::Applied;
use crate::manifest::condition::Surroundings;
use crate::manifest::template::Values;
use crate::manifest::{Manifest, Var};
use crate::store::env::var;

/// Every name that a template may use, and the values that are known by now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars {
    pub values: Values,
    pub known: BTreeSet<String>,
}

/// A question that nobody has answered on this machine yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Without the `vars.` before it.
    pub name: String,
    pub text: String,
    pub default: Option<String>,
}

impl Vars {
    pub(crate) fn of(manifest: &Manifest, applied: &Applied) -> Vars {
        let here = Surroundings::here();
        let mut vars = Vars::default();
        for (name, value) in [
            ("os", here.os),
            ("arch", here.arch),
            ("hostname", here.host),
            ("user", user()),
        ] {
            vars.values.insert(name.into(), value);
        }
        for (name, var) in &manifest.vars {
            let value = match (var, applied.answers.get(name)) {
                (Var::Is(value), _) => Some(value),
                (Var::Ask { .. }, Some(answer)) => Some(answer),
                (Var::Ask { default, .. }, None) => default.as_ref(),
            };
            vars.known.insert(format!("vars.{name}"));
            vars.values
                .extend(value.map(|value| (format!("vars.{name}"), value.clone())));
        }
        vars.known.extend(vars.values.keys().cloned());
        vars
    }
}

/// The questions behind `used`, names as templates write them, that are still open.
pub(crate) fn questions(
    manifest: &Manifest,
    applied: &Applied,
    used: &BTreeSet<String>,
) -> Vec<Question> {
    let open = manifest.vars.iter().filter(|(name, _)| {
        used.contains(&format!("vars.{name}")) && !applied.answers.contains_key(*name)
    });
    open.filter_map(|(name, var)| match var {
        Var::Ask { question, default } => Some(Question {
            name: name.clone(),
            text: question.clone(),
            default: default.clone(),
        }),
        Var::Is(_) => None,
    })
    .collect()
}

/// The user's name: what the login says, else what the list of users says.
fn user() -> String {
    var("USER")
        .or_else(|| var("LOGNAME"))
        .or_else(|| listed(rustix::process::getuid().as_raw()))
        .unwrap_or_default()
}

fn listed(uid: u32) -> Option<String> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users
        .lines()
        .find(|line| line.split(':').nth(2) == Some(uid.to_string().as_str()))?;
    line.split(':').next().map(str::to_string)
}
