//! A real interactive shell on a pseudo-terminal, which script(1) makes on Linux and macOS.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Home;

pub struct Pty {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    asked: usize,
}

impl Pty {
    /// Starts an interactive `shell` in `home`; None, with a message, if the shell is missing.
    pub fn start(home: &Home, shell: &str) -> Option<Pty> {
        Pty::start_as(home, shell, &format!("{shell} -i"))
    }

    /// Like [`Pty::start`], by another command.
    pub fn start_as(home: &Home, shell: &str, line: &str) -> Option<Pty> {
        if !super::needs::program(shell) {
            return None;
        }
        let mut command = home.command("script");
        if cfg!(target_os = "macos") {
            command.args(["-q", "/dev/null", "sh", "-c", &format!("exec {line}")]);
        } else {
            command.args(["-q", "-f", "-e", "-c", &format!("exec {line}"), "/dev/null"]);
        }
        command
            .env("SHELL", which::which(shell).unwrap())
            .env("TERM", "xterm")
            .env("LINES", "50")
            .env("COLUMNS", "200");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let keys = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = screen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                shown
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        let mut pty = Pty {
            child,
            keys,
            screen,
            asked: 0,
        };
        pty.ask("echo ready");
        Some(pty)
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        self.keys.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Presses keys, without Enter: `\u{3}` is Ctrl-C.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Types a command at the next prompt and returns its output, which must be one line.
    pub fn ask(&mut self, command: &str) -> String {
        self.asked += 1;
        // Marks that stand nowhere in what is typed: the shell takes the quotes out.
        let (from, to) = (format!("<{}:", self.asked), format!(":{}>", self.asked));
        self.type_line(&format!(
            "printf '%s' '{}'\"\"'{}'; {command}; printf '%s\\n' '{}'\"\"'{}'",
            &from[..1],
            &from[1..],
            &to[..1],
            &to[1..]
        ));
        let start = Instant::now();
        loop {
            let screen = self.screen.lock().unwrap().clone();
            if let Some(at) = screen.find(&from)
                && let Some(end) = screen[at..].find(&to)
            {
                return screen[at + from.len()..at + end].trim().to_string();
            }
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "waited for {command:?}; the screen shows:\n{screen}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until `text` is shown.
    pub fn expect(&mut self, text: &str) {
        let start = Instant::now();
        while !self.screen().contains(text) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "waited for {text:?}; the screen shows:\n{}",
                self.screen()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Returns all output since the shell started.
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.keys.write_all(b"exit\n");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
