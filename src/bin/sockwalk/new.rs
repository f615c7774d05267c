//! `sockwalk new`: a small lesson to begin with, which passes the check.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use sockwalk::assets::text;
use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{Texts, cause, escape, fill, join};
use sockwalk::lesson::is_id;

use super::place;

const TEMPLATE: &str = "new/lesson.toml";

/// Writes `NAME.toml` into the current folder. Returns the exit status.
pub fn run(invocation: &Invocation, name: &str) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let t = &texts.check;
    let exit = |status, sentence: &str| Exit { status, text: format!("{}\n", join(&texts.cli.error, sentence)) };
    if !is_id(name) {
        return Err(exit(2, &fill(&t.bad_name, &[("name", &escape(name))])));
    }
    // Not root's file in the folder of the user that called sudo.
    place::become_user(invocation.lang)?;
    let file = format!("{name}.toml");
    // What is there already, a link to nowhere included, is never written over.
    let made = OpenOptions::new().write(true).create_new(true).open(&file);
    let written = made.and_then(|mut made| {
        let written = made.write_all(text(TEMPLATE).replace("{name}", name).as_bytes());
        // Half a lesson would only be in the way of the next attempt.
        written.inspect_err(|_| drop(fs::remove_file(&file)))
    });
    match written {
        Ok(()) => {
            super::say(&format!("{}\n", fill(&t.written, &[("file", &file)])), invocation.lang)?;
            Ok(0)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(exit(1, &fill(&t.is_there, &[("file", &file)])))
        }
        Err(error) => {
            Err(exit(1, &fill(&t.cannot_write, &[("file", &file), ("error", &cause(invocation.lang, &error))])))
        }
    }
}
