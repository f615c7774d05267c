//! How long each built-in lesson takes when it is played: what a test of all lessons costs.

use std::process::{Command, Stdio};
use std::time::Instant;

use sockwalk::lesson::{Lesson, builtin, builtin_names};

use sockwalk::model::TimerKind;

use crate::PROGRAM;
use crate::table::{Aim, Row};

const ALL: Aim = Aim { at_most: 60.0, unit: " s" };

/// What all lessons together are called.
const TOGETHER: &str = "play, all lessons that wait for no timer";

/// A line for each lesson, and a row for all together that wait for no timer of the kernel.
pub fn rows(most: usize) -> Vec<Row> {
    let (mut counted, mut rows) = (0.0, Vec::new());
    let mut failed = None;
    for name in builtin_names().into_iter().take(most) {
        match play(name) {
            Ok((seconds, timers)) => {
                counted += if timers == 0 { seconds } else { 0.0 };
                let note = if timers == 0 { String::new() } else { format!("{timers} steps wait for timers") };
                rows.push(Row::told(format!("play {name}"), seconds, " s", &note));
            }
            Err(why) => failed = Some(failed.unwrap_or(why)),
        }
    }
    rows.push(match failed {
        None => Row::new(TOGETHER, counted, &ALL, ""),
        Some(why) => Row::absent(TOGETHER, &ALL, &why),
    });
    rows
}

/// How long it takes, in seconds, and how many of the steps that are played wait for a timer; TIME_WAIT isn't waited for.
fn play(name: &str) -> Result<(f64, usize), String> {
    let lesson: Lesson = match builtin(name) {
        Some(Ok(lesson)) => lesson,
        _ => return Err(format!("{name} can't be read")),
    };
    let timers =
        lesson.steps.iter().filter(|step| step.waits_for.is_some_and(|timer| timer != TimerKind::TimeWait)).count();
    let mut command = Command::new(PROGRAM);
    command.args(["play", name]).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().map_err(|error| error.to_string())?;
    let seconds = begun.elapsed().as_secs_f64();
    if status.success() { Ok((seconds, timers)) } else { Err(format!("play {name} ends with {status}")) }
}
