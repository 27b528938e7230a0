//! A value together with the text that it was written as.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of `boot.toml`. Locks and messages name it as its owner wrote it, and two are the same
/// where their texts are.
#[derive(Clone, Debug)]
pub(crate) struct Written<T> {
    text: String,
    value: T,
}

impl<T> Written<T> {
    pub(crate) fn value(&self) -> &T {
        &self.value
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T: fmt::Display> Written<T> {
    /// A value that boot writes itself.
    pub(crate) fn by_boot(value: T) -> Written<T> {
        Written {
            text: value.to_string(),
            value,
        }
    }
}

impl<T: fmt::Display> From<T> for Written<T> {
    fn from(value: T) -> Written<T> {
        Written::by_boot(value)
    }
}

impl<T: FromStr> FromStr for Written<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Written<T>, T::Err> {
        Ok(Written {
            value: text.parse()?,
            text: text.into(),
        })
    }
}

impl<T> fmt::Display for Written<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<T> PartialEq for Written<T> {
    fn eq(&self, other: &Written<T>) -> bool {
        self.text == other.text
    }
}

impl<T> Eq for Written<T> {}

impl<T> Ord for Written<T> {
    fn cmp(&self, other: &Written<T>) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl<T> PartialOrd for Written<T> {
    fn partial_cmp(&self, other: &Written<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Serialize for Written<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Written<T>, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
