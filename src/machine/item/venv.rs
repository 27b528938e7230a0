//! A named virtualenv.

use super::{Kind, counted};
use crate::machine::Result;
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Item, View};
use crate::manifest::{Manifest, PythonRequest};
use crate::project::make::{self, make_environment};
use crate::project::pin::Name;
use crate::project::venv::{Config, Pip};
use crate::python::installed;
use crate::report::escaped;

pub(crate) const KIND: Kind = Kind {
    name: "venv",
    plural: "venvs",
    counted: |number| counted(number, "virtualenv"),
};

#[derive(Debug)]
struct VenvItem {
    name: Name,
    python: PythonRequest,
}

pub(super) fn wanted(manifest: &Manifest) -> Vec<Box<dyn Item>> {
    let venvs = manifest.venvs.iter();
    venvs
        .map(|(name, python)| -> Box<dyn Item> {
            Box::new(VenvItem {
                name: name.clone(),
                python: python.clone(),
            })
        })
        .collect()
}

impl Item for VenvItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        self.name.to_string()
    }

    fn line(&self) -> String {
        format!("{}, with Python {}", self.name, self.python)
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        let paths = &view.ctx.paths;
        let Some(config) = Config::read(&paths.venvs().join(self.name.as_str())) else {
            return Ok(Assessment::todo(""));
        };
        let has_its_python = installed::find(paths, self.python.value()).is_some_and(|python| {
            config.minor() == Some((python.key.version.major, python.key.version.minor))
        });
        Ok(if has_its_python {
            Assessment::done_if(true)
        } else {
            Assessment::todo(format!("it has {}", escaped(&config.version)))
        })
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        let wanted = make::Wanted {
            place: make::Place::Named(self.name.clone()),
            python: Some(self.python.value().clone()),
            system: None,
            prompt: None,
            system_site_packages: false,
            pip: Pip::Installed,
            clear: false,
        };
        let made = make_environment(run.ctx, &run.ctx.paths.home, &wanted)?;
        Ok(Some(format!("{}, with Python {}", self.name, made.version)))
    }
}
