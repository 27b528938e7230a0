//! `boot add` moves dotfiles into the repository and links them, but no private keys.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::Home;

/// Manifest with comments and an unusual order.
const MANIFEST: &str =
    "# mine\nversion = 1 # the first\n\n[shell]   # later\nhook = false\n\n# the end\n";

fn home() -> Home {
    let home = Home::new();
    home.write("dots/boot.toml", MANIFEST);
    home.boot(["init", "dots", "--yes"]).success();
    home
}

fn leads(home: &Home, name: &str) -> String {
    let to = fs::read_link(home.root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    to.strip_prefix(fs::canonicalize(&home.root).unwrap())
        .unwrap()
        .display()
        .to_string()
}

#[test]
fn add_moves_dotfile_and_undo_moves_it_back() {
    let home = home();
    home.write(".vimrc", "set ruler\n");
    fs::set_permissions(home.root.join(".vimrc"), fs::Permissions::from_mode(0o640)).unwrap();
    home.write(".config/a b/rc", "deep\n");
    home.boot(["add", ".vimrc", "~/.config/a b/rc"])
        .success()
        .stderr_has("~/dots/home/.vimrc");
    assert_eq!(leads(&home, ".vimrc"), "dots/home/.vimrc");
    assert_eq!(leads(&home, ".config/a b/rc"), "dots/home/.config/a b/rc");
    assert_eq!(home.read("dots/home/.vimrc"), "set ruler\n");
    assert_eq!(home.read(".config/a b/rc"), "deep\n");
    assert_eq!(
        fs::metadata(home.root.join("dots/home/.vimrc"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o640
    );
    // What the owner wrote stays to the byte; the table that dotfiles need comes after it.
    let manifest = home.read("dots/boot.toml");
    assert!(
        manifest
            .starts_with("# mine\nversion = 1 # the first\n\n[shell]   # later\nhook = false\n"),
        "{manifest}"
    );
    assert!(
        manifest.contains("[dotfiles]") && manifest.contains("# the end"),
        "{manifest}"
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.boot(["add", ".vimrc"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["undo"]).success();
    assert!(
        fs::symlink_metadata(home.root.join(".vimrc"))
            .unwrap()
            .is_file()
    );
    assert_eq!(home.read(".vimrc"), "set ruler\n");
    home.no_leftovers();
}

/// Manifest of another system's editor: with a byte order mark and CR LF.
#[test]
fn add_keeps_bom_and_crlf_of_manifest() {
    let home = home();
    let before = "\u{feff}# mine\r\nversion = 1\r\n\r\n[shell]\r\nhook = false\r\n";
    home.write("dots/boot.toml", before);
    home.write(".vimrc", "set ruler\n");
    home.boot(["add", ".vimrc"]).success();
    let manifest = home.read("dots/boot.toml");
    assert!(
        manifest.starts_with(before) && manifest.contains("\r\n[dotfiles]\r\n"),
        "{manifest:?}"
    );
    assert!(
        !manifest.replace("\r\n", "").contains(['\r', '\n']),
        "{manifest:?}"
    );
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.write("dots/boot.toml", &manifest.replace("hook", "hok"));
    home.boot(["plan"])
        .code(2)
        .one_error()
        .stderr_has("boot.toml:5:1")
        .stderr_has("did you mean hook");
}

#[test]
fn add_with_conflicts_keeps_repository_and_manifest() {
    let home = home();
    home.write(
        "dots/boot.toml",
        "version = 1\n[dotfiles] # here\nroot = 'files'\n'~/.copied' = { mode = 'copy' }\n",
    );
    home.write("dots/files/.copied", "theirs\n");
    home.write("dots/files/.other", "theirs\n");
    home.write("dots/files/.same", "same\n");
    for (name, text) in [
        (".copied", "mine\n"),
        (".other", "mine\n"),
        (".same", "same\n"),
        (".new", "new\n"),
    ] {
        home.write(name, text);
    }
    let before = home.read("dots/boot.toml");
    let run = home
        .boot(["add", ".copied", ".other", ".same", ".new"])
        .code(4);
    run.stderr_has("boot.toml says that it is a copy")
        .stderr_has("the repository has another one");
    assert_eq!(
        (home.read(".copied"), home.read(".other")),
        ("mine\n".into(), "mine\n".into())
    );
    assert_eq!(home.read("dots/files/.other"), "theirs\n");
    assert_eq!(leads(&home, ".same"), "dots/files/.same");
    assert_eq!(leads(&home, ".new"), "dots/files/.new");
    assert_eq!(home.read("dots/boot.toml"), before);
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn add_private_key_by_content_or_place_is_refused() {
    let home = home();
    let dashes = "-----";
    let keys = [
        (
            ".ssh/work",
            format!("{dashes}BEGIN OPENSSH PRIVATE KEY{dashes}\nb3Bl\n"),
        ),
        (
            ".certs/me.pem",
            format!("chain\n{dashes}BEGIN ENCRYPTED PRIVATE KEY{dashes}\n"),
        ),
        (
            ".key.asc",
            format!("{dashes}BEGIN PGP PRIVATE KEY BLOCK{dashes}\n"),
        ),
        (".ssh/id_ed25519", "whatever".into()),
        (".me.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\n".into()),
        (".age", "# created\nAGE-SECRET-KEY-1QQQ\n".into()),
        (".gnupg/private-keys-v1.d/AB.key", "Key: x\n".into()),
        (".ssh/identity", "whatever".into()),
        (".ssh/old", "SSH PRIVATE KEY FILE FORMAT 1.1\n".into()),
        (
            ".ssh/ssh2",
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n".into(),
        ),
        (
            ".wide",
            format!("{dashes}BEGIN PRIVATE KEY{dashes}\n")
                .chars()
                .flat_map(|c| [c, '\0'])
                .collect(),
        ),
        (
            ".minisign/minisign.key",
            "untrusted comment: minisign encrypted secret key\nRWRT\n".into(),
        ),
        (".certs/me.P12", "whatever".into()),
        (
            ".kube/config",
            format!(
                "    client-key-data: {}\n",
                base64(&format!("{dashes}BEGIN RSA PRIVATE KEY{dashes}\n"))
            ),
        ),
        (
            ".kube/ec",
            format!(
                "client-key-data: {}\n",
                base64(&format!("{dashes}BEGIN EC PRIVATE KEY{dashes}\n"))
            ),
        ),
        (
            ".wg.conf",
            format!("[Interface]\nPrivateKey = {}=\n", "A".repeat(43)),
        ),
    ];
    let before = home.read("dots/boot.toml");
    for (name, text) in &keys {
        home.write(name, text);
        home.boot(["add", name])
            .code(1)
            .stderr_has("private key")
            .one_error();
        assert_eq!(home.read(name), *text);
    }
    assert!(!home.root.join("dots/home").exists());
    assert_eq!(home.read("dots/boot.toml"), before);
    // Its public half, and what only speaks of keys, aren't secret.
    home.write(".ssh/id_ed25519.pub", "ssh-ed25519 AAAA me\n");
    home.write(
        ".kube/plain",
        &format!(
            "client-certificate-data: {}\n",
            base64(&format!("{dashes}BEGIN CERTIFICATE{dashes}\n"))
        ),
    );
    home.boot(["add", ".kube/plain"]).success();
    home.write(".ssh/config", "IdentityFile ~/.ssh/work # my PRIVATE KEY\n");
    home.boot(["add", ".ssh/id_ed25519.pub", ".ssh/config"])
        .success();
    assert_eq!(leads(&home, ".ssh/config"), "dots/home/.ssh/config");
}

/// Encodes an element of DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, content].concat()
}

/// Encodes an OpenPGP packet with the header of the old or the new format.
fn packet(old: bool, tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let header = if old {
        vec![0x80 | tag << 2 | 2]
    } else {
        vec![0xc0 | tag, 0xff]
    };
    [&header[..], &length, body].concat()
}

/// Only the structure of these keys tells what they are.
#[test]
fn add_binary_private_key_is_refused_but_public_key_is_not() {
    let home = home();
    let number = der(2, &[0x5a; 128]);
    let version = |number: u8| vec![2, 1, number];
    let object = |last: &[u8]| {
        der(
            6,
            &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01], last].concat(),
        )
    };
    let algorithm = |last: &[u8]| der(0x30, &[object(last), vec![5, 0]].concat());
    let octets = der(4, &[7; 64]);
    let sequence = |parts: &[Vec<u8>]| der(0x30, &parts.concat());
    let rsa = [&[version(0)][..], &vec![number.clone(); 8]].concat();
    let body = |version: u8| [&[version, 1, 2, 3, 4, 22][..], &[9; 80]].concat();
    let user = packet(false, 13, b"me <me@example.com>");
    let b64 = "x".repeat(43);
    let secret: [(&str, Vec<u8>); 14] = [
        ("pkcs1.der", sequence(&rsa)),
        (
            "pkcs8.der",
            sequence(&[version(0), algorithm(&[1, 1]), octets.clone()]),
        ),
        (
            "pkcs8-encrypted.der",
            sequence(&[algorithm(&[5, 13]), octets.clone()]),
        ),
        (
            "pkcs12-encrypted.der",
            sequence(&[algorithm(&[12, 1, 3]), octets.clone()]),
        ),
        (
            "sec1.der",
            sequence(&[version(1), octets.clone(), der(0xa0, &[6, 1, 1])]),
        ),
        (
            "dsa.der",
            sequence(&[&[version(0)][..], &vec![number.clone(); 5]].concat()),
        ),
        ("store", sequence(&[version(3), algorithm(&[7, 1])])),
        (
            "old.gpg",
            [packet(true, 5, &body(4)), user.clone()].concat(),
        ),
        ("new.gpg", packet(false, 5, &body(6))),
        (
            "subkey.gpg",
            [
                packet(false, 6, &body(4)),
                user.clone(),
                packet(true, 7, &body(4)),
            ]
            .concat(),
        ),
        (
            "v3.gpg",
            packet(true, 5, &[&[3, 1, 2, 3, 4, 0, 0, 1][..], &[9; 80]].concat()),
        ),
        (
            "ec.jwk",
            format!("{{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"{b64}\",\"d\" : \"{b64}\"}}")
                .into(),
        ),
        (
            "set.json",
            format!("{{\"keys\": [{{\n  \"k\":\n  \"{b64}\",\n  \"kty\": \"oct\"}}]}}").into(),
        ),
        (
            "within.json",
            format!("{{\"key\": \"{{\\\"kty\\\":\\\"OKP\\\",\\\"d\\\":\\\"{b64}\\\"}}\"}}").into(),
        ),
    ];
    for (name, bytes) in &secret {
        fs::write(home.root.join(name), bytes).unwrap();
        home.boot(["add", name])
            .code(1)
            .stderr_has("private key")
            .one_error();
        assert!(!home.root.join("dots/home").exists(), "{name}");
    }
    let public: [(&str, Vec<u8>); 8] = [
        (
            "spki.der",
            sequence(&[algorithm(&[1, 1]), der(3, &[0; 140])]),
        ),
        ("pkcs1-public.der", sequence(&[number, version(3)])),
        (
            "certificate.der",
            sequence(&[
                sequence(&[der(0xa0, &version(2)), version(5)]),
                algorithm(&[1, 11]),
                der(3, &[0; 140]),
            ]),
        ),
        ("digest.der", sequence(&[algorithm(&[2, 5]), octets])),
        (
            "public.gpg",
            [packet(true, 6, &body(4)), user, packet(true, 14, &body(4))].concat(),
        ),
        (
            "public.jwk",
            format!("{{\"kty\":\"EC\",\"x\":\"{b64}\",\"y\":\"{b64}\",\"kid\":\"d\"}}").into(),
        ),
        (
            "short.json",
            b"{\"kty\": \"EC\", \"d\": \"no key\"}".to_vec(),
        ),
        ("noise", vec![0x30, 0x82, 0xff, 0xff, 2, 1, 0, 0x95, 3]),
    ];
    for (name, bytes) in &public {
        fs::write(home.root.join(name), bytes).unwrap();
        home.boot(["add", name]).success();
        assert_eq!(
            fs::read(home.root.join("dots/home").join(name)).unwrap(),
            *bytes
        );
    }
}

#[test]
fn add_path_that_is_no_home_file_is_refused() {
    let home = home();
    home.write(".folder/file", "x");
    home.write("dots/README", "x");
    symlink(".folder/file", home.root.join(".linked")).unwrap();
    let before = home.tree();
    for (name, says) in [
        (".folder", "it is a folder"),
        (".linked", "it is a link"),
        (".absent", "No such file"),
        ("/etc/passwd", "isn't below the home directory"),
        ("dots/README", "in the repository already"),
        (".", "it is a folder"),
    ] {
        home.boot(["add", name])
            .code(1)
            .stderr_has(says)
            .one_error();
    }
    home.boot(["add"]).code(2);
    assert_eq!(home.tree(), before);
    let without = Home::new();
    without.write(".vimrc", "x");
    without
        .boot(["add", ".vimrc"])
        .code(1)
        .stderr_has("boot init");
}
