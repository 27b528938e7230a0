//! Signals that end boot: it dies of the signal itself, so that a shell's loop stops.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use crate::support::pty::Pty;
use crate::support::{BOOT, Fault, Home, Mirror};

/// Runs `command` in a loop of three rounds at a real prompt, presses Ctrl-C in the first one once
/// `is_busy`, and checks that there is no second round.
fn interrupt_loop(home: &Home, command: &str, is_busy: impl Fn(&mut Pty)) -> Option<String> {
    let mut pty = Pty::start(home, "bash")?;
    pty.type_line(&format!(
        "for i in 1 2 3; do echo round-$i.; {command}; done"
    ));
    is_busy(&mut pty);
    pty.press("\u{3}");
    // A line that is typed before the signal has ended boot would be the answer to its question.
    pty.expect("^C");
    std::thread::sleep(Duration::from_millis(500));
    pty.type_line("code=$?");
    assert_eq!(pty.ask("echo $code"), "130");
    let screen = pty.screen();
    assert!(
        screen.contains("round-1.") && !screen.contains("round-2."),
        "{screen}"
    );
    Some(screen)
}

#[test]
fn python_install_interrupted_ends_shell_loop() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    home.set("BOOT_READ_TIMEOUT", "20");
    mirror.server.fault(&mirror.path(), Fault::Stall);
    let command = format!("{BOOT} python install {}", mirror.minor());
    let screen = interrupt_loop(&home, &command, |_| {
        while mirror.server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(100));
    });
    if let Some(screen) = screen {
        assert!(screen.contains("the same command starts over"), "{screen}");
    }
    home.no_leftovers();
}

#[test]
fn init_interrupted_at_question_ends_shell_loop() {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.write("dots/boot.toml", "version = 1\n[dotfiles]\n");
    home.write("dots/home/.toolrc", "ours\n");
    home.write(".toolrc", "mine\n");
    let screen = interrupt_loop(&home, &format!("{BOOT} init dots"), |pty| {
        pty.expect("[backup/keep/stop]")
    });
    if let Some(screen) = screen {
        assert!(
            screen.contains("the same command asks it again"),
            "{screen}"
        );
        assert!(!screen.contains("starts over"), "{screen}");
    }
    assert_eq!(home.read(".toolrc"), "mine\n");
}

#[test]
fn exec_interrupted_ends_shell_loop() {
    let home = Home::new();
    let program = "sh -c 'echo it-runs; exec sleep 60'";
    interrupt_loop(&home, &format!("{BOOT} exec {program}"), |pty| {
        pty.expect("it-runs\r");
    });
}

#[test]
fn python_install_signal_clears_staging_and_ends_boot() {
    for signal in [
        rustix::process::Signal::HUP,
        rustix::process::Signal::INT,
        rustix::process::Signal::TERM,
    ] {
        let mirror = Mirror::new();
        let mut home = Home::with(&mirror);
        home.set("BOOT_READ_TIMEOUT", "20");
        mirror.server.fault(&mirror.path(), Fault::Stall);
        let mut child = home
            .command(BOOT)
            .args(["python", "install", &mirror.minor()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while mirror.server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(100));
        let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
        home.no_leftovers();
    }
}
