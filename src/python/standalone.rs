//! Prebuilt CPythons of python-build-standalone: one pass over the bytes, from the network to a
//! patched folder in staging.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::AtomicU64;

use super::catalog::Build;
use crate::Context;
use crate::net::{self, download, endpoints, read_ahead};
use crate::store;
use crate::store::bounded::{Bounded, Counted, is_only_padding};
use crate::store::unpack::{self, Limits};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

/// The address of a build; `mirror` replaces the publisher's.
pub(crate) fn address(ctx: &Context, build: &Build, mirror: Option<&str>) -> Result<String, Error> {
    let base = match mirror {
        Some(mirror) => mirror.trim_end_matches('/').to_string(),
        None => endpoints::python_builds(|| ctx.settings())?.0,
    };
    Ok(format!(
        "{base}/{}/{}",
        build.release,
        build.file.replace('+', "%2B")
    ))
}

/// Fetches `build` into the empty folder `staging`: hashed, decompressed and unpacked as it
/// arrives.
pub(crate) fn fetch(
    ctx: &Context,
    build: &Build,
    mirror: Option<&str>,
    staging: &Path,
) -> Result<(), Error> {
    let url = address(ctx, build, mirror)?;
    ctx.report.step(&format!("fetch {}", net::shown(&url)));
    let bar = ctx.report.bar(&format!("Python {}", build.key.version));
    download::streamed(ctx.client()?, &url, &build.sha256, &*bar, |stream| {
        unpack(stream, &build.file, staging)
    })
}

/// Unpacks the archive `file`, decompressing it in a thread of its own as it is read. Whatever
/// follows its end is as suspicious as what is in it: another reader may see another archive there.
fn unpack(stream: &mut (dyn Read + Send), file: &str, staging: &Path) -> Result<(), Error> {
    let archive = Path::new(file);
    let broken = |reason: String| store::Error::Broken {
        archive: archive.into(),
        reason,
    };
    let read = AtomicU64::new(0);
    let mut source = BufReader::with_capacity(
        1 << 16,
        Counted {
            inner: stream,
            count: &read,
        },
    );
    let write = |top: &'static str| {
        move |content: &mut (dyn Read + Send)| -> Result<bool, Error> {
            unpack::tar(
                &mut *content,
                archive,
                staging,
                Path::new(top),
                Limits::default(),
            )?;
            Ok(is_only_padding(content).map_err(|error| broken(error.to_string()))?)
        }
    };
    let is_clean = if file.ends_with(".tar.zst") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(&mut source)
            .map_err(|error| broken(error.to_string()))?;
        read_ahead::while_needed(&mut Bounded::new(decoder, &read), write("python/install"))?
    } else {
        let decoder = flate2::bufread::MultiGzDecoder::new(&mut source);
        read_ahead::while_needed(&mut Bounded::new(decoder, &read), write("python"))?
    };
    match source.fill_buf() {
        Ok(rest) if is_clean && rest.is_empty() => Ok(()),
        Ok(_) => Err(broken("something follows its end".into()).into()),
        Err(error) => Err(broken(error.to_string()).into()),
    }
}
