//! Lines of the README for a Dockerfile and for Ansible. Network: loopback only.

use super::bare_debian::{release, repository};
use crate::support::{Home, Server};

const README: &str = include_str!("../../README.md");
const SCRIPT: &str = "https://raw.githubusercontent.com/boot-py/boot/main/install.sh";

/// Returns the command after `before` on a line of the README.
fn command(before: &str) -> &'static str {
    README
        .lines()
        .find_map(|line| line.strip_prefix(before))
        .unwrap_or_else(|| panic!("no {before:?} in the README"))
}

#[test]
fn readme_line_for_docker_and_ansible_is_idempotent() {
    let server = Server::new();
    release(&server);
    repository(&server, "version = 1\n[dotfiles]\n[shell]\nhook = true\n");
    let docker = command("RUN ");
    assert_eq!(
        docker,
        command("- ansible.builtin.shell: "),
        "one line for both"
    );
    let line = docker
        .replace(SCRIPT, &format!("{}/install.sh", server.url()))
        .replace("YOU", "me");
    assert!(!line.contains("https:"), "{line}");

    let mut home = Home::new();
    home.set("BOOT_INSTALL_URL", &server.url());
    home.set("BOOT_GIT_HOST", &server.url());
    home.set("SHELL", "/bin/bash");
    // As in an image without git: its archive is what there is on loopback.
    let few = home.root.join("few");
    std::fs::create_dir(&few).unwrap();
    for name in
        "sh bash curl id uname find mkdir mktemp rm cp awk grep sed tar gzip dirname cmp mv chmod \
         cut getconf ldd cat sha256sum sysctl"
            .split(' ')
    {
        let found = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
            .iter()
            .map(|folder| std::path::Path::new(folder).join(name));
        if let Some(program) = found.into_iter().find(|path| path.exists()) {
            std::os::unix::fs::symlink(program, few.join(name)).unwrap();
        }
    }
    home.set("PATH", &few.display().to_string());
    home.run(home.command("/bin/sh").args(["-c", &line]))
        .success()
        .stderr_has("new: 1 dotfile, the shell hook");
    assert_eq!(home.read(".toolrc"), "mine\n");
    // What Ansible's `changed_when` looks for.
    home.run(home.command("/bin/sh").args(["-c", &line]))
        .success()
        .stderr_has("nothing to do");
}
