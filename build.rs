//! Packs the files of `assets` into the program: they are text, and a fifth of their length when deflated (RFC 1951).
//!
//! People write TOML. What only the program reads is packed as JSON, which is read in a fraction of the time: each start
//! reads words. Lessons stay as they were written, since their faults are told with their places.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use miniz_oxide::deflate::compress_to_vec;

/// Of 0 to 10: what is packed once is unpacked at every start, which costs the same for all of them.
const LEVEL: u8 = 9;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=assets");
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR isn't set")?);
    let root = Path::new("assets");
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    let (mut packed, mut table) = (Vec::new(), format!("static ASSETS: [Asset; {}] = [\n", files.len()));
    for file in &files {
        let path = file.strip_prefix(root)?.to_str().ok_or("a path isn't UTF-8")?;
        let text = packed_form(path, fs::read_to_string(file)?)?;
        let from = packed.len();
        packed.extend(compress_to_vec(text.as_bytes(), LEVEL));
        writeln!(table, "    Asset::new({path:?}, {}, {from}, {}),", text.len(), packed.len())?;
    }
    table += "];\n";
    fs::write(out.join("assets.bin"), packed)?;
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
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
