//! `[vars]`: variables of templates.

use std::collections::BTreeMap;

use crate::manifest::document::{self, Table};
use crate::manifest::template;
use crate::report::escaped;

/// A variable that a template may use under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Var {
    Is(String),
    /// Asked once; the answer stays on the machine.
    Ask {
        question: String,
        default: Option<String>,
    },
}

/// Reads the variables, by name.
pub(in crate::manifest) fn read_vars(top: &Table<'_>) -> document::Result<BTreeMap<String, Var>> {
    let mut found = BTreeMap::new();
    let Some(vars) = top.table("vars", "[vars]")? else {
        return Ok(found);
    };
    for (key, value) in vars.entries() {
        if !template::is_name(key.value) {
            let message = format!("{} isn't a variable's name", escaped(key.value));
            return Err(vars.problem(
                &key.span,
                message,
                "use letters, digits, dashes and underscores",
            ));
        }
        let var = match vars.as_table(value, "a variable") {
            None => match vars.string(key.value)? {
                Some(text) => Var::Is(text.value),
                None => continue,
            },
            Some(table) => {
                table.only_keys(&["ask", "default"])?;
                let default = table.string("default")?.map(|text| text.value);
                match (table.string("ask")?, default) {
                    (Some(question), default) => Var::Ask {
                        question: question.value,
                        default,
                    },
                    (None, Some(default)) => Var::Is(default),
                    (None, None) => {
                        return Err(table.lacks(
                            "this variable has neither a question nor a value",
                            "write { ask = \"Your e-mail?\" }, or a text",
                        ));
                    }
                }
            }
        };
        found.insert(key.value.to_string(), var);
    }
    Ok(found)
}
