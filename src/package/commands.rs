//! Which commands a wheel brings, found out without fetching it: a conflict with what is in the bin
//! folder is known before the first download.

use std::io::Read;

use super::entry_points;
use super::ranges::Ranges;
use super::wheel::{CachedWheel, data_key};
use crate::Context;
use crate::package::shared::Answers;
use crate::store::digest::Sha256;

/// No honest list of commands comes near it, in bytes.
const LARGEST: u64 = 1 << 20;

/// The names that the wheel puts into an environment's scripts folder, sorted: of its entry points,
/// and the scripts it ships. What lies in `data/bin` isn't among them, for only the archive's modes
/// tell programs from what isn't. None where only the whole wheel can tell.
pub(crate) fn of(ctx: &Context, url: &str, sha256: &Sha256) -> Option<Vec<String>> {
    if let Some(wheel) = CachedWheel::open(&ctx.paths, sha256) {
        return Some(wheel.scripts());
    }
    let found = Answers::of_run(ctx)
        .commands
        .get(*sha256, || served(ctx, url).ok_or(()));
    found.ok()
}

fn served(ctx: &Context, url: &str) -> Option<Vec<String>> {
    let ranges = Ranges::open(ctx, url).ok()??;
    let mut archive = zip::ZipArchive::new(ranges).ok()?;
    let paths: Vec<String> = archive
        .file_names()
        .filter_map(|path| Some(path.ok()?.to_string()))
        .collect();
    let shipped = paths.iter().filter_map(|path| {
        data_key(path).filter(|(key, name)| *key == "scripts" && !name.is_empty())
    });
    let mut names: Vec<String> = shipped.map(|(_, name)| name.to_string()).collect();
    let is_list = |path: &&String| {
        path.split_once('/')
            .is_some_and(|(top, name)| top.ends_with(".dist-info") && name == "entry_points.txt")
    };
    if let Some(path) = paths.iter().find(is_list) {
        let mut text = String::new();
        archive
            .by_name(path)
            .ok()?
            .take(LARGEST)
            .read_to_string(&mut text)
            .ok()?;
        names.extend(
            entry_points::commands(&text)
                .ok()?
                .into_iter()
                .map(|point| point.name),
        );
    }
    names.sort();
    names.dedup();
    Some(names)
}
