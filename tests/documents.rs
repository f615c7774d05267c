//! README and ARCHITECTURE say what is so: the commands that there are, and the files and names to which they send a reader.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Program, users};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// What stands in backticks.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The first column of a section's table, without its head.
fn first_column<'a>(text: &'a str, section: &str) -> Vec<&'a str> {
    let (_, rest) = text.split_once(&format!("\n## {section}\n")).unwrap_or_else(|| panic!("no section {section}"));
    let section = rest.split("\n## ").next().unwrap_or(rest);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| Some(row.split_once(" | ")?.0)).skip(1).filter(|cell| !cell.starts_with("---")).collect()
}

#[test]
fn the_readme_names_each_command_of_the_help_and_no_other() {
    let readme = read("README.md");
    let named: BTreeSet<&str> = first_column(&readme, "What it does")
        .into_iter()
        .flat_map(marked)
        .filter_map(|command| command.strip_prefix("sockwalk ")?.split(' ').next())
        .collect();
    let help = Program::new().run(users()[0], &["--help", "--lang", "en"]);
    let listed = help.succeeded().stdout.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: BTreeSet<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 10, "{commands:?}");
    assert_eq!(named, commands);
}

/// Whether a path with stars, as the documents write it, is that of a file or a folder.
fn is_there(pattern: &str) -> bool {
    fn matches(name: &str, pattern: &str) -> bool {
        match pattern.split_once('*') {
            None => name == pattern,
            Some((before, after)) => {
                name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
            }
        }
    }
    fn below(folder: PathBuf, parts: &[&str]) -> bool {
        let [first, rest @ ..] = parts else { return true };
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut fitting = entries.filter(|entry| matches(&entry.file_name().to_string_lossy(), first));
        fitting.any(|entry| below(entry.path(), rest))
    }
    // The number and the name of a lesson stand for any.
    let pattern = pattern.trim_end_matches('/').replace("NN-name", "*");
    let parts: Vec<&str> = pattern.split('/').collect();
    ["", "src", "src/linux", "src/tui"].iter().any(|folder| below(root().join(folder), &parts))
}

/// Whether a layer declares something of this name.
fn declares(layer: &str, name: &str) -> bool {
    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    files(&root().join("src").join(layer), &mut found);
    let kinds = ["struct", "enum", "trait", "fn", "const", "type", "mod", "static"];
    found.iter().any(|file| {
        let text = fs::read_to_string(file).unwrap();
        let declared = |kind: &&str| {
            text.match_indices(&format!("{kind} {name}"))
                .any(|(at, found)| !text[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        kinds.iter().any(declared)
    })
}

#[test]
fn what_the_architecture_names_is_there() {
    let text = read("ARCHITECTURE.md");
    let (mut wrong, mut paths, mut names) = (Vec::new(), 0, 0);
    let layers: Vec<String> = { fs::read_dir(root().join("src")).unwrap() }
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for word in marked(&text) {
        let plain = !word.starts_with('/') && !word.contains([' ', '(']);
        let is_path = plain && word.contains('/') && !word.contains("::");
        if is_path {
            paths += 1;
            wrong.extend((!is_there(word)).then(|| format!("no file {word}")));
        }
        if let Some((layer, name)) = word.split_once("::")
            && plain
            && layers.iter().any(|known| known == layer)
        {
            names += 1;
            let name = name.split("::").next().unwrap_or(name);
            wrong.extend((!declares(layer, name)).then(|| format!("{layer} has no {name}")));
        }
    }
    assert!(paths > 40 && names > 15, "only {paths} paths and {names} names: are they found?");
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The reader itself.
    assert!(!is_there("model/nothing.rs") && !declares("model", "Nothing") && !declares("model", "Cal"));
    assert!(is_there("assets/text/*/tui.toml") && is_there("lesson/lint*.rs") && declares("model", "Call"));
}
