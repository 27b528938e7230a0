//! Prebuilt CPythons of python-build-standalone: one pass over the bytes, from the network to a patched folder in staging.

use std::path::Path;

use super::catalog::Build;
use crate::Context;
use crate::net::{self, download, endpoints};
use crate::store::unpack::{self, Limits};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

/// The address of a build; `mirror` replaces the publisher's.
pub fn address(ctx: &Context, build: &Build, mirror: Option<&str>) -> Result<String, Error> {
    let base = match mirror {
        Some(mirror) => mirror.trim_end_matches('/').to_string(),
        None => endpoints::python_builds(ctx)?.0,
    };
    Ok(format!("{base}/{}/{}", build.release, build.file.replace('+', "%2B")))
}

/// Fetches `build` into the empty folder `staging`: hashed, decompressed and unpacked as it arrives.
pub fn fetch(ctx: &Context, build: &Build, mirror: Option<&str>, staging: &Path) -> Result<(), Error> {
    let url = address(ctx, build, mirror)?;
    ctx.report.step(&format!("fetch {}", net::shown(&url)));
    let bar = ctx.report.bar(&format!("Python {}", build.key.version), None);
    download::streamed(ctx.client()?, &url, &build.sha256, &*bar, |stream| {
        let archive = Path::new(&build.file);
        if build.file.ends_with(".tar.zst") {
            let decoder = ruzstd::decoding::StreamingDecoder::new(stream)
                .map_err(|error| crate::store::Error::Broken { archive: archive.into(), reason: error.to_string() })?;
            unpack::tar(decoder, archive, staging, Path::new("python/install"), Limits::default())?;
        } else {
            let decoder = flate2::read::GzDecoder::new(stream);
            unpack::tar(decoder, archive, staging, Path::new("python"), Limits::default())?;
        }
        Ok(())
    })
}
