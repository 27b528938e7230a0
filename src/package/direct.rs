//! What is asked for by its address: `name @ URL` of PEP 508, where the URL is a wheel, a source
//! archive, a folder or a git repository. What was installed from where is written down as PEP 610
//! has it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde_json::json;
use url::Url;

use super::build::{self, Builder, Job, source_of};
use super::filename::{self, WheelName};
use super::git;
use super::metadata::{self, Metadata};
use super::page::{Beside, File};
use super::requirement::{self, Name};
use super::tags::Tags;
use super::wheel::{self, CachedWheel};
use crate::Context;
use crate::net::{self, VerifiedArchive, shown};
use crate::report::escaped;
use crate::store;
use crate::store::atomic::{self, Staging};
use crate::store::digest::{self, Sha256};

/// An address, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direct {
    /// Of a wheel or a source archive.
    Archive {
        url: String,
        sha256: Option<Sha256>,
        subdirectory: Option<String>,
    },
    Git {
        url: String,
        rev: Option<String>,
        subdirectory: Option<String>,
    },
    Folder {
        path: PathBuf,
    },
}

/// What lies at an address, as a wheel in the cache.
#[derive(Clone, Debug)]
pub struct DirectWheel {
    pub metadata: Metadata,
    pub file: File,
    /// The content of direct_url.json (PEP 610).
    pub direct_url: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} can't be installed from: {reason}\na wheel, a .tar.gz or .zip, a folder, or \
             git+URL can", escaped(&shown(url)))]
    Address { url: String, reason: String },
    #[error("{} is {found}, and {name} was asked for\nis that the right \
             address?", escaped(&shown(url)))]
    Another {
        url: String,
        name: Name,
        found: Name,
    },
    #[error(
        "the wheel {} isn't for this Python\n--python asks for another",
        escaped(file)
    )]
    Unsuited { file: String },
    #[error(transparent)]
    Requirement(#[from] requirement::Error),
    #[error(transparent)]
    Git(#[from] git::Error),
    #[error(transparent)]
    Build(#[from] build::Error),
    #[error(transparent)]
    Wheel(#[from] wheel::Error),
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub type Result<T> = std::result::Result<T, Error>;

impl FromStr for Direct {
    type Err = Error;

    fn from_str(text: &str) -> Result<Direct> {
        let wrong = |reason: &str| Error::Address {
            url: text.into(),
            reason: reason.into(),
        };
        let (plain, fragment) = text.split_once('#').unwrap_or((text, ""));
        let value_of = |key: &str| {
            fragment
                .split('&')
                .find_map(|part| part.strip_prefix(key)?.strip_prefix('='))
                .filter(|value| !value.is_empty())
        };
        let subdirectory = value_of("subdirectory")
            .map(parse_subdirectory)
            .transpose()
            .map_err(wrong)?;
        if let Some(repository) = plain.strip_prefix("git+") {
            let url = Url::parse(repository).map_err(|error| wrong(&error.to_string()))?;
            let (url, rev) = split_revision(url).map_err(wrong)?;
            return Ok(Direct::Git {
                url,
                rev,
                subdirectory,
            });
        }
        let url = Url::parse(plain).map_err(|error| wrong(&error.to_string()))?;
        match url.scheme() {
            "file" => {
                let path = url.to_file_path().map_err(|()| wrong("it names no path"))?;
                if path.is_dir() {
                    return Ok(Direct::Folder {
                        path: path
                            .join(subdirectory.unwrap_or_default())
                            .components()
                            .collect(),
                    });
                }
                if !path.exists() {
                    return Err(wrong("there is no such file"));
                }
            }
            "http" | "https" => {}
            _ => return Err(wrong("its kind of address isn't known")),
        }
        let sha256 = match value_of("sha256") {
            Some(hash) => Some(hash.parse().map_err(|_| wrong("its sha256 isn't one"))?),
            None => None,
        };
        let direct = Direct::Archive {
            url: url.to_string(),
            sha256,
            subdirectory,
        };
        let file = direct.file_name();
        if [".whl", ".tar.gz", ".tgz", ".zip", ".tar.xz"]
            .iter()
            .any(|end| file.ends_with(end))
        {
            Ok(direct)
        } else {
            Err(wrong("it is neither a wheel nor a source archive"))
        }
    }
}

/// The folder within an archive or a repository that a fragment names.
fn parse_subdirectory(text: &str) -> std::result::Result<String, &'static str> {
    let folder = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| "its subdirectory isn't text")?
        .into_owned();
    if is_inside(Path::new(&folder)) {
        Ok(folder)
    } else {
        Err("its subdirectory leads out of it")
    }
}

/// The address of a git repository, and the revision after its `@`.
fn split_revision(mut url: Url) -> std::result::Result<(String, Option<String>), &'static str> {
    if !matches!(url.scheme(), "https" | "http" | "ssh" | "git" | "file") {
        return Err("git is reached by https, ssh or file");
    }
    let path = url.path().to_string();
    let (path, rev) = match path.rsplit_once('@') {
        Some((path, rev)) => (
            path,
            Some(percent_decode_str(rev).decode_utf8_lossy().into_owned()),
        ),
        None => (path.as_str(), None),
    };
    let is_revision = |rev: &String| {
        !rev.is_empty() && !rev.starts_with('-') && !rev.contains([' ', ':', '^', '~'])
    };
    if !rev.as_ref().is_none_or(is_revision) {
        return Err("after the @ stands no branch, tag or commit");
    }
    url.set_path(path);
    Ok((url.to_string(), rev))
}

/// Without credentials.
impl fmt::Display for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Direct::Archive { url, .. } => f.write_str(&shown(url)),
            Direct::Git { url, rev: None, .. } => f.write_str(&shown(url)),
            Direct::Git {
                url,
                rev: Some(rev),
                ..
            } => write!(f, "{} at {}", shown(url), escaped(rev)),
            Direct::Folder { path } => f.write_str(&escaped(&path.to_string_lossy())),
        }
    }
}

impl Direct {
    /// The last part of an archive's address.
    fn file_name(&self) -> String {
        let Direct::Archive { url, .. } = self else {
            return String::new();
        };
        let path = url.split(['?', '#']).next().unwrap_or("");
        percent_decode_str(path.rsplit('/').next().unwrap_or(""))
            .decode_utf8_lossy()
            .replace(['/', '\0'], "-")
    }
}

fn is_inside(path: &Path) -> bool {
    path.components().all(|part| {
        matches!(
            part,
            std::path::Component::Normal(_) | std::path::Component::CurDir
        )
    })
}

/// The name of what lies there, as far as it can be known without running anything of it.
pub fn name(ctx: &Context, direct: &Direct) -> Result<Option<Name>> {
    let file = direct.file_name();
    let of = |tree: &Path, folder: &Option<String>| {
        build::name_of(&tree.join(folder.as_deref().unwrap_or("")))
            .and_then(|name| name.parse().ok())
    };
    match direct {
        Direct::Archive { .. } if file.ends_with(".whl") => {
            Ok(WheelName::parse(&file).map(|wheel| wheel.name))
        }
        Direct::Archive {
            url,
            sha256,
            subdirectory,
        } => {
            // As in NAME-VERSION.tar.gz; those of code hosts are called after a branch.
            let named = file
                .match_indices('-')
                .filter_map(|(at, _)| file[..at].parse::<Name>().ok());
            if let Some(name) = { named }
                .find(|name| filename::source_version(&file, name).is_some())
                .filter(|_| subdirectory.is_none())
            {
                return Ok(Some(name));
            }
            let fetched = fetch(ctx, url, *sha256, &file)?;
            let Some(archive) = fetched
                .path
                .as_ref()
                .and_then(|path| VerifiedArchive::in_cache(path, &fetched.sha256))
            else {
                return Ok(None);
            };
            Ok(of(
                source_of(&ctx.paths, &file, &archive)?.tree(),
                subdirectory,
            ))
        }
        Direct::Git {
            url,
            rev,
            subdirectory,
        } => {
            let commit = git::commit(ctx, url, rev.as_deref())?;
            Ok(of(git::checkout(ctx, url, &commit)?.tree(), subdirectory))
        }
        Direct::Folder { path } => Ok(of(path, &None)),
    }
}

/// The name of what lies there, by building it.
pub fn built_name(builder: &Builder<'_>, direct: &Direct) -> Result<Name> {
    let (wheel, ..) = obtain(builder, direct, false)?;
    Ok(wheel.name().parse()?)
}

/// Has what lies at `url` in the cache as a wheel: fetched, and built if it has to be.
pub fn find(builder: &Builder<'_>, name: &Name, url: &str, editable: bool) -> Result<DirectWheel> {
    let direct: Direct = url.parse()?;
    if editable && !matches!(direct, Direct::Folder { .. }) {
        return Err(Error::Address {
            url: url.into(),
            reason: "only a folder can be editable".into(),
        });
    }
    let (wheel, file, direct_url) = obtain(builder, &direct, editable)?;
    let bad = |reason: String| wheel::Error::Refused {
        file: file.clone(),
        reason,
    };
    let text = metadata::of_cached(&wheel).ok_or_else(|| bad("it has no METADATA".into()))?;
    let metadata: Metadata = text.parse().map_err(bad)?;
    if metadata.name != *name {
        return Err(Error::Another {
            url: url.into(),
            name: name.clone(),
            found: metadata.name,
        });
    }
    let suits = WheelName::parse(&file)
        .is_some_and(|name| Tags::of(builder.python.facts).rank(&name).is_some());
    if !suits {
        return Err(Error::Unsuited { file });
    }
    let file = File {
        file,
        url: net::without_credentials(url),
        sha256: wheel.sha256(),
        size: None,
        requires_python: None,
        yanked: false,
        metadata: Beside::Absent,
        uploaded: None,
    };
    Ok(DirectWheel {
        metadata,
        file,
        direct_url: direct_url.to_string(),
    })
}

/// The wheel of an address: its file's name, and the content of direct_url.json (PEP 610).
type Obtained = (CachedWheel, String, serde_json::Value);

fn obtain(builder: &Builder<'_>, direct: &Direct, editable: bool) -> Result<Obtained> {
    match direct {
        Direct::Folder { path } => obtain_folder(builder, direct, path, editable),
        Direct::Archive {
            url,
            sha256,
            subdirectory,
        } => obtain_archive(builder, direct, (url, *sha256), subdirectory.as_deref()),
        Direct::Git {
            url,
            rev,
            subdirectory,
        } => obtain_git(
            builder,
            direct,
            (url, rev.as_deref()),
            subdirectory.as_deref(),
        ),
    }
}

fn obtain_folder(
    builder: &Builder<'_>,
    direct: &Direct,
    path: &Path,
    editable: bool,
) -> Result<Obtained> {
    let what = direct.to_string();
    let mut names = ["pyproject.toml", "setup.py"].iter();
    if !names.any(|name| path.join(name).is_file()) {
        return Err(build::Error::NoProject { what }.into());
    }
    let job = Job {
        what: &what,
        tree: path,
        editable,
    };
    // A folder's content changes without notice, so it is built each time.
    let (wheel, file) = builder.wheel(&job, None)?;
    let url = Url::from_file_path(path)
        .map(String::from)
        .unwrap_or_default();
    let info = if editable {
        json!({ "editable": true })
    } else {
        json!({})
    };
    Ok((wheel, file, json!({ "url": url, "dir_info": info })))
}

fn obtain_archive(
    builder: &Builder<'_>,
    direct: &Direct,
    (url, sha256): (&str, Option<Sha256>),
    subdirectory: Option<&str>,
) -> Result<Obtained> {
    let (ctx, what, file) = (builder.ctx, direct.to_string(), direct.file_name());
    let offline = || net::Error::Offline { url: url.into() };
    let fetched = fetch(ctx, url, sha256, &file)?;
    let hash = fetched.sha256.to_string();
    let mut about = json!({
        "url": net::without_credentials(url),
        "archive_info": { "hash": format!("sha256={hash}"), "hashes": { "sha256": hash } },
    });
    if file.ends_with(".whl") {
        let wheel = match &fetched.path {
            Some(path) => CachedWheel::from_file(&ctx.paths, path)?,
            None => CachedWheel::open(&ctx.paths, &fetched.sha256).ok_or_else(offline)?,
        };
        return Ok((wheel, file, about));
    }
    if let Some(folder) = subdirectory {
        about["subdirectory"] = json!(folder);
    }
    let folder = subdirectory.unwrap_or_default();
    let identity = format!("archive {} {folder}", fetched.sha256);
    if let Some((wheel, file)) = builder.built(identity.trim_end()) {
        return Ok((wheel, file, about));
    }
    let path = fetched.path.as_ref().ok_or_else(offline)?;
    let changed = || build::Error::Unbuildable {
        what: what.clone(),
        reason: "it changed while it was read".into(),
    };
    let archive = VerifiedArchive::in_cache(path, &fetched.sha256).ok_or_else(changed)?;
    let source = source_of(&ctx.paths, &file, &archive)?;
    let job = Job {
        what: &what,
        tree: &source.tree().join(folder),
        editable: false,
    };
    let (wheel, file) = builder.wheel(&job, Some(identity.trim_end()))?;
    Ok((wheel, file, about))
}

fn obtain_git(
    builder: &Builder<'_>,
    direct: &Direct,
    (url, rev): (&str, Option<&str>),
    subdirectory: Option<&str>,
) -> Result<Obtained> {
    let (ctx, what) = (builder.ctx, direct.to_string());
    let commit = git::commit(ctx, url, rev)?;
    let plain = net::without_credentials(url);
    let mut info = json!({ "vcs": "git", "commit_id": commit });
    if let Some(rev) = rev {
        info["requested_revision"] = json!(rev);
    }
    let mut about = json!({ "url": plain, "vcs_info": info });
    if let Some(folder) = subdirectory {
        about["subdirectory"] = json!(folder);
    }
    let folder = subdirectory.unwrap_or_default();
    let identity = format!("git {plain} {commit} {folder}");
    if let Some((wheel, file)) = builder.built(&identity) {
        return Ok((wheel, file, about));
    }
    let checkout = git::checkout(ctx, url, &commit)?;
    let job = Job {
        what: &what,
        tree: &checkout.tree().join(folder),
        editable: false,
    };
    let (wheel, file) = builder.wheel(&job, Some(&identity))?;
    Ok((wheel, file, about))
}

/// An archive that was fetched.
struct Fetched {
    sha256: Sha256,
    /// None where it can't be had now, and the cache may know what came of it.
    path: Option<PathBuf>,
    _staging: Option<Staging>,
}

/// Fetches an archive whose hash may not be known before: then it is what the address serves today.
fn fetch(ctx: &Context, url: &str, wanted: Option<Sha256>, file: &str) -> Result<Fetched> {
    if let Some(path) = Url::parse(url)
        .ok()
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok())
    {
        let sha256 = digest::file(&path)?;
        expect(url, wanted, sha256)?;
        return Ok(Fetched {
            sha256,
            path: Some(path),
            _staging: None,
        });
    }
    let note = ctx
        .paths
        .index()
        .join("addresses")
        .join(Sha256::of(net::without_credentials(url).as_bytes()).to_string());
    if ctx.offline {
        let known = wanted.or_else(|| fs::read_to_string(&note).ok()?.trim().parse().ok());
        let sha256 = known.ok_or_else(|| net::Error::Offline { url: url.into() })?;
        return Ok(Fetched {
            sha256,
            path: None,
            _staging: None,
        });
    }
    if let Some(sha256) = wanted.filter(|sha256| CachedWheel::open(&ctx.paths, sha256).is_some()) {
        return Ok(Fetched {
            sha256,
            path: None,
            _staging: None,
        });
    }
    let staging = Staging::within(&ctx.paths.archives())?;
    let path = staging.path().join(file);
    let mut response = ctx.client()?.get(url)?;
    let mut to = fs::File::create(&path).map_err(store::Error::io("write", &path))?;
    let total = response.length;
    let arrived = io::copy(&mut response, &mut to).map_err(|error| net::Error::Cut {
        url: url.into(),
        reason: error.to_string(),
    })?;
    if total.is_some_and(|total| arrived < total) {
        return Err(net::Error::Cut {
            url: url.into(),
            reason: format!("{arrived} bytes arrived"),
        }
        .into());
    }
    let sha256 = digest::file(&path)?;
    expect(url, wanted, sha256)?;
    let _ = atomic::write(&note, sha256.to_string().as_bytes(), None);
    Ok(Fetched {
        sha256,
        path: Some(path),
        _staging: Some(staging),
    })
}

fn expect(url: &str, wanted: Option<Sha256>, found: Sha256) -> Result<()> {
    match wanted {
        Some(wanted) if wanted != found => Err(net::Error::Checksum {
            url: url.into(),
            wanted,
            found,
        }
        .into()),
        _ => Ok(()),
    }
}
