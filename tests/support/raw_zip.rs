//! Zip files written byte by byte, because no library writes hostile ones.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// An entry with its false statements.
#[derive(Clone, Default)]
pub struct Entry {
    /// Name in the directory.
    name: Vec<u8>,
    /// Name in the entry's own header, if it differs.
    local_name: Option<Vec<u8>>,
    content: Vec<u8>,
    /// Packed content, if it is not stored plainly.
    packed: Option<Vec<u8>>,
    method: u16,
    flags: u16,
    /// Kind and permissions of Unix.
    mode: u32,
    /// False statements of the directory.
    says_size: Option<u32>,
    says_crc: Option<u32>,
    /// False statements of its own header: the method and the size.
    local_method: Option<u16>,
    local_size: Option<u32>,
    /// Omits it from the directory.
    unlisted: bool,
    /// Places it at the entry of this number, so many bytes inside.
    at: Option<(usize, u32)>,
}

impl Entry {
    pub fn new(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Entry {
        Entry {
            name: name.as_ref().into(),
            content: content.as_ref().into(),
            mode: 0o100644,
            ..Entry::default()
        }
    }

    pub fn mode(self, mode: u32) -> Entry {
        Entry { mode, ..self }
    }

    pub fn local_name(self, name: &str) -> Entry {
        Entry {
            local_name: Some(name.into()),
            ..self
        }
    }

    pub fn deflated(self) -> Entry {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&self.content).unwrap();
        Entry {
            packed: Some(packer.finish().unwrap()),
            method: 8,
            ..self
        }
    }

    /// Declares the compression method of this number.
    pub fn method(self, method: u16) -> Entry {
        Entry { method, ..self }
    }

    pub fn flags(self, flags: u16) -> Entry {
        Entry { flags, ..self }
    }

    pub fn says_size(self, size: u32) -> Entry {
        Entry {
            says_size: Some(size),
            ..self
        }
    }

    pub fn says_crc(self, crc: u32) -> Entry {
        Entry {
            says_crc: Some(crc),
            ..self
        }
    }

    pub fn local_method(self, method: u16) -> Entry {
        Entry {
            local_method: Some(method),
            ..self
        }
    }

    pub fn local_size(self, size: u32) -> Entry {
        Entry {
            local_size: Some(size),
            ..self
        }
    }

    pub fn unlisted(self) -> Entry {
        Entry {
            unlisted: true,
            ..self
        }
    }

    /// Shares the bytes of another entry, from `offset` on.
    pub fn at(self, number: usize, offset: usize) -> Entry {
        Entry {
            at: Some((number, offset as u32)),
            ..self
        }
    }

    /// Returns its own header and content as they lie in the archive.
    pub fn bytes(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let content = self.packed.as_ref().unwrap_or(&self.content);
        [b"PK\x03\x04", &self.head(name, false)[..], name, content].concat()
    }

    fn head(&self, name: &[u8], in_directory: bool) -> Vec<u8> {
        let mut crc = Crc::new();
        crc.update(&self.content);
        let packed = self.packed.as_ref().unwrap_or(&self.content).len() as u32;
        let mut head = Vec::new();
        head.extend(20u16.to_le_bytes());
        // Names are UTF-8 where they aren't plain.
        let flags = self.flags
            | if std::str::from_utf8(name).is_ok() && !name.is_ascii() {
                1 << 11
            } else {
                0
            };
        head.extend(flags.to_le_bytes());
        head.extend(
            self.local_method
                .filter(|_| !in_directory)
                .unwrap_or(self.method)
                .to_le_bytes(),
        );
        head.extend([0, 0, 0x21, 0]);
        head.extend(self.says_crc.unwrap_or(crc.sum()).to_le_bytes());
        head.extend(packed.to_le_bytes());
        let says = if in_directory {
            self.says_size
        } else {
            self.local_size
        };
        let size = says.unwrap_or(self.content.len() as u32);
        head.extend(size.to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(0u16.to_le_bytes());
        head
    }
}

/// Packs the archive.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut places = Vec::new();
    for entry in entries {
        if let Some((other, offset)) = entry.at {
            places.push(places[other] + offset);
            continue;
        }
        places.push(bytes.len() as u32);
        bytes.extend(entry.bytes());
    }
    let start = bytes.len() as u32;
    let listed = || {
        entries
            .iter()
            .zip(&places)
            .filter(|(entry, _)| !entry.unlisted)
    };
    for (entry, place) in listed() {
        bytes.extend(b"PK\x01\x02");
        bytes.extend((0x0300u16 | 20).to_le_bytes());
        bytes.extend(entry.head(&entry.name, true));
        bytes.extend([0; 6]);
        bytes.extend((entry.mode << 16).to_le_bytes());
        bytes.extend(place.to_le_bytes());
        bytes.extend(&entry.name);
    }
    let length = bytes.len() as u32 - start;
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        bytes.extend((listed().count() as u16).to_le_bytes());
    }
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}
