//! Which code is a library's: of the system, of the language's runtime, or of a package that somebody else wrote.

/// Folders of files that are loaded, and of sources.
const SYSTEM: [&str; 6] = ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/local/lib/", "/nix/store/"];
/// Of sources alone.
const SOURCES: [&str; 4] = ["/usr/include/", "/usr/src/", "/rustc/", "/usr/local/include/"];
/// Folders somewhere in a source's path: toolchains that aren't the system's, and what package managers put somewhere.
const WITHIN: [&str; 9] = [
    "/lib/rustlib/src/",
    "/.cargo/registry/",
    "/.cargo/git/",
    "/pkg/mod/",
    "/lib/zig/",
    "/site-packages/",
    "/dist-packages/",
    "/include/c++/",
    "/node_modules/",
];

/// Programs that run what others wrote, in a language whose lines aren't found: their own sources are nobody's homework.
const RUNTIMES: [&str; 12] =
    ["bash", "bun", "dash", "deno", "java", "lua", "node", "nodejs", "perl", "php", "ruby", "zsh"];

/// Whether a file that is loaded is a library of the system.
pub(super) fn is_library(path: &str) -> bool {
    SYSTEM.iter().any(|folder| path.starts_with(folder))
}

/// Whether a program is the runtime of a language, by its name and the folder that it is installed in (`ruby3.1` is one, `./node` is
/// somebody's own).
pub(super) fn is_runtime(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    folder.ends_with("/bin") && RUNTIMES.contains(&name)
}

/// Whether a source is a library's. `go`: where the sources of Go's own packages are, in a program of Go.
pub(super) fn is_source(path: &str, go: Option<&str>) -> bool {
    is_library(path)
        || SOURCES.iter().any(|folder| path.starts_with(folder))
        || WITHIN.iter().any(|folder| path.contains(folder))
        || go.is_some_and(|go| path.starts_with(go))
}

/// Where the sources of Go's packages are, by that of its runtime: all but its name and its package's.
pub(super) fn go_sources(runtime: &str) -> Option<&str> {
    let end = runtime.rfind("/runtime/")?;
    (end > 0).then(|| &runtime[..=end])
}

/// Whether a source in Python is a library's: what is frozen into the interpreter is one.
#[cfg(feature = "python-lines")]
pub(super) fn is_python(path: &str) -> bool {
    let version = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    let standard = path.match_indices("/lib/python").any(|(at, name)| version(&path[at + name.len()..]));
    let zipped = path.match_indices("/lib64/python").any(|(at, name)| version(&path[at + name.len()..]));
    standard || zipped || path.starts_with("<frozen ") || is_source(path, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_a_library() {
        for path in [
            "/usr/include/x86_64-linux-gnu/bits/socket2.h",
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/net/tcp.rs",
            "/home/a/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/net/tcp.rs",
            "/home/a/.cargo/registry/src/index/mio-1.0.0/src/poll.rs",
            "/root/go/pkg/mod/golang.org/x/net@v0.1.0/ipv4/sock.go",
            "/opt/gcc/include/c++/12/bits/stl_vector.h",
            "/usr/lib/go-1.19/src/net/net.go",
        ] {
            assert!(is_source(path, None), "{path}");
        }
        let go = go_sources("/home/a/go1.22/src/runtime/proc.go");
        assert_eq!(go, Some("/home/a/go1.22/src/"));
        assert!(is_source("/home/a/go1.22/src/net/net.go", go) && !is_source("/home/a/server.go", go));
        assert_eq!(go_sources("runtime/proc.go"), None);
        assert!(!is_source("/home/a/library/server.c", None) && !is_library("/home/a/lib/server"));
    }

    #[test]
    fn a_languages_runtime_is_known_by_its_name_where_it_is_installed() {
        for path in
            ["/usr/bin/node", "/home/a/.nvm/versions/node/v20.1.0/bin/node", "/usr/bin/ruby3.1", "/usr/bin/php8.2"]
        {
            assert!(is_runtime(path), "{path}");
        }
        for path in ["/home/a/node", "/home/a/homework/node", "/usr/bin/nginx", "/usr/bin/nodes", "node"] {
            assert!(!is_runtime(path), "{path}");
        }
    }

    #[cfg(feature = "python-lines")]
    #[test]
    fn of_python_its_own_folders_are() {
        for path in [
            "/root/.pyenv/versions/3.11.7/lib/python3.11/socket.py",
            "/home/a/venv/lib/python3.12/site-packages/requests/api.py",
            "<frozen importlib._bootstrap>",
            "/usr/lib/python3/dist-packages/six.py",
        ] {
            assert!(is_python(path), "{path}");
        }
        for path in ["<string>", "<stdin>", "/home/a/lib/pythonic/server.py", "server.py"] {
            assert!(!is_python(path), "{path}");
        }
    }
}
