//! Private keys, by their content or by their place: what `boot add` takes into no repository.

use std::path::Path;

/// Tells whether a file is a private key by its content, wherever it lies, or by its place.
pub(super) fn is_private_key(file: &Path, bytes: &[u8]) -> bool {
    // In UTF-16 every other byte is 0.
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    let upper = text.to_ascii_uppercase();
    // GnuPG's own files, PuTTY, age, and the first SSH.
    let marks = [
        "(PROTECTED-PRIVATE-KEY",
        "PUTTY-USER-KEY-FILE-",
        "AGE-SECRET-KEY-",
        "SSH PRIVATE KEY FILE FORMAT",
    ];
    // PEM and OpenSSH (RFC 7468), armoured PGP (RFC 9580), and SSH2 with four dashes and a blank
    // (RFC 4716); minisign and signify.
    let is_header = |line: &str| {
        (line.contains("-----BEGIN ") || line.contains("---- BEGIN "))
            && line.contains("PRIVATE KEY")
            || line.starts_with("untrusted comment:") && line.contains("secret key")
    };
    let folder = |name: &str| file.parent().is_some_and(|above| above.ends_with(name));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let by_name = (folder(".ssh") && (name.starts_with("id_") || name == "identity") && !name.ends_with(".pub"))
        || folder(".gnupg/private-keys-v1.d")
        || (folder(".gnupg") && name == "secring.gpg")
        // PKCS#12, where a certificate lies with its key.
        || file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("p12") || extension.eq_ignore_ascii_case("pfx"));
    by_name
        || is_der(bytes)
        || is_openpgp(bytes)
        || is_jwk(&text)
        || marks.iter().any(|mark| upper.contains(mark))
        || text.lines().any(is_header)
        || within(&text)
        || wireguard(&text)
}

/// A PEM as base64, as in the `client-key-data` of a configuration of Kubernetes: `-----BEGIN `,
/// and the kind of key.
fn within(text: &str) -> bool {
    // "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE
    // KEY".
    let kinds = [
        "BQUklWQVRFIEtFW",
        "BSU0EgUFJJVkFURSBLRV",
        "BFQyBQUklWQVRFIEtFW",
        "BPUEVOU1NIIFBSSVZBVEUgS0VZ",
        "BFTkNSWVBURUQgUFJJVkFURSBLRV",
    ];
    text.split("LS0tLS1CRUdJTi")
        .skip(1)
        .any(|rest| kinds.iter().any(|kind| rest.starts_with(kind)))
}

/// `PrivateKey = …` below `[Interface]`.
fn wireguard(text: &str) -> bool {
    text.lines().any(|line| {
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        key.trim().eq_ignore_ascii_case("PrivateKey") && value.trim().len() == 44
    })
}

/// A key in DER: PKCS#1, SEC 1 and what OpenSSL writes of DSA begin with a version and numbers,
/// PKCS#8 with a version and an algorithm, its encrypted form with a cipher (RFC 8018); and
/// PKCS#12, whatever it is called. Certificates, requests and public keys look otherwise.
fn is_der(bytes: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    const OCTETS: u8 = 0x04;
    const OBJECT: u8 = 0x06;
    // 1.2.840.113549.1: .5 are the ciphers of PKCS#5, .12.1 those of PKCS#12, .7 is what is in a
    // PKCS#12.
    const RSADSI: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
    let Some((SEQUENCE, content, _)) = element(bytes) else {
        return false;
    };
    let parts: Vec<(u8, &[u8])> =
        std::iter::successors(element(content), |(_, _, rest)| element(rest))
            .map(|(tag, part, _)| (tag, part))
            .collect();
    let tags: Vec<u8> = parts.iter().map(|(tag, _)| *tag).collect();
    let object = |part: &[u8]| {
        element(part)
            .filter(|(tag, ..)| *tag == OBJECT)
            .map(|(_, object, _)| object.to_vec())
    };
    let is_version = |most: u8| matches!(parts[0].1, [version] if *version <= most);
    match tags[..] {
        [INTEGER, SEQUENCE, OCTETS, ..] => is_version(1) && object(parts[1].1).is_some(),
        [INTEGER, OCTETS, ..] => is_version(1),
        // Two numbers are a public key.
        [INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, INTEGER, ..] => is_version(1),
        [INTEGER, SEQUENCE, ..] => {
            parts[0].1 == [3]
                && object(parts[1].1)
                    .is_some_and(|object| object.starts_with(&[&RSADSI[..7], &[7]].concat()))
        }
        [SEQUENCE, OCTETS] => object(parts[0].1).is_some_and(|object| {
            object.starts_with(&RSADSI) || object.starts_with(&[&RSADSI[..7], &[12, 1]].concat())
        }),
        _ => false,
    }
}

/// The first element of DER: its tag, what is in it, and what comes after it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (number(length), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |all, byte| all << 8 | usize::from(*byte))
}

/// A secret key or subkey among the packets of OpenPGP without armour (RFC 9580, 4.2 and 5.5.3),
/// wherever it stands.
fn is_openpgp(mut bytes: &[u8]) -> bool {
    while let Some((tag, body, rest)) = packet(bytes) {
        // The version, the time in four bytes, and in version 3 the days that it is good for; then
        // the algorithm.
        let algorithm = match body.first() {
            Some(2 | 3) => body.get(7),
            Some(4..=6) => body.get(5),
            _ => None,
        };
        if matches!(tag, 5 | 7) && matches!(algorithm, Some(1..=3 | 16..=28)) {
            return true;
        }
        bytes = rest;
    }
    false
}

/// The first packet: its tag, its body, and what comes after it. One in parts isn't a key's.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&header, rest) = bytes.split_first()?;
    let (tag, (length, rest)) = match header {
        0xc0.. => {
            let (&first, rest) = rest.split_first()?;
            let length = match first {
                0..192 => (usize::from(first), rest),
                192..224 => {
                    let (&second, rest) = rest.split_first()?;
                    (
                        (usize::from(first) - 192) * 256 + usize::from(second) + 192,
                        rest,
                    )
                }
                255 => rest
                    .split_at_checked(4)
                    .map(|(length, rest)| (number(length), rest))?,
                _ => return None,
            };
            (header & 0x3f, length)
        }
        0x80.. => {
            let length = match header & 3 {
                3 => (rest.len(), rest),
                kind => rest
                    .split_at_checked(1 << kind)
                    .map(|(length, rest)| (number(length), rest))?,
            };
            (header >> 2 & 0xf, length)
        }
        _ => return None,
    };
    let (body, rest) = rest.split_at_checked(length)?;
    Some((tag, body, rest))
}

/// A JSON Web Key (RFC 7517) with its private half, `d`, or the secret itself, `k`; in a set or in
/// another document too.
fn is_jwk(text: &str) -> bool {
    // In JSON within JSON the quotes have backslashes.
    let text = text.replace('\\', "");
    let has = |key: &str| {
        text.split(key).skip(1).any(|rest| {
            let value = rest
                .trim_start()
                .strip_prefix(':')
                .and_then(|rest| rest.trim_start().strip_prefix('"'))
                .unwrap_or_default();
            // Base64url of sixteen bytes and more.
            value
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                .count()
                >= 22
        })
    };
    text.contains("\"kty\"") && (has("\"d\"") || has("\"k\""))
}
