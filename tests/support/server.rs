//! A web server on loopback with configurable faults.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Fault of a path.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Ends the connection after so many bytes of the body, every time.
    Cut(usize),
    /// Like Cut, but only the first time.
    CutOnce(usize),
    Status(u16),
    /// Answers so many times with this status, then normally.
    Failing(u32, u16),
    /// Sends the head, then nothing.
    Stall,
    /// Ignores ranges, as some proxies do, and cuts the connection once.
    NoRanges(usize),
    /// Redirects to itself.
    Loop,
    /// Redirects to another address.
    Redirect(String),
    /// Sends the whole body with a length that is off by so much, and ends the connection.
    Length(i64),
    /// Sends so many bytes of the body, then nothing.
    StallAt(usize),
    /// Sends so many bytes of the body, and the rest when the test repairs it.
    Held(usize),
}

#[derive(Default)]
struct State {
    files: HashMap<String, (String, Vec<u8>)>,
    faults: HashMap<String, Fault>,
    /// Method and path of each request.
    seen: Vec<String>,
    /// Authorization header of each request.
    authorizations: Vec<Option<String>>,
    /// Required Authorization header.
    demand: Option<String>,
    /// Further headers of a path.
    headers: HashMap<String, Vec<(String, String)>>,
    /// Retry-After of a refused path, in seconds.
    later: HashMap<String, u32>,
    /// Header lines of the last request for a path, in lower case.
    asked: HashMap<String, Vec<String>>,
    /// Number of "not changed" answers.
    unchanged: usize,
    /// Number of connections.
    connections: usize,
    /// Bytes sent of each path.
    sent: HashMap<String, usize>,
    /// Groups of paths that are answered together: those of each group that were not requested yet.
    together: Vec<(Vec<String>, Vec<String>)>,
}

pub struct Server {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn new() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                state.lock().unwrap().connections += 1;
                std::thread::spawn(move || serve(stream, port, &state));
            }
        });
        Server { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn put(&self, path: &str, kind: &str, content: Vec<u8>) {
        self.state
            .lock()
            .unwrap()
            .files
            .insert(path.into(), (kind.into(), content));
    }

    /// Returns the type and content of `path`.
    pub fn content(&self, path: &str) -> (String, Vec<u8>) {
        self.state.lock().unwrap().files[path].clone()
    }

    pub fn fault(&self, path: &str, fault: Fault) {
        self.state.lock().unwrap().faults.insert(path.into(), fault);
    }

    pub fn mend(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// Removes the fault of one path.
    pub fn mend_at(&self, path: &str) {
        self.state.lock().unwrap().faults.remove(path);
    }

    /// Requires this user and password for everything.
    pub fn demand(&self, user: &str, password: &str) {
        use base64::Engine;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.state.lock().unwrap().demand = Some(format!("Basic {pair}"));
    }

    /// Returns the Authorization headers of the requests since the last call.
    pub fn authorizations(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.state.lock().unwrap().authorizations)
    }

    /// Sends `headers` with `path`, and answers conditional requests by them.
    pub fn says(&self, path: &str, headers: &[(&str, &str)]) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        self.state
            .lock()
            .unwrap()
            .headers
            .insert(path.into(), headers);
    }

    /// Sends Retry-After with a refused `path`, in seconds.
    pub fn later(&self, path: &str, seconds: u32) {
        self.state
            .lock()
            .unwrap()
            .later
            .insert(path.into(), seconds);
    }

    /// Returns the header lines of the last request for `path`, in lower case.
    pub fn asked(&self, path: &str) -> Vec<String> {
        self.state
            .lock()
            .unwrap()
            .asked
            .get(path)
            .cloned()
            .unwrap_or_default()
    }

    /// Answers none of `paths` before all of them are requested; sequential requests time out with
    /// a 500.
    pub fn together(&self, paths: &[&str]) {
        let paths: Vec<String> = paths.iter().map(|path| path.to_string()).collect();
        self.state
            .lock()
            .unwrap()
            .together
            .push((paths.clone(), paths));
    }

    /// Counts "not changed" answers since the last call.
    pub fn unchanged(&self) -> usize {
        std::mem::take(&mut self.state.lock().unwrap().unchanged)
    }

    /// Counts the bytes of `path` that were sent since the last call, hung-up connections included.
    pub fn sent(&self, path: &str) -> usize {
        self.state
            .lock()
            .unwrap()
            .sent
            .remove(path)
            .unwrap_or_default()
    }

    /// Counts the connections since the last call.
    pub fn connections(&self) -> usize {
        std::mem::take(&mut self.state.lock().unwrap().connections)
    }

    /// Returns the requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }
}

fn serve(stream: TcpStream, port: u16, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_string(), words.next()?.replace("%2B", "+"));
        let mut from = None;
        let mut authorization = None;
        let mut lines = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let (whole, header) = (header.trim_end(), header.trim_end().to_ascii_lowercase());
            if header.starts_with("authorization:") {
                authorization = whole
                    .split_once(':')
                    .map(|(_, value)| value.trim().to_string());
            }
            if header.is_empty() {
                break;
            }
            from = header
                .strip_prefix("range: bytes=")
                .and_then(range)
                .or(from);
            lines.push(header);
        }
        let all_came = gathered(state, &path);
        let (file, fault) = {
            let mut state = state.lock().unwrap();
            state.seen.push(format!("{method} {path}"));
            state.asked.insert(path.clone(), lines.clone());
            let refused = state.demand.is_some() && state.demand != authorization;
            state.authorizations.push(authorization);
            let fault = match state.faults.get(&path) {
                _ if refused => Some(Fault::Status(401)),
                _ if !all_came => Some(Fault::Status(500)),
                fault => fault.cloned(),
            };
            match fault {
                // A HEAD has no body that could be cut.
                Some(Fault::CutOnce(_) | Fault::NoRanges(_)) if method == "HEAD" => {}
                Some(Fault::Failing(1, _) | Fault::CutOnce(_)) => {
                    state.faults.remove(&path);
                }
                Some(Fault::Failing(left, status)) => {
                    state
                        .faults
                        .insert(path.clone(), Fault::Failing(left - 1, status));
                }
                Some(Fault::NoRanges(cut)) if cut > 0 => {
                    state.faults.insert(path.clone(), Fault::NoRanges(0));
                }
                _ => {}
            }
            (state.files.get(&path).cloned(), fault)
        };
        let refused = match fault {
            Some(Fault::Status(status) | Fault::Failing(_, status)) => Some(status),
            Some(Fault::Redirect(_)) => None,
            _ if file.is_none() => Some(404),
            _ => None,
        };
        if let Some(status) = refused {
            let later = state
                .lock()
                .unwrap()
                .later
                .get(&path)
                .map(|seconds| format!("retry-after: {seconds}\r\n"))
                .unwrap_or_default();
            write!(
                stream,
                "HTTP/1.1 {status} No\r\n{later}content-length: 0\r\n\r\n"
            )
            .ok()?;
            continue;
        }
        if let Some(Fault::Redirect(target)) = &fault {
            write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
            )
            .ok()?;
            continue;
        }
        if matches!(fault, Some(Fault::Loop)) {
            write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{port}{path}\r\n\
                            content-length: 0\r\n\r\n"
            )
            .ok()?;
            continue;
        }
        let mut said = String::new();
        let mut unchanged = false;
        {
            let mut state = state.lock().unwrap();
            for (name, value) in state.headers.get(&path).into_iter().flatten() {
                said.push_str(&format!("{name}: {value}\r\n"));
                let line = match name.as_str() {
                    "etag" => format!("if-none-match: {value}"),
                    "last-modified" => format!("if-modified-since: {value}"),
                    _ => continue,
                };
                unchanged |= lines.contains(&line.to_ascii_lowercase());
            }
            state.unchanged += usize::from(unchanged);
        }
        if unchanged {
            write!(stream, "HTTP/1.1 304 Not Modified\r\n{said}\r\n").ok()?;
            continue;
        }
        let (kind, content) = file?;
        let start = match (from, &fault) {
            (_, Some(Fault::NoRanges(_))) | (None, _) => None,
            (Some(start), _) => Some(start),
        };
        let body = match start {
            Some((start, end)) => {
                let (start, end) = match (start, end) {
                    (Some(start), end) => (
                        start,
                        end.map_or(content.len(), |end| (end + 1).min(content.len())),
                    ),
                    (None, last) => (
                        content.len().saturating_sub(last.unwrap_or(0)),
                        content.len(),
                    ),
                };
                if start >= content.len() {
                    write!(stream, "HTTP/1.1 416 No\r\ncontent-length: 0\r\n\r\n").ok()?;
                    continue;
                }
                write!(
                    stream,
                    "HTTP/1.1 206 Partial\r\ncontent-range: bytes {start}-{}/{}\r\n",
                    end - 1,
                    content.len()
                )
                .ok()?;
                &content[start..end]
            }
            None => {
                write!(stream, "HTTP/1.1 200 OK\r\n").ok()?;
                &content[..]
            }
        };
        let length = match fault {
            Some(Fault::Length(off)) => body.len() as i64 + off,
            _ => body.len() as i64,
        };
        write!(
            stream,
            "{said}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
        )
        .ok()?;
        if method == "HEAD" {
            continue;
        }
        *state.lock().unwrap().sent.entry(path.clone()).or_default() += body.len();
        match fault {
            Some(Fault::Cut(at) | Fault::CutOnce(at) | Fault::NoRanges(at))
                if at > 0 || !matches!(fault, Some(Fault::NoRanges(_))) =>
            {
                stream.write_all(&body[..at.min(body.len())]).ok()?;
                return None;
            }
            Some(Fault::Length(_)) => {
                stream.write_all(body).ok()?;
                return None;
            }
            Some(Fault::Stall | Fault::StallAt(_)) => {
                let at = if let Some(Fault::StallAt(at)) = fault {
                    at
                } else {
                    0
                };
                stream.write_all(&body[..at.min(body.len())]).ok()?;
                stream.flush().ok()?;
                std::thread::sleep(Duration::from_secs(30));
                return None;
            }
            Some(Fault::Held(at)) => {
                let (now, later) = body.split_at(at.min(body.len()));
                stream.write_all(now).ok()?;
                stream.flush().ok()?;
                while state.lock().unwrap().faults.contains_key(&path) {
                    std::thread::sleep(Duration::from_millis(10));
                }
                stream.write_all(later).ok()?;
            }
            _ => stream.write_all(body).ok()?,
        }
    }
}

/// Waits until the group of `path` is requested; false after a generous time limit.
fn gathered(state: &Mutex<State>, path: &str) -> bool {
    for _ in 0..2000 {
        let mut state = state.lock().unwrap();
        let Some((_, missing)) = state
            .together
            .iter_mut()
            .find(|(all, _)| all.iter().any(|other| other == path))
        else {
            return true;
        };
        missing.retain(|other| other != path);
        if missing.is_empty() {
            return true;
        }
        drop(state);
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// Parses `5-9`, `5-` and `-9`; the last is the final nine bytes.
fn range(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let (start, end) = text.split_once('-')?;
    Some((start.parse().ok(), end.parse().ok()))
}
