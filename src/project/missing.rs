//! Messages about a Python, an environment or a command that isn't there. They say what was asked
//! for, who asked, and name a command that helps.

use std::path::{Path, PathBuf};

use super::choice::{Reason, is_interpreter};
use super::pin::{Name, Unmet};
use crate::Context;
use crate::python::catalog::{self, Prospect};
use crate::python::request::Request;
use crate::report::escaped;
use crate::report::first_line;
use crate::shell::quote;

/// Nothing that was asked for has the program. Shims and `which` end with 127.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Missing {
    pub asked: String,
    pub reason: Reason,
    kind: Box<Kind>,
    /// The prospect of installing the Python, where that was looked up.
    prospect: Option<Prospect>,
    data: Option<Box<DataFolder>>,
}

/// The missing thing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A Python or an environment that was asked for.
    Entry,
    /// A word that asks for neither.
    Unmet(Unmet),
    /// A command that the system has not.
    OfSystem(String),
    /// A command that an environment which is there has not.
    OfEnvironment { root: PathBuf, name: String },
    /// A command that a Python which is there has not; with its version or path.
    OfPython { python: String, name: String },
}

/// The folder that a shim looked in, where a person may expect another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataFolder {
    /// The shim lies in it; plain `boot` would use another one.
    OfShim(PathBuf),
    /// The shim lies in another one; `BOOT_DATA_DIR` names this.
    Named(PathBuf),
    /// The shim lies in none.
    Default(PathBuf),
}

impl Missing {
    pub fn new(asked: &str, reason: &Reason) -> Missing {
        Missing {
            asked: asked.into(),
            reason: reason.clone(),
            kind: Box::new(Kind::Entry),
            prospect: None,
            data: None,
        }
    }

    fn of(kind: Kind, asked: &str, reason: &Reason) -> Missing {
        Missing {
            kind: Box::new(kind),
            ..Missing::new(asked, reason)
        }
    }

    /// About a word that nothing could meet.
    pub fn unmet(unmet: &Unmet, reason: &Reason) -> Missing {
        Missing::of(Kind::Unmet(unmet.clone()), &unmet.text, reason)
    }

    /// About the command `name`, which the system has not.
    pub fn system(name: &str, reason: &Reason) -> Missing {
        Missing::of(Kind::OfSystem(name.into()), "system", reason)
    }

    /// About the command `name`, which the environment `root` has not.
    pub fn in_environment(root: &Path, name: &str, reason: &Reason) -> Missing {
        Missing::of(
            Kind::OfEnvironment {
                root: root.into(),
                name: name.into(),
            },
            name,
            reason,
        )
    }

    /// About the command `name`, which the Python has not that is told by its version or path.
    pub fn in_python(python: &str, name: &str, reason: &Reason) -> Missing {
        Missing::of(
            Kind::OfPython {
                python: python.into(),
                name: name.into(),
            },
            name,
            reason,
        )
    }

    /// The same error, with the folder that was looked in.
    #[must_use]
    pub fn in_data(mut self, data: Option<DataFolder>) -> Missing {
        self.data = data.map(Box::new);
        self
    }

    /// With what the catalogs know of the Python: advice that is followed has to work. Opens no
    /// socket.
    #[must_use]
    pub fn explained(self, ctx: &Context) -> Missing {
        let prospect = match *self.kind {
            Kind::Entry => self
                .asked
                .parse()
                .ok()
                .and_then(|request| catalog::prospect(ctx, &request).ok()),
            _ => None,
        };
        Missing { prospect, ..self }
    }

    fn text(&self) -> String {
        let text = self.plain_text();
        let Some(data) = self.data.as_deref() else {
            return text;
        };
        let (problem, advice) = text.split_once('\n').unwrap_or((&text, ""));
        let (DataFolder::OfShim(folder) | DataFolder::Named(folder) | DataFolder::Default(folder)) =
            data;
        let typed = quote::for_message(folder);
        let folder = escaped(&folder.to_string_lossy());
        match data {
            // What is typed has to reach the same folder.
            DataFolder::OfShim(_) if advice.starts_with("boot ") => {
                format!("{problem} (in {folder})\nBOOT_DATA_DIR={typed} {advice}")
            }
            DataFolder::OfShim(_) => format!("{problem} (in {folder})\n{advice}"),
            DataFolder::Named(_) => {
                format!("{problem} (in {folder}, as BOOT_DATA_DIR says)\n{advice}")
            }
            DataFolder::Default(_) => {
                let first = first_line(advice);
                format!(
                    "{problem} (in {folder})\n{first}\nBOOT_DATA_DIR=DIR looks in another folder"
                )
            }
        }
    }

    /// The problem, and a line or two with what to type.
    fn plain_text(&self) -> String {
        let reason = &self.reason;
        match &*self.kind {
            Kind::Unmet(unmet) => unmet.error(&reason.to_string(), *reason == Reason::Variable),
            Kind::OfSystem(name) => self.system_text(name),
            Kind::OfEnvironment { root, name } => {
                let advice = match is_interpreter(name) {
                    true => "boot venv --clear makes the environment again".into(),
                    false => format!(
                        "{} -m ensurepip --default-pip",
                        quote::for_message(root.join("bin/python"))
                    ),
                };
                format!(
                    "the environment {} has no {}\n{advice}",
                    escaped(&root.to_string_lossy()),
                    escaped(name)
                )
            }
            Kind::OfPython { python, name } => {
                let python = escaped(python);
                let advice = format!(
                    "boot python verify {} says what brings it",
                    quote::for_message(&python)
                );
                format!("Python {python} has no {}\n{advice}", escaped(name))
            }
            Kind::Entry => self.entry_text(),
        }
    }

    /// The text about a word that is asked for and not there.
    fn entry_text(&self) -> String {
        let reason = &self.reason;
        let asked = escaped(&self.asked);
        // A command's name reads like a request.
        let request = asked
            .parse::<Request>()
            .ok()
            .filter(|_| !asked.starts_with("python") || asked.starts_with("python-"));
        if request == Some(Request::System) {
            return self.system_text("python");
        }
        match (reason, request) {
            (Reason::Newest, None) if asked.starts_with("python") => {
                "no Python is installed\nboot python install".into()
            }
            (Reason::Newest, None) => {
                format!(
                    "no installed Python provides {asked}\nboot python install brings one that does"
                )
            }
            (Reason::Argument, None) => {
                format!("{asked} is no Python\nboot python list shows what is installed")
            }
            (Reason::Newest | Reason::Argument, Some(request)) => {
                not_installed(&request, "", self.prospect, reason)
            }
            (_, Some(request)) => not_installed(
                &request,
                &format!(", which {reason} asks for,"),
                self.prospect,
                reason,
            ),
            (_, None) => {
                let way = asked.parse::<Name>().map_or_else(
                    |_| "boot venv list shows those that are here".into(),
                    |name| name.way_to_make(),
                );
                format!("no environment is called {asked}, which {reason} asks for\n{way}")
            }
        }
    }

    fn system_text(&self, name: &str) -> String {
        let name = if is_interpreter(name) {
            "Python".into()
        } else {
            escaped(name)
        };
        let way_out = match &self.reason {
            Reason::Pin(_) => "boot python pin 3.11 asks for one of boot's",
            Reason::Global(_) => "boot python pin --global 3.11 asks for one of boot's",
            Reason::Variable => "unset BOOT_PYTHON",
            Reason::Argument | Reason::Newest => "boot python install brings one",
        };
        match &self.reason {
            Reason::Argument | Reason::Newest => {
                format!("PATH has no {name} beside boot's\n{way_out}")
            }
            reason => format!(
                "{reason} asks for the system's Python, and PATH has no {name} beside boot's\n\
                 {way_out}"
            ),
        }
    }
}

/// The text about a Python that isn't installed, and what to type next.
fn not_installed(
    request: &Request,
    asker: &str,
    prospect: Option<Prospect>,
    reason: &Reason,
) -> String {
    let install = format!(
        "boot python install {}",
        quote::for_message(request.to_string())
    );
    let Some(Prospect::Unknown { newest, may_be_new }) = prospect else {
        return format!("Python {request}{asker} isn't installed\n{install}");
    };
    let mut text = format!("Python {request}{asker} isn't installed, and no such CPython is known");
    if let Some(newest) = newest {
        let minor = newest.minor_name(Default::default());
        let way_out = match reason {
            Reason::Pin(_) => format!("boot python pin {minor}"),
            Reason::Global(_) => format!("boot python pin --global {minor}"),
            Reason::Variable => format!("export BOOT_PYTHON={minor}"),
            Reason::Argument | Reason::Newest => {
                "boot python list --available shows those that are".into()
            }
        };
        text += &format!("\nthe newest {minor} is {newest}: {way_out}");
    }
    if may_be_new {
        text += &format!("\npublished since? {install} looks for it");
    }
    text
}

/// Returns a line about a pin's missing Python, with the command that helps.
pub(crate) fn not_installed_line(ctx: &Context, request: &Request, is_global: bool) -> String {
    match catalog::prospect(ctx, request) {
        Ok(Prospect::Unknown {
            newest: Some(newest),
            may_be_new,
        }) => {
            let minor = newest.minor_name(Default::default());
            let option = if is_global { "--global " } else { "" };
            let mut line = format!(
                "no CPython {request} is known, the newest {minor} is {newest}: boot python pin \
                 {option}{minor}"
            );
            if may_be_new {
                line += &format!(
                    "; published since? boot python install {} looks for it",
                    quote::for_message(request.to_string())
                );
            }
            line
        }
        _ => format!(
            "Python {request} isn't installed: boot python install {}",
            quote::for_message(request.to_string())
        ),
    }
}

/// Neither the Pythons here nor PATH have such a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no command {0} is here\nboot tool install {0} makes it one, if a package of that name has it"
)]
pub(crate) struct NoCommand(pub String);
