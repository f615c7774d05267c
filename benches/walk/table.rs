//! The table at the end.

/// One line of it.
pub struct Row {
    what: String,
    measured: String,
    aim: String,
    met: Option<bool>,
}

/// What is aimed at: a number that is not to be passed, in a unit.
pub struct Aim {
    /// The number.
    pub at_most: f64,
    /// The unit, as it is printed.
    pub unit: &'static str,
}

impl Row {
    /// A number that was measured, and what else is to be known of it.
    pub fn new(what: impl Into<String>, measured: f64, aim: &Aim, note: &str) -> Row {
        let Aim { at_most, unit } = aim;
        let note = if note.is_empty() { String::new() } else { format!("  ({note})") };
        Row {
            what: what.into(),
            measured: format!("{measured:.2}{unit}{note}"),
            aim: format!("≤ {at_most}{unit}"),
            met: Some(measured <= *at_most),
        }
    }

    /// A number at which nothing is aimed.
    pub fn told(what: impl Into<String>, measured: f64, unit: &str, note: &str) -> Row {
        let note = if note.is_empty() { String::new() } else { format!("  ({note})") };
        Row { what: what.into(), measured: format!("{measured:.2}{unit}{note}"), aim: String::new(), met: None }
    }

    /// What couldn't be measured, and why.
    pub fn absent(what: impl Into<String>, aim: &Aim, why: &str) -> Row {
        let aim = format!("≤ {}{}", aim.at_most, aim.unit);
        Row { what: what.into(), measured: format!("not measured: {why}"), aim, met: None }
    }
}

/// The lines under each other, in columns.
pub fn table(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let met = row.met.map_or("-", |met| if met { "met" } else { "not met" });
        [row.what.clone(), row.measured.clone(), row.aim.clone(), met.to_owned()]
    };
    let mut lines = vec![["what", "measured", "aim", ""].map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let wide = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..4).map(wide).collect();
    let mut text = String::from("\n");
    for line in lines {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text += padded.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// The value below which this share of them lies.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The value in the middle.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}
