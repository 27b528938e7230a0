//! The last step of every way to get a Python: its folder is published with its record.

use std::fs;
use std::path::Path;

use super::installed::{self, Installed, RECORD, Record};
use crate::store::atomic::Staging;
use crate::store::{Error, Result};

/// Publishes `staging` as `home`, with `record` in it, and reads back what others see there now.
pub(super) fn publish(staging: Staging, home: &Path, record: &Record) -> Result<Installed> {
    let text = serde_json::to_vec_pretty(record)
        .map_err(|error| Error::io("write", home)(error.into()))?;
    let file = staging.path().join(RECORD);
    fs::write(&file, text).map_err(Error::io("write", &file))?;
    staging.publish(home)?;
    installed::read(home)
        .ok_or_else(|| Error::io("read", home)(std::io::Error::other("its record is gone")))
}
