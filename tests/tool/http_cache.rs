//! Index pages are cached as long as the server says (RFC 9111), also behind proxies that drop
//! headers. The tests move the time at which a page was stored.

use std::fs;

use crate::support::{Fault, Home, Index, Mirror, Wheel};

const DAY: u64 = 86_400;

struct Story {
    home: Home,
    index: Index,
}

/// Installs a tool from an index that sends `headers` with its page.
fn story(headers: &[(&str, &str)]) -> Story {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(Wheel::new("teller", "1.0").command("teller", "teller 1.0"));
    index.server.says(&Index::page("teller"), headers);
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.boot(["tool", "install", "teller"]).success();
    index.server.requests();
    Story { home, index }
}

impl Story {
    /// Makes the stored pages older by `seconds`.
    fn later(&self, seconds: u64) {
        let pages = self.home.root.join(".cache/boot/index/pages");
        for entry in fs::read_dir(pages).into_iter().flatten().flatten() {
            let mut page: serde_json::Value =
                serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap();
            let fetched = page["said"]["fetched"].as_u64().unwrap();
            page["said"]["fetched"] = (fetched - seconds * 1000).into();
            fs::write(entry.path(), page.to_string()).unwrap();
        }
    }

    /// Counts the page requests of one more successful install.
    fn asks(&self, words: &[&str]) -> usize {
        self.home
            .boot([&["tool", "install", "--force", "teller"], words].concat())
            .success();
        let page = format!("GET {}", Index::page("teller"));
        self.index
            .server
            .requests()
            .iter()
            .filter(|request| **request == page)
            .count()
    }
}

#[test]
fn index_page_is_fresh_as_long_as_server_says() {
    for (headers, fresh, old) in [
        (&[("cache-control", "max-age=120, public")][..], 60, 180),
        (&[("cache-control", "max-age=300"), ("age", "200")], 40, 160),
        (&[], 300, 900),
        (&[("cache-control", "max-age=31536000")], 1800, DAY),
    ] {
        let story = story(headers);
        story.later(fresh);
        assert_eq!(story.asks(&[]), 0, "{headers:?}");
        story.later(old - fresh);
        assert_eq!(story.asks(&[]), 1, "{headers:?}");
        assert_eq!(
            story.asks(&[]),
            0,
            "what came anew is fresh again: {headers:?}"
        );
    }
    for headers in [
        [("cache-control", "no-cache")],
        [("vary", "*")],
        [("expires", "0")],
        [("pragma", "no-cache")],
    ] {
        assert_eq!(story(&headers).asks(&[]), 1, "{headers:?}");
    }
}

#[test]
fn index_page_that_is_unchanged_is_not_sent_again() {
    for handle in [
        ("etag", "\"one\""),
        ("last-modified", "Tue, 14 Nov 2023 22:13:20 GMT"),
    ] {
        let story = story(&[handle, ("cache-control", "max-age=60")]);
        story.later(90);
        assert_eq!(
            (story.asks(&[]), story.index.server.unchanged()),
            (1, 1),
            "{handle:?}"
        );
        // The answer says anew how long: from now on an hour.
        story.later(90);
        story.index.server.says(
            &Index::page("teller"),
            &[handle, ("cache-control", "max-age=3600")],
        );
        assert_eq!(
            (story.asks(&[]), story.index.server.unchanged()),
            (1, 1),
            "{handle:?}"
        );
        story.later(1800);
        assert_eq!(story.asks(&[]), 0, "{handle:?}");
        story.later(DAY);
        assert_eq!(
            (story.asks(&[]), story.index.server.unchanged()),
            (1, 1),
            "the handle is kept: {handle:?}"
        );
    }
}

#[test]
fn index_page_without_etag_is_sent_whole() {
    let story = story(&[("etag", "\"one\""), ("cache-control", "max-age=60")]);
    story.index.server.says(&Index::page("teller"), &[]);
    story
        .index
        .add(Wheel::new("teller", "2.0").command("teller", "teller 2.0"));
    story.later(DAY);
    assert_eq!((story.asks(&[]), story.index.server.unchanged()), (1, 0));
    story
        .home
        .run(&mut story.home.command(story.home.bin().join("teller")))
        .success()
        .stdout_has("teller 2.0");
    story.later(DAY);
    assert_eq!(story.asks(&[]), 1);
    let lines = story.index.server.asked(&Index::page("teller"));
    assert!(
        !lines.iter().any(|line| line.starts_with("if-")),
        "{lines:?}"
    );
}

#[test]
fn index_page_with_no_store_is_not_kept() {
    let story = story(&[("cache-control", "no-store")]);
    assert_eq!(story.asks(&[]), 1);
    story
        .home
        .boot(["--offline", "tool", "install", "--force", "teller"])
        .code(1)
        .one_error()
        .stderr_has("offline");
}

#[test]
fn index_refresh_asks_the_server() {
    let story = story(&[("cache-control", "max-age=3600")]);
    story
        .index
        .add(Wheel::new("teller", "2.0").command("teller", "teller 2.0"));
    assert_eq!(story.asks(&[]), 0);
    assert_eq!(story.asks(&["--refresh"]), 1);
    let lines = story.index.server.asked(&Index::page("teller"));
    assert!(
        lines.contains(&"cache-control: no-cache".to_string()),
        "caches on the way are to ask too: {lines:?}"
    );
    story
        .home
        .run(&mut story.home.command(story.home.bin().join("teller")))
        .success()
        .stdout_has("teller 2.0");
}

#[test]
fn index_old_page_serves_unless_must_revalidate() {
    for (headers, serves) in [
        (&[("cache-control", "max-age=60")], true),
        (&[("cache-control", "max-age=60, must-revalidate")], false),
    ] {
        let story = story(headers);
        story.later(DAY);
        story
            .index
            .server
            .fault(&Index::page("teller"), Fault::Status(500));
        let run = story.home.boot(["tool", "install", "--force", "teller"]);
        if serves {
            run.success().stderr_has("can't be asked now");
        } else {
            run.code(1).one_error();
        }
        // Who asks for no network takes what there is.
        story
            .home
            .boot(["--offline", "tool", "install", "--force", "teller"])
            .success();
    }
}

#[test]
fn index_page_with_vary_is_kept_per_user() {
    let mut story = story(&[
        ("vary", "Accept, Authorization"),
        ("cache-control", "max-age=3600"),
    ]);
    assert_eq!(story.asks(&[]), 0);
    let address = story.index.url().replace("http://", "http://me:secret@");
    story.home.set("BOOT_INDEX_URL", &address);
    assert_eq!(story.asks(&[]), 1);
    assert_eq!(story.asks(&[]), 0);
}
