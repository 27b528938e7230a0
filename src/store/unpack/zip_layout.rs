//! Checks that all readers of a zip file (APPNOTE.TXT) see the same in it. Some believe the header
//! before each entry, others the directory at the end; some begin at the first byte, others search
//! for the end. What they could see differently is refused: it is made to be missed by whoever
//! looks first.

use std::io::{Read, Seek, SeekFrom};

/// An entry as the directory has it.
#[derive(Debug)]
pub(super) struct Listed {
    /// The offset of its own header in the file.
    pub start: u64,
    /// Bytes in the archive, and unpacked.
    pub packed: u64,
    pub size: u64,
    pub crc: u32,
    /// Its number in APPNOTE.TXT.
    pub method: u16,
    pub name: String,
}

/// Length of a header before an entry, without name and extra field.
const HEADER: u64 = 30;
/// Its flag for sizes and checksum that stand behind the content instead.
const BEHIND: u16 = 1 << 3;
/// The lengths that those have: of 32 and 64 bits, without and with a signature.
const BEHIND_LENGTHS: [u64; 4] = [12, 16, 20, 24];
/// Length of the end record, without its comment, and of the longest comment.
const END: usize = 22;
const LONGEST_COMMENT: u64 = 0xffff;

/// The number of entries by the end of a zip file; None where it can't say (64-bit
/// directories have their own count).
///
/// # Errors
/// There is something behind the end, or the file can't be read: in words.
pub(super) fn declared_entries(reader: &mut (impl Read + Seek)) -> Result<Option<usize>, String> {
    let text = |error: std::io::Error| error.to_string();
    let length = reader.seek(SeekFrom::End(0)).map_err(text)?;
    let tail = length.min(END as u64 + LONGEST_COMMENT);
    reader.seek(SeekFrom::Start(length - tail)).map_err(text)?;
    let mut bytes = vec![0; tail as usize];
    reader.read_exact(&mut bytes).map_err(text)?;
    reader.rewind().map_err(text)?;
    // Without any, the library says what is wrong.
    let Some(end) = bytes.windows(4).rposition(|window| window == b"PK\x05\x06") else {
        return Ok(None);
    };
    let Some(record) = bytes.get(end..end + END) else {
        return Err("its end is cut off".into());
    };
    if bytes.len() - end - END != usize::from(short(record, 20)) {
        return Err("there is something behind its end".into());
    }
    Ok(Some(short(record, 10))
        .filter(|count| *count != u16::MAX)
        .map(usize::from))
}

/// Compares what the directory, which starts at `directory`, lists with what lies in the file.
/// Sorts `listed` by place.
///
/// # Errors
/// They differ, overlap, or leave gaps; or the file can't be read: in words.
pub(super) fn check(
    reader: &mut (impl Read + Seek),
    listed: &mut [Listed],
    directory: u64,
) -> Result<(), String> {
    listed.sort_unstable_by_key(|entry| entry.start);
    if listed.first().is_some_and(|first| first.start != 0) {
        return Err("there is something before its first entry".into());
    }
    for (number, entry) in listed.iter().enumerate() {
        let next = listed.get(number + 1).map_or(directory, |next| next.start);
        let header = read_header(reader, entry)?;
        let end = (entry.start + HEADER)
            .saturating_add(header.names)
            .saturating_add(entry.packed);
        // Entries that share bytes make bombs that are no larger than any wheel.
        let Some(gap) = next.checked_sub(end) else {
            return Err("two entries of it overlap".into());
        };
        if gap != 0 && !(header.is_behind && BEHIND_LENGTHS.contains(&gap)) {
            return Err(format!(
                "there is something behind {} that its directory doesn't list",
                entry.name
            ));
        }
    }
    Ok(())
}

struct Header {
    /// Bytes of the name and the extra field.
    names: u64,
    is_behind: bool,
}

/// The header before `entry`, which must say of it what the directory says.
fn read_header(reader: &mut (impl Read + Seek), entry: &Listed) -> Result<Header, String> {
    let text = |error: std::io::Error| error.to_string();
    reader.seek(SeekFrom::Start(entry.start)).map_err(text)?;
    let mut header = [0; HEADER as usize];
    reader.read_exact(&mut header).map_err(text)?;
    let mut name = vec![0; usize::from(short(&header, 26))];
    reader.read_exact(&mut name).map_err(text)?;
    if name != entry.name.as_bytes() {
        return Err(format!("{} has two names in it", entry.name));
    }
    let is_behind = short(&header, 6) & BEHIND != 0;
    // All bits set: the true size, of 64 bits, stands in the extra field, which the library has
    // read.
    let same = |at: usize, listed: u64| match u64::from(long(&header, at)) {
        0 if is_behind => true,
        0xffff_ffff if at != 14 => true,
        here => here == listed,
    };
    if short(&header, 8) != entry.method
        || !same(14, entry.crc.into())
        || !same(18, entry.packed)
        || !same(22, entry.size)
    {
        return Err(format!("{} is described in two ways in it", entry.name));
    }
    Ok(Header {
        names: name.len() as u64 + u64::from(short(&header, 28)),
        is_behind,
    })
}

/// The little-endian number at `at`, of two bytes.
fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The little-endian number at `at`, of four bytes.
fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
