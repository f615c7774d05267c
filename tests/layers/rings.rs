//! Modules of one folder that use each other in a ring.

use std::collections::{BTreeMap, BTreeSet};

use crate::reader::{Modules, Usage, modules, tokens, usages, without_tests};

/// Which modules of a folder use which, each arrow with a place where it is written.
type Arrows = BTreeMap<String, BTreeMap<String, String>>;

/// The rings among the modules of each folder: of each two that reach each other, the way there and back.
pub fn rings(files: &[(String, String)]) -> Vec<String> {
    let is_test = |file: &str| modules(file).iter().any(|name| matches!(*name, "tests" | "testing" | "fake"));
    let read: Vec<(&str, Vec<Usage>)> = { files.iter() }
        .filter(|(file, _)| !is_test(file))
        .map(|(file, source)| (&**file, usages(file, &without_tests(&tokens(source)).0)))
        .collect();
    let all = Modules::new(read.iter().map(|(file, usages)| (*file, &**usages)));
    let mut folders: BTreeMap<Vec<String>, Arrows> = BTreeMap::new();
    for (file, usages) in &read {
        let from: Vec<String> = modules(file).into_iter().map(str::to_owned).collect();
        for usage in usages {
            let to = all.of(&usage.path);
            let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
            // What a folder's own module and those in it have of each other is no ring of the folder.
            if let (Some(user), Some(used)) = (from.get(shared), to.get(shared)) {
                let place = format!("{file}:{}", usage.line);
                let arrows = folders.entry(from[..shared].to_vec()).or_default();
                arrows.entry(user.clone()).or_default().entry(used.clone()).or_insert(place);
            }
        }
    }
    folders.iter().flat_map(|(folder, arrows)| rings_of(&folder.join("::"), arrows)).collect()
}

fn rings_of(folder: &str, arrows: &Arrows) -> Vec<String> {
    let mut rings = BTreeSet::new();
    for start in arrows.keys() {
        let Some(way) = way_back(start, arrows) else { continue };
        let told = way.iter().zip(way.iter().cycle().skip(1));
        let told: Vec<String> = told.map(|(from, to)| format!("{from} ─▶ {to} ({})", arrows[from][to])).collect();
        // One ring once, whichever of its modules it was found from.
        if way.iter().min() == Some(start) {
            rings.insert(format!("{folder}: {}", told.join(", ")));
        }
    }
    rings.into_iter().collect()
}

/// The shortest ring through a module.
fn way_back(start: &String, arrows: &Arrows) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.clone()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| arrows.get(last)).into_iter().flat_map(BTreeMap::keys) {
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push([&way[..], std::slice::from_ref(next)].concat());
                }
            }
        }
        ways = longer;
    }
    None
}
