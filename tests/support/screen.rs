//! A minimal terminal that draws output, for progress lines that are drawn repeatedly.

/// Returns the lines on a screen of so many columns, without trailing blanks. Unknown sequences are
/// ignored, as terminals do.
pub fn lines(printed: &str, columns: usize) -> Vec<String> {
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = printed.chars();
    while let Some(character) = rest.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{8}' => column = column.saturating_sub(1),
            '\u{1b}' => {
                let Some(kind) = rest.next() else { break };
                if kind == ']' {
                    // A title, up to its bell.
                    rest.by_ref()
                        .find(|character| matches!(character, '\u{7}' | '\\'));
                }
                if kind != '[' {
                    continue;
                }
                let mut number = String::new();
                let Some(end) = rest.by_ref().find(|character| {
                    number.push(*character);
                    character.is_ascii_alphabetic()
                }) else {
                    break;
                };
                number.pop();
                let count = number.parse::<usize>().unwrap_or(0);
                match end {
                    'A' => row = row.saturating_sub(count.max(1)),
                    'B' => row += count.max(1),
                    'C' => column += count.max(1),
                    'D' => column = column.saturating_sub(count.max(1)),
                    'G' => column = count.max(1) - 1,
                    'K' if count == 2 => rows[row].clear(),
                    'K' if count == 0 => rows[row].truncate(column),
                    'J' if count == 0 => {
                        rows.truncate(row + 1);
                        rows[row].truncate(column);
                    }
                    _ => {}
                }
            }
            character if character.is_control() => {}
            character => {
                // A full line goes on in the next one when there is more to show, and not before.
                if column == columns {
                    (row, column) = (row + 1, 0);
                    rows.resize((row + 1).max(rows.len()), Vec::new());
                }
                if rows[row].len() <= column {
                    rows[row].resize(column + 1, ' ');
                }
                rows[row][column] = character;
                column += 1;
            }
        }
        if rows.len() <= row {
            rows.resize(row + 1, Vec::new());
        }
    }
    rows.iter()
        .map(|row| row.iter().collect::<String>().trim_end().to_string())
        .collect()
}

#[test]
fn screen_lines_omit_what_was_drawn_over() {
    let lines = |printed: &str| lines(printed, 10);
    assert_eq!(
        lines("one\r\ntwo\r\n\u{1b}[1A\u{1b}[2Knew\r\n"),
        ["one", "new", ""]
    );
    assert_eq!(lines("abc\u{8}\u{8}X\r\u{1b}[1mY\u{1b}[0m"), ["YXc"]);
    assert_eq!(lines("a\r\nb\r\nc\u{1b}[2A\r\u{1b}[J"), [""]);
    // As progress is drawn: each line filled up to the last column.
    assert_eq!(lines("0123456789\r\nx"), ["0123456789", "x"]);
    assert_eq!(lines("a         b         \u{1b}[1A\rA"), ["A", "b"]);
    assert_eq!(lines("\u{1b}]0;title\u{7}x\u{1b}[?2004h"), ["x"]);
}
