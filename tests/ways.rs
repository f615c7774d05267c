//! ARCHITECTURE.md's four ways: each step's function is in the file that it names.

use std::fs;

#[test]
fn each_way_is_one_of_functions_that_there_are() {
    let document = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let (_, ways) = document.split_once("## Four ways").unwrap();
    let (ways, _) = ways.split_once("\n## ").unwrap();
    let ways: Vec<&str> = ways.split("\n**").skip(1).collect();
    assert_eq!(ways.len(), 4);
    for way in ways {
        let steps: Vec<&str> = way.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).collect();
        assert!((2..=6).contains(&steps.len()), "{way}");
        for step in steps {
            let named: Vec<&str> = step.split('`').skip(1).step_by(2).take(2).collect();
            let [file, function] = named[..] else { panic!("{step}") };
            let source = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let is_there = ["(", "<"].iter().any(|next| source.contains(&format!("fn {function}{next}")));
            assert!(is_there, "{step}");
        }
    }
}
