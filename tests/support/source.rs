//! A source archive on loopback that builds at once: its `configure` records its arguments, and its
//! Makefile installs a stand-in. boot treats it as it treats CPython's.

use std::io::Write;

use boot::testing::Sha256;
use boot::testing::Version;

use super::{Home, Mirror, Server};

pub struct Source {
    pub server: Server,
    pub version: Version,
    content: Vec<u8>,
}

impl Source {
    /// Creates the source of `version`, of the machine's minor. `wrong` is a line of shell at the
    /// start of the stage `configure`, `compile` or `install`. `cut` lists modules that the built
    /// interpreter lacks.
    pub fn new(mirror: &Mirror, version: Version, wrong: (&str, &str), cut: &[&str]) -> Source {
        let wrong_in = |stage: &str| if wrong.0 == stage { wrong.1 } else { ":" };
        let minor = version.minor_name(Default::default());
        let configure = format!(
            "#!/bin/sh\n{}\necho checking for a compiler\n\
             {{ for word; do echo \"argument $word\"; done; env | sort; }} >configured\n\
             ac_fn_c_check_func() {{ :; }}\nac_fn_c_check_header_compile() {{ :; }}\n\
             ac_fn_c_check_func \"$LINENO\" \"strlen\" \"ac_cv_func_strlen\"\n\
             ac_fn_c_check_header_compile \"$LINENO\" \"locale.h\" \"ac_cv_header_locale_h\" \"\"\n\
             ac_fn_c_check_header_compile \"$LINENO\" \"gone.h\" \"ac_cv_header_gone_h\" \"\"\n\
             echo once >>\"$HOME/configured\"\nfor word; do case $word in --prefix=*) \
             prefix=${{word#--prefix=}};; esac; done\n\
             sed \"s|@PREFIX@|$prefix|g\" Makefile.in >Makefile\n",
            wrong_in("configure")
        );
        let makefile = format!(
            "PREFIX=@PREFIX@\nPYTHON_FOR_BUILD=./python -E\nLIBDEST=$(PREFIX)/lib/python{minor}\n\
             all: Programs/_testembed\n\t{}\n\techo \"flags $(MAKEFLAGS) $(EXTRA)\" >made\n\
             \tcc -c Python/ceval.c 2>/dev/null || echo gcc -c Python/ceval.c\n\
             Programs/_testembed:\n\techo \"$@\" >>\"$(HOME)/embedded\"\n\
             install: Programs/_testembed\n\t{}\n\tmkdir -p $(DESTDIR)$(PREFIX)/bin \
             $(DESTDIR)$(LIBDEST) $(DESTDIR)$(PREFIX)/share\n\
             \tcp python.sh $(DESTDIR)$(PREFIX)/bin/python{minor}\n\
             \tchmod 755 $(DESTDIR)$(PREFIX)/bin/python{minor}\n\
             \tcp configured made $(DESTDIR)$(PREFIX)/share/\n\
             \techo prefix=$(PREFIX) built=$$PWD >$(DESTDIR)$(LIBDEST)/_sysconfigdata__linux.py\n\
             \t-PYTHONPATH=$(DESTDIR)$(LIBDEST) $(RUNSHARED) \\\n\
             \t\t$(PYTHON_FOR_BUILD) -Wi $(DESTDIR)$(LIBDEST)/compileall.py \\\n\
             \t\t-d $(LIBDEST)\n",
            wrong_in("compile"),
            wrong_in("install")
        );
        let files = [
            ("configure", 0o755, configure),
            ("Makefile.in", 0o644, makefile),
            ("python.sh", 0o644, mirror.interpreter(version, cut)),
            // What `make install` would run to compile the test suite thrice.
            (
                "python",
                0o755,
                "#!/bin/sh\necho \"$@\" >>\"$HOME/compiled\"\n".into(),
            ),
        ];
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        for (name, mode, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(mode);
            header.set_size(content.len() as u64);
            tar.append_data(
                &mut header,
                format!("Python-{version}/{name}"),
                content.as_bytes(),
            )
            .unwrap();
        }
        let mut gz = tar.into_inner().unwrap();
        gz.flush().unwrap();
        let source = Source {
            server: Server::new(),
            version,
            content: gz.finish().unwrap(),
        };
        source
            .server
            .put(&source.path(), "application/gzip", source.content.clone());
        source
    }

    pub fn path(&self) -> String {
        format!("/{0}/Python-{0}.tgz", self.version)
    }

    /// Sets a home up for it, with a compiler that finds every header except those in `missing`.
    pub fn tell(&self, home: &mut Home, missing: &[&str]) {
        let line = format!(
            "{}\tsource\tdefault\t-\tPython-{}.tgz\t{}\n",
            self.version,
            self.version,
            Sha256::of(&self.content)
        );
        home.write("catalog.tsv", &line);
        let compiler: String = missing
            .iter()
            .map(|header| format!("*{header}*) exit 1;; "))
            .collect();
        let compiler = home.program(
            "tools/cc",
            &format!(
                "#!/bin/sh\nfor word; do case $word in *.c) exec <\"$word\";; esac; done\n\
                      case $(cat) in {compiler}esac\nexit 0\n"
            ),
        );
        let catalog = home.root.join("catalog.tsv").display().to_string();
        home.set("BOOT_PYTHON_CATALOG", &catalog);
        home.set("BOOT_SOURCE_MIRROR", &self.server.url());
        home.set("CC", &compiler.display().to_string());
    }
}
