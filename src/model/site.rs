//! Where in its source a program makes a call.

use serde::{Deserialize, Serialize};

/// Where in its source a program makes a call, read at the stop before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSite {
    /// The thread's frames, the innermost first, at most [`CallSite::MOST_FRAMES`].
    pub frames: Vec<StackFrame>,
    /// Which of them is the program's own: the innermost that isn't in a library.
    pub own: Option<u32>,
    /// The lines of the source around that frame's line, where they can be read, without their ends; each is at most
    /// [`CallSite::LONGEST_LINE`] characters.
    pub around: Vec<String>,
    /// The number of the first of them, from 1.
    pub first: u32,
    /// What couldn't be found.
    pub lacks: Option<SiteLacks>,
}

/// A function that a thread is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackFrame {
    /// Its name, where the program tells it.
    pub function: Option<String>,
    /// The file of its source.
    pub file: Option<String>,
    /// The line in it that is being executed, from 1.
    pub line: Option<u32>,
    /// The instruction, by its address in the file that it was loaded from (of a return address, the one before); `None` of an
    /// interpreter's frame.
    pub address: Option<u64>,
    /// Whether it is a library's: of the system, of the language's runtime, or of a package.
    pub library: bool,
}

/// What couldn't be found of a call's place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SiteLacks {
    /// All: this build of the program has no reader of debug information.
    LeftOut,
    /// All: no frame was found.
    Frames,
    /// The program has no debug information: function and address only, as far as they are there.
    DebugInfo,
    /// The program's debug information is damaged, too large, or takes too long to read.
    Readable,
    /// The interpreter's frames can't be read.
    Interpreter,
    /// The source isn't where the program says.
    File,
    /// The source may not be read.
    Permission,
    /// The source is no text of UTF-8, or has fewer lines.
    Text,
    /// Nothing, but the source is newer than the program that was made from it.
    Newer,
}

impl CallSite {
    /// So many frames are kept.
    pub const MOST_FRAMES: usize = 16;
    /// So many lines are kept before the one that is meant, and so many after it.
    pub const AROUND: u32 = 6;
    /// So many characters of a line, and of a name, are kept.
    pub const LONGEST_LINE: usize = 160;

    /// One of which only this is known.
    pub fn lacking(what: SiteLacks) -> CallSite {
        CallSite { lacks: Some(what), ..CallSite::default() }
    }

    /// The program's own frame.
    pub fn frame(&self) -> Option<&StackFrame> {
        self.frames.get(self.own? as usize)
    }

    /// `server.c:31`: the file's name without its folders, and the line.
    pub fn short(&self) -> Option<String> {
        let frame = self.frame()?;
        Some(format!("{}:{}", frame.file_name()?, frame.line?))
    }
}

impl StackFrame {
    /// The file's name without its folders.
    pub fn file_name(&self) -> Option<&str> {
        let file = self.file.as_deref()?;
        Some(file.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(file))
    }

    /// `main() server.c:31`, as far as it is known; what isn't is the address.
    pub fn written(&self) -> String {
        let function = self.function.as_ref().map(|function| format!("{function}()"));
        let place = match (self.file_name(), self.line) {
            (Some(file), Some(line)) => Some(format!("{file}:{line}")),
            (file, _) => self.address.map(|address| format!("{address:#x}")).or(file.map(str::to_owned)),
        };
        [function, place].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
