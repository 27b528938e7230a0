//! The commands that an environment offers: of the tool itself, and of what is exposed beside it.

use super::environment::Recipe;
use super::receipt::{App, Wanted};
use super::{Error, Result};
use crate::package::requirement::Name;
use crate::package::wheel::CachedWheel;

impl Recipe<'_> {
    /// The request without the hidden names that are to be exposed now.
    pub(crate) fn unhide(&self, wheels: &[CachedWheel]) -> Wanted {
        let unhiding = self.additions.iter().filter(|addition| addition.unhides);
        let names: Vec<String> = unhiding
            .filter_map(|addition| find_wheel(wheels, addition.spec.name()))
            .flat_map(CachedWheel::scripts)
            .map(|script| format!("{script}{}", self.wanted.suffix))
            .collect();
        let mut wanted = self.wanted.clone();
        wanted.hide.retain(|hidden| !names.contains(hidden));
        wanted
    }

    /// The commands to link, as far as wheels tell: known before anything is made.
    ///
    /// # Errors
    /// There are none, or none of a package whose commands were asked for.
    pub(crate) fn apps(&self, wheels: &[CachedWheel]) -> Result<Vec<App>> {
        let wanted = self.wanted;
        let mut apps = self.offered_apps(wheels)?;
        // A command that a newer version no longer has isn't linked, and is again when it comes
        // back.
        let scripts: Vec<String> = wheels.iter().flat_map(CachedWheel::scripts).collect();
        let chosen = wanted.expose.iter();
        for (name, script) in chosen.filter(|(_, script)| scripts.contains(script)) {
            apps.retain(|app| app.name != *name);
            apps.push(App {
                name: name.clone(),
                script: script.clone(),
            });
        }
        apps.retain(|app| !wanted.hide.contains(&app.name));
        apps.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(apps)
    }

    /// The commands of the packages that offer theirs, under the names they would have.
    fn offered_apps(&self, wheels: &[CachedWheel]) -> Result<Vec<App>> {
        let wanted = self.wanted;
        let mut apps: Vec<App> = Vec::new();
        let mut offer = |wheel: &CachedWheel| {
            for script in wheel.scripts() {
                let name = format!("{script}{}", wanted.suffix);
                if !apps.iter().any(|app| app.name == name) {
                    apps.push(App { name, script });
                }
            }
            !wheel.scripts().is_empty()
        };
        let nothing = |package: &Name| Error::NothingToExpose {
            tool: wanted.tool(),
            package: package.to_string(),
        };
        let own = wanted
            .spec()
            .and_then(|spec| find_wheel(wheels, spec.name()));
        let offers_own = own.is_some_and(&mut offer);
        for package in &wanted.expose_from {
            if !find_wheel(wheels, package).is_some_and(&mut offer) {
                return Err(nothing(package));
            }
        }
        for addition in self.additions.iter().filter(|addition| addition.expose) {
            let spec = &addition.spec;
            match find_wheel(wheels, spec.name()) {
                None if spec.condition().is_some() => {}
                Some(wheel) if offer(wheel) => {}
                _ => return Err(nothing(spec.name())),
            }
        }
        if !offers_own && wanted.expose_from.is_empty() && wanted.spec().is_some() {
            let version = own.map(|wheel| wheel.version().to_string());
            return Err(Error::NoCommands {
                name: wanted.name().into(),
                version: version.unwrap_or_default(),
            });
        }
        Ok(apps)
    }

    /// Tells whether commands of the package `name` are linked.
    pub(crate) fn offers(&self, name: &Name) -> bool {
        let mut exposed = self.additions.iter().filter(|addition| addition.expose);
        self.wanted.is_for(name)
            || self.wanted.expose_from.contains(name)
            || exposed.any(|addition| addition.spec.name() == name)
    }

    /// The wheels whose commands are linked.
    pub(crate) fn offering<'w>(&self, wheels: &'w [CachedWheel]) -> Vec<&'w CachedWheel> {
        let offering = wheels.iter().filter(|wheel| self.offers(wheel.package()));
        offering.collect()
    }
}

fn find_wheel<'w>(wheels: &'w [CachedWheel], name: &Name) -> Option<&'w CachedWheel> {
    wheels.iter().find(|wheel| wheel.package() == name)
}
