//! The default Python: what the global pin says.

use super::Kind;
use crate::machine::Result;
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Effect, Item, Stage, State, View};
use crate::manifest::{Manifest, PythonRequest};
use crate::project::pin::{self, Entry};
use crate::python::installed;
use crate::report::escaped;
use crate::store::paths::Paths;

#[derive(Debug)]
struct DefaultPythonItem {
    python: PythonRequest,
    /// The user's own pin, where it was changed by hand or never boot's.
    own_choice: Option<String>,
}

/// The first Python of the manifest.
pub(super) fn wanted(manifest: &Manifest, view: &View<'_>) -> Option<Box<dyn Item>> {
    let python = manifest.pythons.first()?.clone();
    let own_choice = global_pin(&view.ctx.paths)
        .filter(|now| !is_pin(now, &python) && view.applied.default_python.as_ref() != Some(now));
    Some(Box::new(DefaultPythonItem { python, own_choice }))
}

impl Item for DefaultPythonItem {
    fn kind(&self) -> Kind {
        super::python::KIND
    }

    fn id(&self) -> String {
        "default".into()
    }

    fn line(&self) -> String {
        let python = self.own_choice.as_deref();
        format!("{} is the default", python.unwrap_or(self.python.as_str()))
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        if self.own_choice.is_some() {
            return Ok(Assessment::new(State::Done, "your own choice"));
        }
        Ok(match global_pin(&view.ctx.paths) {
            None => Assessment::todo(""),
            Some(now) if is_pin(&now, &self.python) => Assessment::done_if(true),
            Some(now) => Assessment::todo(format!("it is {now}")),
        })
    }

    /// Leaves alone a pin that came with the dotfiles since the plan: it is the user's own choice.
    /// Only a pin that is written here is noted as boot's.
    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        let paths = &run.ctx.paths;
        if installed::find(paths, self.python.value()).is_none() {
            // Its Python failed, and has said so.
            return Ok(None);
        }
        let mut applied = run.applied();
        if let Some(now) = global_pin(paths)
            && !is_pin(&now, &self.python)
            && applied.default_python.as_ref() != Some(&now)
        {
            let now = escaped(&now);
            return Ok(Some(format!("{now} stays the default: your own choice")));
        }
        let request = self.python.value().clone();
        let name = request.to_string();
        if pin::write(paths, &paths.global_pin(), &[Entry::Python(request)])? {
            applied.default_python = Some(name.clone());
            applied.write(paths)?;
        }
        Ok(Some(format!("{name} is the default")))
    }

    /// Before the tools: what isn't locked is made with it.
    fn stage(&self) -> Stage {
        Stage::Between
    }

    fn effect(&self) -> Effect {
        Effect::Settles
    }
}

/// The first entry of the global pin.
pub(crate) fn global_pin(paths: &Paths) -> Option<String> {
    pin::read_global(paths).map(|pin| pin.first().to_string())
}

/// Tells whether the global pin says no other than `python`.
fn is_pin(now: &str, python: &PythonRequest) -> bool {
    python.value().to_string() == now
}
