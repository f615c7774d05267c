//! The flags of a descriptor: those of `fcntl()`, and those with which `accept4()` makes one.

use super::{Arguments, BLOCKING, Mistyped, TypedWord};
use crate::model::{Call, SocketFlags};

impl Arguments<'_> {
    /// `fcntl()` of the flags: it asks for them, or sets O_NONBLOCK or takes it back: `0`, or as in C `flags & ~O_NONBLOCK`.
    pub(super) fn status(&mut self, fd: i32) -> Result<Call, Mistyped> {
        if self.words.first().is_some_and(|word| word.text == "F_GETFL") {
            self.next();
            self.skip(1, &["0"]);
            return Ok(Call::GetStatus { fd });
        }
        self.skip(1, &["F_SETFL"]);
        let mut on = self.typed != BLOCKING;
        let known = libc::O_RDWR | libc::O_NONBLOCK;
        while let Some(word) = self.next() {
            match word.text.as_str() {
                "O_NONBLOCK" | "NONBLOCK" => on = true,
                "0" | "~O_NONBLOCK" => on = false,
                "flags" | "&" | "|" => {}
                // `fcntl(3, F_GETFL) | O_NONBLOCK`: what it asks for is asked for anyway.
                "fcntl" => {
                    self.skip(1, &[fd.to_string().as_str()]);
                    self.skip(1, &["F_GETFL"]);
                    self.skip(1, &["0"]);
                }
                // What an earlier F_GETFL told.
                text if text.parse::<i32>().is_ok_and(|flags| flags & !known == 0) => {
                    on = text.parse::<i32>().is_ok_and(|flags| flags & libc::O_NONBLOCK != 0);
                }
                other => return Err(self.wrong(other)),
            }
        }
        Ok(Call::SetNonblocking { fd, on })
    }

    /// The flags of `accept4()`, behind the address and its length, which the kernel fills: `accept4 3 nonblock` is shorter.
    pub(super) fn accept_flags(&mut self) -> Result<SocketFlags, Mistyped> {
        let named = |text: &str| {
            let short = text.to_ascii_uppercase();
            let name = if short.starts_with("SOCK_") { short } else { format!("SOCK_{short}") };
            SocketFlags::all_names().find(|known| *known == name).and_then(|name| name.parse::<SocketFlags>().ok())
        };
        let is_flag = |word: &TypedWord| word.text.split('|').any(|text| named(text).is_some());
        for _ in 0..2 {
            if !self.words.first().is_some_and(is_flag) {
                self.skip_filled(1);
            }
        }
        let mut flags = SocketFlags::default();
        while let Some(word) = self.next() {
            for text in word.text.split('|').filter(|text| !text.is_empty() && *text != "0") {
                flags = flags.with(named(text).ok_or_else(|| self.wrong(text))?);
            }
        }
        Ok(flags)
    }
}
