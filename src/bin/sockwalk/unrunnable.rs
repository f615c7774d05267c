//! Why a program can't be run, and what to do about it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use sockwalk::cli::Exit;
use sockwalk::i18n::{Lang, SharedTexts, Texts, cause, escape, fill, join};

/// The statuses that POSIX has for it, as `env(1)` and shells end with them.
const NOT_INVOKED: u8 = 126;
const NOT_FOUND: u8 = 127;

/// The end of a command whose program the system refused to run.
pub fn cannot_run(program: &OsStr, error: &io::Error, lang: Lang) -> Exit {
    let status = if error.raw_os_error() == Some(libc::ENOENT) { NOT_FOUND } else { NOT_INVOKED };
    let texts = match Texts::load(lang) {
        Ok(texts) => texts,
        Err(broken) => return broken.into(),
    };
    let name = escape(program.as_encoded_bytes());
    let filled = [("program", name.clone()), ("error", cause(lang, error))];
    let sentence = fill(&texts.shared.no_program, &filled);
    let sentence = match remedy(program, error, &texts.shared) {
        Some(remedy) => join(&sentence, &fill(remedy, &[("program", name)])),
        None => sentence,
    };
    Exit { status, text: format!("{}\n", join(&texts.cli.error, &sentence)) }
}

/// What the error alone doesn't say: `execve(2)` has one for several things.
fn remedy<'a>(program: &OsStr, error: &io::Error, texts: &'a SharedTexts) -> Option<&'a String> {
    let path = Path::new(program);
    let is_path = program.as_encoded_bytes().contains(&b'/');
    match error.raw_os_error()? {
        libc::EACCES if is_path && path.is_dir() => Some(&texts.program_is_folder),
        libc::EACCES if is_path && path.is_file() => Some(&texts.program_not_executable),
        // What runs the file is missing: the interpreter of its first line, or the loader of shared libraries.
        libc::ENOENT if is_path && path.is_file() => Some(&texts.program_interpreter),
        libc::ENOENT if !is_path && path.is_file() => Some(&texts.program_here),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_status_and_its_remedy() {
        // The test runs in the package's folder.
        let (file, name) = ("./Cargo.toml", "Cargo.toml");
        let texts = |lang| &Texts::load(lang).unwrap().shared;
        type Of = fn(&SharedTexts) -> &String;
        let cases: [(&str, i32, u8, Option<Of>); 7] = [
            ("./src", libc::EACCES, 126, Some(|t| &t.program_is_folder)),
            (file, libc::EACCES, 126, Some(|t| &t.program_not_executable)),
            (file, libc::ENOENT, 127, Some(|t| &t.program_interpreter)),
            (name, libc::ENOENT, 127, Some(|t| &t.program_here)),
            ("./no-such-file", libc::ENOENT, 127, None),
            ("no-such-program", libc::ENOENT, 127, None),
            (file, libc::ENOMEM, 126, None),
        ];
        for lang in Lang::all() {
            for (program, errno, status, wanted) in cases {
                let exit = cannot_run(OsStr::new(program), &io::Error::from_raw_os_error(errno), lang);
                assert_eq!(exit.status, status, "{program} {errno}");
                let texts = texts(lang);
                let remedies: [Of; 4] = [
                    |t| &t.program_is_folder,
                    |t| &t.program_not_executable,
                    |t| &t.program_interpreter,
                    |t| &t.program_here,
                ];
                let has = |of: Of| exit.text.contains(&fill(of(texts), &[("program", program)]));
                let told = remedies.into_iter().filter(|of| has(*of)).count();
                assert_eq!(
                    (told, wanted.is_some_and(has)),
                    (usize::from(wanted.is_some()), wanted.is_some()),
                    "{}",
                    exit.text
                );
            }
        }
    }
}
