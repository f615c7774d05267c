//! As much of a source as the rules of the house need: its words and signs, its paths, its items. The words are
//! `proc-macro2`'s, the compiler's own.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A word or a sign of a source file, and its line from 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// The words and signs of a source, without its comments, literals and lifetimes.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let stream: TokenStream = source.parse().unwrap_or_else(|error| panic!("{error}: {source}"));
    flatten(stream, &mut tokens);
    tokens
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let line = tree.span().start().line;
        let mut push = |text: String, line| tokens.push(Token { text, line });
        match tree {
            TokenTree::Literal(_) => {}
            TokenTree::Ident(word) => push(word.to_string(), line),
            TokenTree::Punct(sign) => match (sign.as_char(), trees.peek()) {
                ('\'', _) => drop(trees.next()),
                (':', Some(TokenTree::Punct(second))) if second.as_char() == ':' => {
                    trees.next();
                    push("::".to_owned(), line);
                }
                (sign, _) => push(sign.to_string(), line),
            },
            TokenTree::Group(group) => {
                let [open, close] = match group.delimiter() {
                    Delimiter::Parenthesis => ["(", ")"],
                    Delimiter::Brace => ["{", "}"],
                    Delimiter::Bracket => ["[", "]"],
                    Delimiter::None => ["", ""],
                };
                push(open.to_owned(), line);
                flatten(group.stream(), tokens);
                tokens.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
        }
    }
}

/// The tokens outside of items for tests, and how many lines those items take.
pub fn without_tests(tokens: &[Token]) -> (Vec<Token>, usize) {
    let (mut kept, mut lines) = (Vec::new(), 0);
    let mut at = 0;
    while at < tokens.len() {
        let mark = ["#", "[", "cfg", "(", "test", ")", "]"];
        let is_test = tokens[at..].iter().map(|token| &*token.text).take(mark.len()).eq(mark);
        let (first, mut depth) = (tokens[at].line, 0);
        if !is_test {
            kept.push(tokens[at].clone());
        }
        while let Some(token) = tokens.get(at).filter(|_| is_test) {
            match &*token.text {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(&*token.text, "}" | ";") {
                lines += token.line - first + 1;
                break;
            }
            at += 1;
        }
        at += 1;
    }
    (kept, lines)
}

/// The modules of a file below `src`: `tui/panes/mod.rs` is `tui::panes`.
pub fn modules(file: &str) -> Vec<&str> {
    let mut modules: Vec<&str> = file.strip_suffix(".rs").unwrap_or(file).split('/').collect();
    if matches!(modules.last(), Some(&("mod" | "lib" | "main"))) {
        modules.pop();
    }
    modules
}

/// Where a file's crate has its root: the program is a crate of its own.
fn root(file: &str) -> Vec<String> {
    let depth = if file.starts_with("bin/") { 2 } else { 0 };
    modules(file).iter().take(depth).map(|name| (*name).to_owned()).collect()
}

/// A path that is written somewhere, from the crate's root.
#[derive(Debug, PartialEq)]
pub struct Usage {
    pub path: Vec<String>,
    pub line: usize,
    /// Under which name a `use` has it; `None` where the path is no `use`'s.
    pub name: Option<String>,
}

/// All paths of a file that begin at the crate's root, at `super` or at `self`; and all that are imported.
pub fn usages(file: &str, tokens: &[Token]) -> Vec<Usage> {
    let mut usages = Vec::new();
    // The modules that are written in the file itself, each with the depth of braces in which it stands.
    let (mut inner, mut depth) = (Vec::<(String, usize)>::new(), 0usize);
    let mut imports = false;
    for at in 0..tokens.len() {
        let text = |n: usize| tokens.get(n).map_or("", |token| &*token.text);
        match text(at) {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inner.retain(|(_, outside)| *outside < depth);
            }
            ";" => imports = false,
            "mod" if text(at + 2) == "{" => inner.push((text(at + 1).to_owned(), depth)),
            _ => {}
        }
        let begins = at == 0 || text(at - 1) != "::";
        let is_import = text(at) == "use";
        imports |= is_import;
        let starts = matches!(text(at), "crate" | "super" | "self") && begins;
        if !starts && (!is_import || matches!(text(at + 1), "crate" | "super" | "self" | "::")) {
            continue;
        }
        let mut base: Vec<String> = modules(file).into_iter().map(str::to_owned).collect();
        base.extend(inner.iter().map(|(name, _)| name.clone()));
        let mut from = at;
        match text(at) {
            "crate" => base = root(file),
            "super" => drop(base.pop()),
            _ => {}
        }
        while text(from + 1) == "::" && text(from + 2) == "super" {
            base.pop();
            from += 2;
        }
        // `pub(crate)` and `self` as a value say nothing.
        if is_import || matches!(text(from + 1), "::" | "as") {
            branches(tokens, from + 1, &base, (imports, false), &mut usages);
        }
    }
    usages
}

/// Follows a path from the sign after its beginning, into all its branches; where it ends.
fn branches(
    tokens: &[Token],
    mut at: usize,
    before: &[String],
    (imports, inside): (bool, bool),
    usages: &mut Vec<Usage>,
) -> usize {
    let mut path = before.to_vec();
    let text = |n: usize| tokens.get(n).map_or("", |token| &*token.text);
    let line = tokens.get(at).map_or(0, |token| token.line);
    let is_word = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    // An import may begin with a word; each other part stands behind `::`.
    let mut follows = !inside && text(at) != "::" && text(at) != "as";
    while follows || text(at) == "::" {
        at += usize::from(!follows);
        follows = false;
        if text(at) == "{" {
            at += 1;
            while !matches!(text(at), "}" | "") {
                if text(at) == "," {
                    at += 1;
                    continue;
                }
                let mut branch = path.clone();
                branch.push(text(at).to_owned());
                at = branches(tokens, at + 1, &branch, (imports, true), usages);
            }
            return at + 1;
        }
        // A turbofish belongs to no path of modules.
        if !is_word(text(at)) && text(at) != "*" {
            break;
        }
        path.push(text(at).to_owned());
        at += 1;
    }
    let mut name = path.iter().rfind(|part| *part != "self").cloned();
    while inside && !matches!(text(at), "," | "}" | ";" | "") {
        // `as another_name`
        at += 1;
        name = tokens.get(at - 1).map(|token| token.text.clone());
    }
    if !inside && text(at) == "as" {
        name = Some(text(at + 1).to_owned());
    }
    usages.push(Usage { path, line, name: name.filter(|_| imports) });
    at
}

/// What a source declares: functions with their lines, and types by name.
pub struct Items {
    /// Each function's name, its first line and how many it takes.
    pub functions: Vec<(String, usize, usize)>,
    pub types: BTreeSet<String>,
}

pub fn items(tokens: &[Token]) -> Items {
    let mut items = Items { functions: Vec::new(), types: BTreeSet::new() };
    for (at, pair) in tokens.windows(2).enumerate() {
        let [keyword, name] = pair else { continue };
        let is_name = name.text.starts_with(|c: char| c.is_alphabetic());
        match &*keyword.text {
            "fn" if is_name => {
                let (mut depth, mut opened) = (0, false);
                let end = tokens[at..].iter().find(|token| {
                    match &*token.text {
                        "(" | "[" | "{" => depth += 1,
                        ")" | "]" | "}" => depth -= 1,
                        _ => {}
                    }
                    opened |= token.text == "{";
                    depth == 0 && (token.text == ";" || opened && token.text == "}")
                });
                let last = end.map_or(keyword.line, |token| token.line);
                items.functions.push((name.text.clone(), keyword.line, last - keyword.line + 1));
            }
            "struct" | "enum" | "trait" | "union" if is_name => drop(items.types.insert(name.text.clone())),
            _ => {}
        }
    }
    items
}

/// The modules of a crate, and under which names they have each other's items.
pub struct Modules {
    names: BTreeSet<Vec<String>>,
    exports: BTreeMap<Vec<String>, Vec<String>>,
}

impl Modules {
    pub fn new<'a>(files: impl Iterator<Item = (&'a str, &'a [Usage])>) -> Modules {
        let (mut names, mut exports) = (BTreeSet::new(), BTreeMap::new());
        for (file, usages) in files {
            let module: Vec<String> = modules(file).into_iter().map(str::to_owned).collect();
            for usage in usages {
                if let Some(name) = &usage.name {
                    exports.insert([&module[..], std::slice::from_ref(name)].concat(), usage.path.clone());
                }
            }
            names.insert(module);
        }
        Modules { names, exports }
    }

    /// The module in which what a path names is declared.
    pub fn of(&self, path: &[String]) -> Vec<String> {
        self.follow(path, 8)
    }

    fn follow(&self, path: &[String], left: usize) -> Vec<String> {
        let mut here = Vec::new();
        for (at, part) in path.iter().enumerate() {
            here.push(part.clone());
            if self.names.contains(&here) {
                continue;
            }
            if let Some(target) = self.exports.get(&here).filter(|target| left > 0 && **target != here) {
                return self.follow(&[target, &path[at + 1..]].concat(), left - 1);
            }
            // An item of a module, or what isn't this crate's.
            here.pop();
            break;
        }
        here
    }
}
