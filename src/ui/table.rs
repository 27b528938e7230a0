//! Results on stdout: aligned columns for people, one JSON object for scripts.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::Error;

/// The widest cell that the other rows are padded to, in columns. A longer one, as a deep path is,
/// stands out alone.
const WIDEST: usize = 60;

/// Prints rows in aligned columns; the last column is never padded. A cell of several lines becomes
/// one: a row stays a row.
pub(crate) fn columns(rows: &[Vec<String>]) -> Result<(), Error> {
    // Blanks at the start stay: they set what belongs to a row in from it.
    let one_line = |cell: &String| {
        cell.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("; ")
    };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(one_line).collect())
        .collect();
    let width = |column: usize| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width());
        cells.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows.iter().map(Vec::len).max().unwrap_or(0))
        .map(width)
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.width()) + 2,
            ));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    out(&text)
}

/// Prints one JSON object, indented, `"schema": 1` first. `body` must serialise to an object.
pub(crate) fn json(body: impl Serialize) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Envelope<T> {
        schema: u32,
        #[serde(flatten)]
        body: T,
    }
    let text = serde_json::to_string_pretty(&Envelope { schema: 1, body })
        .map_err(std::io::Error::from)?;
    out(&format!("{text}\n"))
}

/// Writes a path to stdout as it is, whatever bytes it has.
pub(crate) fn out_path(path: &Path) -> Result<(), Error> {
    let mut line = path.as_os_str().as_encoded_bytes().to_vec();
    line.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&line)?;
    Ok(stdout.flush()?)
}

/// Writes a result to stdout.
pub(crate) fn out(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}
