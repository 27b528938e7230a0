//! pip's configuration applies to boot: its files, its variables, and their settings for indexes,
//! files and versions.

use crate::support::sdist::Source;
use crate::support::{Home, Index, Mirror, Server, Wheel, tls};

/// Creates a home that finds packages by pip's configuration alone.
fn home(mirror: &Mirror) -> Home {
    let mut home = Home::with(mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.set("BOOT_INDEX_URL", "");
    home
}

#[test]
fn pip_config_levels_count_as_pip_documents() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    // Each level names an index of its own; that of the highest one is asked.
    let indexes: Vec<Index> = ["1.0", "2.0", "3.0", "4.0", "5.0", "6.0"]
        .map(Index::with_tool)
        .into();
    let conf = |section: &str, number: usize| {
        format!("[{section}]\nindex-url = {}\n", indexes[number].url())
    };
    let says = |home: &Home, wanted: &str| {
        home.boot(["tool", "install", "--force", "tool"]).success();
        assert_eq!(home.tool_version("tool"), wanted);
    };
    home.set(
        "XDG_CONFIG_DIRS",
        &home.root.join("xdg").display().to_string(),
    );
    home.write("xdg/pip/pip.conf", &conf("global", 0));
    says(&home, "1.0");
    home.write(".pip/pip.conf", &conf("global", 1));
    says(&home, "2.0");
    home.write(".config/pip/pip.conf", &conf("global", 2));
    says(&home, "3.0");
    let chosen = home
        .write("mine.conf", &conf("global", 3))
        .display()
        .to_string();
    home.set("PIP_CONFIG_FILE", &chosen);
    says(&home, "4.0");
    // What is for `pip install` counts before what is for all of pip, from whatever file.
    home.write(".pip/pip.conf", &conf("install", 4));
    says(&home, "5.0");
    home.set("PIP_INDEX_URL", &indexes[5].url());
    says(&home, "6.0");
    // No file at all.
    home.set("PIP_CONFIG_FILE", "/dev/null");
    home.set("PIP_INDEX_URL", "");
    home.set("BOOT_INDEX_URL", &indexes[0].url());
    says(&home, "1.0");
}

#[test]
fn pip_config_first_index_with_package_wins() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let (own, public) = (Index::with_tool("1.0"), Index::with_tool("9.0"));
    public.add(Wheel::new("dependency", "1.0").file("dependency.py", ""));
    own.add(
        Wheel::new("tool", "1.1")
            .requires("dependency")
            .command("tool", "hello"),
    );
    home.write(
        ".config/pip/pip.conf",
        &format!(
            "[global]\nindex-url = {}\nextra-index-url =\n    {}\n",
            public.url(),
            own.url()
        ),
    );
    home.boot(["tool", "install", "tool"])
        .success()
        .stderr_has(&format!("from {}: tool", own.url()));
    assert_eq!(home.tool_version("tool"), "1.1");
    home.set("PIP_EXTRA_INDEX_URL", &format!("{}/other", own.url()));
    home.boot(["tool", "upgrade", "tool"]).success();
    assert_eq!(
        home.tool_version("tool"),
        "9.0",
        "the variable stands for the file's"
    );
}

#[test]
fn pip_config_find_links_adds_folders_and_pages() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let index = Index::with_tool("1.0");
    let wheel = Wheel::new("tool", "2.0")
        .command("tool", "of the folder")
        .bytes();
    let folder = home.root.join("wheel house");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("tool-2.0-py3-none-any.whl"), &wheel).unwrap();
    std::fs::write(folder.join("notes.txt"), "").unwrap();
    let address = format!(
        "file://{}",
        folder.display().to_string().replace(' ', "%20")
    );
    home.set("PIP_INDEX_URL", &index.url());
    home.set("PIP_FIND_LINKS", &format!("/nonexistent {address}"));
    home.boot(["tool", "install", "tool"]).success();
    assert_eq!(home.tool_version("tool"), "2.0");

    // The folder alone: no index is asked, and what it doesn't have can't be had.
    index.server.requests();
    home.set("PIP_NO_INDEX", "1");
    home.boot(["tool", "install", "--force", "tool"]).success();
    home.boot(["tool", "install", "other"]).code(1).one_error();
    assert_eq!(index.server.requests(), [] as [&str; 0]);

    // A page with links, as file servers make them.
    let sha256 = boot::testing::Sha256::of(&wheel);
    index.server.put(
        "/tool-3.0-py3-none-any.whl",
        "application/octet-stream",
        Wheel::new("tool", "3.0").command("tool", "3").bytes(),
    );
    let three = boot::testing::Sha256::of(&Wheel::new("tool", "3.0").command("tool", "3").bytes());
    let page = format!(
        "<a href=\"tool-3.0-py3-none-any.whl#sha256={three}\">x</a><a \
         href=\"x-2.0-py3-none-any.whl#sha256={sha256}\">x</a>"
    );
    index
        .server
        .put("/links.html", "text/html", page.into_bytes());
    home.set(
        "PIP_FIND_LINKS",
        &format!("{}/links.html", index.server.url()),
    );
    home.boot(["tool", "upgrade", "tool"]).success();
    assert_eq!(home.tool_version("tool"), "3.0");
}

#[test]
fn pip_config_format_and_version_choices_are_honoured() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let index = Index::with_tool("1.0");
    index.add(Wheel::new("tool", "3.0rc1").command("tool", "hello"));
    index.add_source(&Source::new("tool", "2.0", "built"));
    home.set("PIP_INDEX_URL", &index.url());
    let mut says = |variables: &[(&str, &str)], wanted: &str| {
        variables
            .iter()
            .for_each(|(name, value)| home.set(name, value));
        home.boot(["tool", "install", "--force", "tool"]).success();
        assert_eq!(home.tool_version("tool"), wanted, "{variables:?}");
        variables.iter().for_each(|(name, _)| home.set(name, ""));
    };
    says(&[], "2.0");
    says(&[("PIP_ONLY_BINARY", ":all:")], "1.0");
    says(&[("PIP_ONLY_BINARY", "other,Tool")], "1.0");
    says(&[("PIP_PRE", "true")], "3.0rc1");
    says(&[("PIP_PRE", "1"), ("PIP_NO_BINARY", "tool")], "2.0");
    let constraints =
        "# for all of us\ntool<2  # the last that works\ntool>7; python_version < '3'\n--pre\n";
    let file = home
        .write("constraints.txt", constraints)
        .display()
        .to_string();
    let mut says = |variables: &[(&str, &str)], wanted: &str| {
        variables
            .iter()
            .for_each(|(name, value)| home.set(name, value));
        home.boot(["tool", "install", "--force", "tool"]).success();
        assert_eq!(home.tool_version("tool"), wanted, "{variables:?}");
    };
    says(&[("PIP_CONSTRAINT", &file)], "1.0");
    home.set("PIP_CONSTRAINT", "/nonexistent/constraints.txt");
    home.boot(["tool", "install", "--force", "tool"])
        .code(1)
        .one_error()
        .stderr_has("/nonexistent/constraints.txt");
    assert_eq!(home.tool_version("tool"), "1.0");
}

#[test]
fn pip_config_certificates_and_trusted_hosts_are_honoured() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let index = Index::with_tool("1.0");
    let secure = tls::in_front_of(&index.server.url(), false);
    home.set("PIP_INDEX_URL", &format!("{secure}/simple"));
    home.boot(["tool", "install", "tool"]).code(1).one_error();
    assert_eq!(
        index.server.requests(),
        [] as [&str; 0],
        "nothing is asked of a server that nobody vouches for"
    );
    let host = secure.trim_start_matches("https://").to_string();
    home.write(
        ".config/pip/pip.conf",
        "[global]\ntrusted-host = elsewhere.example\n    127.0.0.1:1\n",
    );
    home.boot(["tool", "install", "tool"]).code(1).one_error();
    for trusted in ["127.0.0.1", &host] {
        home.write(
            ".config/pip/pip.conf",
            &format!("[global]\ntrusted-host = elsewhere.example\n    {trusted}\n"),
        );
        home.boot(["tool", "install", "--force", "tool"]).success();
        let _ = std::fs::remove_dir_all(home.root.join(".cache/boot"));
    }
    home.write(".config/pip/pip.conf", "");
    let authority = home
        .write("authority.pem", tls::AUTHORITY)
        .display()
        .to_string();
    home.set("PIP_CERT", &authority);
    home.boot(["tool", "install", "--force", "tool"]).success();
    let _ = std::fs::remove_dir_all(home.root.join(".cache/boot"));

    // A server that wants to know who asks.
    home.set(
        "PIP_INDEX_URL",
        &format!("{}/simple", tls::in_front_of(&index.server.url(), true)),
    );
    home.boot(["tool", "install", "--force", "tool"])
        .code(1)
        .one_error();
    let identity = home
        .write("identity.pem", tls::IDENTITY)
        .display()
        .to_string();
    home.set("PIP_CLIENT_CERT", &identity);
    home.boot(["tool", "install", "--force", "tool"]).success();
    let _ = std::fs::remove_dir_all(home.root.join(".cache/boot"));
    home.set("PIP_CLIENT_CERT", "/nonexistent/identity.pem");
    home.boot(["tool", "install", "--force", "tool"])
        .code(1)
        .one_error()
        .stderr_has("/nonexistent/identity.pem");
}

#[test]
fn pip_config_proxy_is_used() {
    let mirror = Mirror::new();
    let mut home = home(&mirror);
    let proxy = Server::new();
    let wheel = Wheel::new("tool", "1.0").command("tool", "hello").bytes();
    let sha256 = boot::testing::Sha256::of(&wheel);
    let page = format!("<a href=\"tool-1.0-py3-none-any.whl#sha256={sha256}\">x</a>");
    // What proxies are asked for is whole addresses; nobody has this host.
    let base = "http://packages.invalid/simple/tool/";
    proxy.put(base, "text/html", page.into_bytes());
    proxy.put(
        &format!("{base}tool-1.0-py3-none-any.whl"),
        "application/octet-stream",
        wheel,
    );
    home.set("PIP_INDEX_URL", "http://packages.invalid/simple");
    home.boot(["tool", "install", "tool"]).code(1).one_error();
    let address = proxy.url().replacen("://", "://me:pass-word@", 1);
    home.write(
        ".config/pip/pip.conf",
        &format!("[global]\nproxy = {address}\n"),
    );
    home.boot(["tool", "install", "tool"])
        .success()
        .stderr_lacks("pass-word");
    home.write(
        ".config/pip/pip.conf",
        "[global]\nproxy = http://me:pass-word@[\n",
    );
    let _ = std::fs::remove_dir_all(home.root.join(".cache/boot"));
    home.boot(["tool", "install", "--force", "tool"])
        .code(1)
        .one_error()
        .stderr_lacks("pass-word");
}
