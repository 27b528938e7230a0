//! A marked block in a file that belongs to the user. It is put in, brought up to date, and taken
//! out again so that every other byte is as it was. The block itself says how the file was before,
//! so nothing need be remembered elsewhere.

const BEGIN: &str = "# >>> boot >>>";
/// The file's last line had no end; the block gave it one.
const BEGIN_JOINED: &str = "# >>> boot, after a line without an end >>>";
/// There was no file.
const BEGIN_OWN: &str = "# >>> boot, in a file of its own >>>";
const END: &str = "# <<< boot <<<";

/// The file with the block, `lines` being what stands between the marks. `before` is None where
/// there is no file.
pub(crate) fn with(before: Option<&[u8]>, lines: &[u8]) -> Vec<u8> {
    let block = |begin: &str| [begin.as_bytes(), b"\n", lines, END.as_bytes(), b"\n"].concat();
    let Some(before) = before else {
        return block(BEGIN_OWN);
    };
    if let Some(found) = find(before) {
        return [
            &before[..found.start],
            &block(found.begin),
            &before[found.end..],
        ]
        .concat();
    }
    if before.is_empty() || before.ends_with(b"\n") {
        [before, &block(BEGIN)].concat()
    } else {
        [before, b"\n", &block(BEGIN_JOINED)].concat()
    }
}

/// The file without the block; None where no file is to be left. The same bytes if there is no
/// block.
pub(crate) fn without(before: &[u8]) -> Option<Vec<u8>> {
    let Some(found) = find(before) else {
        return Some(before.into());
    };
    let mut head = &before[..found.start];
    let tail = &before[found.end..];
    if found.begin == BEGIN_OWN && head.is_empty() && tail.is_empty() {
        return None;
    }
    // With something added behind it, the line needs its end.
    if found.begin == BEGIN_JOINED && tail.is_empty() {
        head = head.strip_suffix(b"\n").unwrap_or(head);
    }
    Some([head, tail].concat())
}

/// `after`, which is to take the place of `before`, with the block that stands there.
pub(crate) fn kept(before: &[u8], after: &[u8]) -> Vec<u8> {
    let Some(found) = find(before) else {
        return after.into();
    };
    let block = &before[found.start..found.end];
    let lines = block
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(block, |end| &block[end + 1..]);
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    with(
        Some(after),
        lines.strip_suffix(END.as_bytes()).unwrap_or(lines),
    )
}

struct Found {
    start: usize,
    end: usize,
    begin: &'static str,
}

/// The block, by whole lines.
fn find(text: &[u8]) -> Option<Found> {
    let mut start = None;
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let next = at + line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(begin) = [BEGIN, BEGIN_JOINED, BEGIN_OWN]
            .into_iter()
            .find(|begin| begin.as_bytes() == line)
        {
            start = Some((at, begin));
        } else if line == END.as_bytes()
            && let Some((start, begin)) = start
        {
            return Some(Found {
                start,
                end: next,
                begin,
            });
        }
        at = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_and_without_round_trip() {
        for before in [
            None,
            Some(""),
            Some("a\n"),
            Some("a"),
            Some("a\n\n"),
            Some("\r\n"),
            Some("\n"),
        ] {
            let once = with(before.map(str::as_bytes), b"x\n");
            assert_eq!(with(Some(&once), b"x\n"), once, "{before:?}");
            let newer = with(Some(&once), b"y\n");
            assert!(
                String::from_utf8_lossy(&newer).contains("\ny\n"),
                "{before:?}"
            );
            assert_eq!(
                without(&newer).as_deref(),
                before.map(str::as_bytes),
                "{before:?}"
            );
        }
    }

    #[test]
    fn kept_keeps_block_of_rewritten_file() {
        for (before, after) in [
            (None, "b"),
            (Some("a"), "b\n"),
            (Some("a\n"), "b"),
            (Some("a\n"), ""),
            (Some("a\n"), "b\n"),
        ] {
            let there = with(before.map(str::as_bytes), b"x\ny\n");
            let again = kept(&there, after.as_bytes());
            assert!(
                String::from_utf8_lossy(&again).contains("\nx\ny\n# <<<"),
                "{before:?} {after:?}"
            );
            assert_eq!(
                without(&again).unwrap(),
                after.as_bytes(),
                "{before:?} {after:?}"
            );
            // Where the new one has one too, what it says is what is said here.
            assert_eq!(kept(&there, &with(Some(after.as_bytes()), b"old\n")), again);
        }
        assert_eq!(kept(b"a\n", b"b"), b"b");
    }

    #[test]
    fn without_keeps_text_around_block() {
        let mut file = with(Some(b"a"), b"x\n");
        file.extend(b"b\n");
        assert_eq!(without(&file).unwrap(), b"a\nb\n");
        let mut file = with(None, b"x\n");
        file.extend(b"b");
        assert_eq!(without(&file).unwrap(), b"b");
        assert_eq!(
            without(b"# >>> boot >>>\nno end\n").unwrap(),
            b"# >>> boot >>>\nno end\n"
        );
    }
}
