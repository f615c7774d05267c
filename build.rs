//! Packs the files of `assets` into the program: they are text, and a fifth of their length when deflated (RFC 1951).
//!
//! People write TOML. What only the program reads is packed as JSON, which is read in a fraction of the time: each start
//! reads words. Lessons stay as they were written, since their steps are told with their places; beside each stands its parse
//! tree, which the program reads instead, and that of its outline, which is all that its first page has.

#[path = "src/lesson/parse_tree/outline.rs"]
mod outline;
#[path = "src/lesson/parse_tree/tag.rs"]
mod tag;
#[path = "src/lesson/parse_tree/write.rs"]
mod write;

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use miniz_oxide::deflate::compress_to_vec;

/// Of 0 to 10: what is packed once is unpacked at every start, which costs the same for all of them.
const LEVEL: u8 = 9;

/// So many bytes less are worth the time: before anything is unpacked, the tables for it are made.
const WORTH: usize = 600;

/// Where the linker reads which functions belong together: those that run in a walk are a third of the code, and the kernel maps
/// 16 pages around each that is touched (`fault_around_bytes`), which would be nearly all of it.
const TEXT_ORDER: &str = "link/functions.ld";

/// Where it reads that the tables of unwinding are left out.
const WITHOUT_UNWINDING: &str = "link/no_unwinding.ld";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/lesson/parse_tree");
    println!("cargo:rerun-if-changed=link");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR isn't set")?);
    if linker_takes_scripts() {
        // Cargo knows where its own folder is, also when the project has been moved with all that was built; and a comma in a path is no
        // separator where each argument is handed on by itself.
        for script in [TEXT_ORDER, WITHOUT_UNWINDING] {
            let copy = out.join(Path::new(script).file_name().ok_or("a script without a name")?);
            fs::copy(script, &copy)?;
            for argument in ["-T", copy.to_str().ok_or("a path isn't UTF-8")?] {
                println!("cargo:rustc-link-arg-bins=-Xlinker\ncargo:rustc-link-arg-bins={argument}");
            }
        }
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
    if loader_reads_packed_relocations() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    let root = Path::new("assets");
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let (mut packed, mut table) = (Vec::new(), format!("static ASSETS: [Asset; {}] = [\n", files.len()));
    let mut heads = String::new();
    let mut pack = |bytes: &[u8]| {
        let (from, deflated) = (packed.len(), compress_to_vec(bytes, LEVEL));
        packed.extend(if deflated.len() + WORTH <= bytes.len() { &deflated } else { bytes });
        format!("Packed {{ len: {}, at: ({from}, {}) }}", bytes.len(), packed.len())
    };
    for file in &files {
        let path = file.strip_prefix(root)?.to_str().ok_or("a path isn't UTF-8")?;
        let text = packed_form(path, fs::read_to_string(file)?)?;
        let trees = match path.starts_with("lessons/") {
            true => {
                let no_toml = |error| format!("{path}: {error}");
                let [whole, outline] = [write::write(&text), outline::outline(&text)].map(|tree| tree.map_err(no_toml));
                format!("Some([{}, {}])", pack(&whole?), pack(&outline?))
            }
            false => "None".to_owned(),
        };
        if path.starts_with("code/") {
            heads += &head_of_code(path, &text)?;
        }
        writeln!(table, "    Asset::new({path:?}, {}, {trees}),", pack(text.as_bytes()))?;
    }
    write!(table, "];\n\n/// In the order of their paths.\npub static CODE: &[CodeHead] = &[\n{heads}];\n")?;
    fs::write(out.join("assets.bin"), packed)?;
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// Whether the program is one to be used, and the linker one that takes scripts: lld and GNU's do, mold doesn't, and whoever wants
/// another one than Rust's says so.
fn linker_takes_scripts() -> bool {
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let own = var("RUSTC_LINKER") + &var("CARGO_ENCODED_RUSTFLAGS");
    var("PROFILE") == "release" && var("CARGO_CFG_TARGET_OS") == "linux" && !own.contains("mold")
}

/// Whether relative relocations can be packed (`DT_RELR`): the table of 15,000 addresses, which every start reads, takes 5 KB
/// then instead of 350. Their loader is glibc's since 2.36; this machine's is asked where the program is built for this machine.
fn loader_reads_packed_relocations() -> bool {
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    if var("TARGET") != var("HOST") || var("CARGO_CFG_TARGET_ENV") != "gnu" {
        return false;
    }
    let asked = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let Some((major, minor)) = text.trim().strip_prefix("glibc ").and_then(|version| version.split_once('.')) else {
        return false;
    };
    let number = |part: &str| part.split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0u32);
    (number(major), number(minor)) >= (2, 36)
}

/// What is known of a file of code before it is read.
fn head_of_code(path: &str, json: &str) -> Result<String, Box<dyn Error>> {
    let file: serde_json::Value = serde_json::from_str(json)?;
    let text = |key: &str| file.get(key).and_then(|text| text.as_str()).ok_or_else(|| format!("{path} has no {key}"));
    Ok(format!("    CodeHead {{ path: {path:?}, name: {:?}, detail: {:?} }},\n", text("name")?, text("detail")?))
}

/// A file as it is packed.
fn packed_form(path: &str, text: String) -> Result<String, Box<dyn Error>> {
    let as_written = ["lessons/", "new/"].iter().any(|folder| path.starts_with(folder)) || !path.ends_with(".toml");
    if as_written {
        return Ok(text);
    }
    let table: toml::Table = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    Ok(serde_json::to_string(&table)?)
}

/// The files below a folder whose names don't begin with a dot, as an editor's own do.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            _ if entry.file_name().to_string_lossy().starts_with('.') => {}
            kind if kind.is_dir() => collect(&entry.path(), files)?,
            _ => files.push(entry.path()),
        }
    }
    Ok(())
}
