//! Checks that a lock is consistent in itself: it comes from a repository.

use super::{Locked, LockedPackage, LockedPython, LockedTool};
use crate::manifest::PythonRequest;
use crate::manifest::address::is_commit;
use crate::package::address::is_relative;
use crate::package::filename::{WheelName, source_version};
use crate::python::key::Platform;
use crate::report::escaped;

type Result = std::result::Result<(), String>;

impl Locked {
    /// Fails where an entry for `platform` can't be what it says that it is.
    pub(super) fn check(&self, platform: Platform) -> Result {
        for (request, python) in &self.python {
            if !python.is_plausible(request, platform) {
                let request = escaped(request.as_str());
                return Err(format!("the Python {request} for {platform} is invalid"));
            }
        }
        for (name, tool) in &self.tool {
            tool.check(name)
                .map_err(|(what, why)| format!("{} for {platform} {why}", escaped(&what)))?;
        }
        Ok(())
    }
}

impl LockedPython {
    fn is_plausible(&self, request: &PythonRequest, platform: Platform) -> bool {
        let is_plain = |text: &str| {
            !text.is_empty()
                && !text.starts_with('.')
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+-_.".contains(&b))
        };
        self.key.platform == platform
            && request.value().matches(&self.key)
            && is_plain(&self.file)
            && is_plain(&self.release)
    }
}

impl LockedTool {
    /// Fails with what is wrong, and why.
    fn check(&self, name: &str) -> std::result::Result<(), (String, &'static str)> {
        if let Some(package) = self.packages.iter().find(|p| !p.is_consistent()) {
            let what = format!("{} of {name}", package.file);
            return Err((what, "is not what its name says"));
        }
        if self.commit.as_ref().is_some_and(|c| !is_commit(c)) {
            return Err((name.into(), "names no commit"));
        }
        // A suffix follows the package's name.
        let has_itself = self
            .packages
            .iter()
            .any(|package| name.starts_with(package.name.as_str()));
        if !self.asked.is_own_source() && !has_itself {
            return Err((name.into(), "doesn't have the tool among its packages"));
        }
        Ok(())
    }
}

impl LockedPackage {
    /// Tells whether its file is of its name and version, and nothing in it leads elsewhere.
    fn is_consistent(&self) -> bool {
        let version = match WheelName::parse(&self.file) {
            Some(wheel) => Some(wheel.version).filter(|_| wheel.name == self.name),
            None => source_version(&self.file, &self.name),
        };
        version.as_ref() == Some(&self.version)
            && !self.file.contains('/')
            && self.at.as_deref().is_none_or(is_relative)
    }
}
