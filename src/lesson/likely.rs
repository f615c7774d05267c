//! What was likely meant where a name isn't one.

/// The known name that is likeliest meant: the one with the fewest letters to change, at most a third of its own.
pub(crate) fn likely<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody mistypes a name so long; the distance takes time with the product of the lengths.
    let found: Vec<char> = found.chars().take(64).collect();
    let distances = known.into_iter().map(|name| (distance(&found, &name.chars().collect::<Vec<_>>()), name));
    let (changes, name) = distances.min_by_key(|(changes, _)| *changes)?;
    (changes <= (name.chars().count() / 3).max(1)).then_some(name)
}

/// How many letters must be put in, left out, changed, or exchanged with their neighbours.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
                let plain = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
                if swapped { plain.min(rows[i - 2][j - 2] + 1) } else { plain }
            };
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_name_is_found_and_none_that_nobody_means() {
        let known = ["handshake", "calls", "close", "udp", "lost-data"];
        for (found, wanted) in [
            ("handshke", Some("handshake")),
            ("handhsake", Some("handshake")),
            ("Calls", Some("calls")),
            ("clsoe", Some("close")),
            ("lostdata", Some("lost-data")),
            ("upd", Some("udp")),
            ("nothing", None),
            ("", None),
            ("\u{1b}[2J", None),
        ] {
            assert_eq!(likely(found, known), wanted, "{found:?}");
        }
        assert_eq!(likely(&"x".repeat(100_000), known), None);
    }
}
