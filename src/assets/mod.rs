//! The files of `assets`, which are in the program, packed by `build.rs`: lessons, words, themes, code.

use miniz_oxide::inflate::decompress_to_vec_with_limit;
use toml::Table;

/// All packed files, one behind the other, each deflated (RFC 1951) where that is worth it.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/assets.bin"));

// `ASSETS`: the files, in the order of their paths. `CODE`: what is to be known of those of `code` before they are read.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What the calls' code in a programming language is called.
#[derive(Debug)]
pub struct CodeHead {
    /// Its file's path below `assets`.
    pub path: &'static str,
    /// The language.
    pub name: &'static str,
    /// What of it is used.
    pub detail: &'static str,
}

/// A file.
pub struct Asset {
    path: &'static str,
    text: Packed,
    /// A lesson's parse tree, and that of its outline.
    trees: Option<[Packed; 2]>,
}

/// Some bytes of what is packed.
struct Packed {
    /// How many they are when they are unpacked.
    len: usize,
    /// Where they begin and end in what is packed.
    at: (usize, usize),
}

impl Packed {
    /// Unpacks them. What can't be unpacked is a fault of the program, for which a test looks; it is empty then, and whoever
    /// reads it says so.
    fn unpack(&self) -> Vec<u8> {
        let packed = PACKED.get(self.at.0..self.at.1).unwrap_or_default();
        // Where little is saved, it stands there as it is.
        if packed.len() == self.len {
            return packed.to_vec();
        }
        decompress_to_vec_with_limit(packed, self.len).unwrap_or_default()
    }
}

impl Asset {
    const fn new(path: &'static str, text: Packed, trees: Option<[Packed; 2]>) -> Asset {
        Asset { path, text, trees }
    }

    /// Its path below `assets`, with `/` between the folders.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// Its text, unpacked each time: what is made of it is kept, and the text itself is seldom wanted again.
    pub fn text(&self) -> String {
        String::from_utf8(self.text.unpack()).unwrap_or_default()
    }

    /// A lesson's parse tree (`lesson/parse_tree`), unpacked each time; empty for any other file.
    pub fn parse_tree(&self) -> Vec<u8> {
        self.trees.as_ref().map(|[whole, _]| whole.unpack()).unwrap_or_default()
    }

    /// The same of a lesson's outline (`lesson/parse_tree/outline.rs`), which wants no text beside it.
    pub fn outline(&self) -> Vec<u8> {
        self.trees.as_ref().map(|[_, outline]| outline.unpack()).unwrap_or_default()
    }
}

/// The file at a path below `assets`; `None` where there is none.
pub fn asset(path: &str) -> Option<&'static Asset> {
    let at = ASSETS.binary_search_by(|asset| asset.path.split('/').cmp(path.split('/'))).ok()?;
    ASSETS.get(at)
}

/// The text of the file at a path below `assets`; empty where there is none.
pub fn text(path: &str) -> String {
    asset(path).map(Asset::text).unwrap_or_default()
}

/// The table of a file that only the program reads: words, themes, code. `build.rs` has packed it as JSON.
///
/// # Errors
/// A sentence, where there is none at this path.
pub fn table(path: &str) -> Result<Table, String> {
    serde_json::from_str(&text(path)).map_err(|error| format!("{path}: {error}"))
}

/// The files of a folder and the folders in it, in the order of their paths.
pub fn below(folder: &str) -> impl Iterator<Item = &'static Asset> {
    ASSETS.iter().filter(move |asset| asset.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    #[test]
    fn each_file_is_there_as_it_was_written() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        for asset in &ASSETS {
            let written = fs::read_to_string(root.join(asset.path)).unwrap();
            let same = match asset.text().starts_with('{') {
                true => super::table(asset.path) == Ok(toml::from_str(&written).unwrap()),
                false => asset.text() == written,
            };
            assert!(!written.is_empty() && same, "{}", asset.path);
            assert!(std::ptr::eq(super::asset(asset.path).unwrap(), asset), "{}", asset.path);
        }
        for folder in ["lessons", "text", "text/en", "code", "themes", "new"] {
            let there = fs::read_dir(root.join(folder)).unwrap().filter(|file| file.as_ref().unwrap().path().is_file());
            let deeper = |asset: &&Asset| Path::new(asset.path).parent() == Some(Path::new(folder));
            assert_eq!(below(folder).filter(|asset| deeper(&&**asset)).count(), there.count(), "{folder}");
        }
    }

    #[test]
    fn what_is_not_there() {
        assert!(asset("text").is_none() && text("text/en/none.toml").is_empty() && below("tex").next().is_none());
    }
}
