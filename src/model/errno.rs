//! The error numbers of calls, and their names.

use std::fmt;

/// An error number of `errno(3)`; a negative one is what `getaddrinfo(3)` itself returns, EAI_… of `netdb.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Errno(pub i32);

macro_rules! errnos {
    ($($name:ident)*; of_lookups: $($lookup:ident = $number:literal)*; others: $($other:ident)*) => {
        /// The symbolic name, for the errors that socket calls can return; `None` for others.
        pub const fn name(self) -> Option<&'static str> {
            match self.0 {
                $(libc::$name => Some(stringify!($name)),)*
                $($number => Some(stringify!($lookup)),)*
                _ => None,
            }
        }

        /// The error of a socket call with this symbolic name.
        pub fn from_name(name: &str) -> Option<Errno> {
            match name {
                $(stringify!($name) => Some(Errno(libc::$name)),)*
                $(stringify!($lookup) => Some(Errno($number)),)*
                _ => None,
            }
        }

        /// The symbolic name of any error that a system call of this program can return (`errno(3)`).
        pub const fn symbol(self) -> Option<&'static str> {
            match self.0 {
                $(libc::$other => Some(stringify!($other)),)*
                _ => self.name(),
            }
        }

        /// All of `errno(3)` that have a symbol.
        #[cfg(test)]
        pub(crate) const ALL: &'static [Errno] = &[$(Errno(libc::$name),)* $(Errno(libc::$other),)*];
    };
}

impl Errno {
    /// Whether it says that a number is a socket's no more, or never was one's.
    pub const fn is_no_socket(self) -> bool {
        matches!(self.0, libc::EBADF | libc::ENOTSOCK)
    }

    errnos! {
        EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET
        EDESTADDRREQ EDOM EEXIST EFAULT EHOSTUNREACH EINPROGRESS EINTR EINVAL EISCONN EMFILE EMSGSIZE ENETDOWN
        ENETUNREACH ENFILE ENOBUFS ENOENT ENOMEM ENOPROTOOPT ENOTCONN ENOTSOCK ENOTTY EOPNOTSUPP EPERM EPIPE EPROTO EPROTONOSUPPORT ETIMEDOUT;
        of_lookups: EAI_BADFLAGS = -1 EAI_NONAME = -2 EAI_AGAIN = -3 EAI_FAIL = -4 EAI_NODATA = -5 EAI_FAMILY = -6 EAI_SOCKTYPE = -7
        EAI_SERVICE = -8 EAI_ADDRFAMILY = -9 EAI_MEMORY = -10 EAI_SYSTEM = -11 EAI_OVERFLOW = -12;
        others: E2BIG EBADMSG EBUSY ECHILD EDEADLK EDQUOT EFBIG EIO EISDIR ELOOP EMLINK ENAMETOOLONG ENETRESET
        ENODATA ENODEV ENOEXEC ENOLCK ENOSPC ENOSYS ENOTDIR ENOTEMPTY ENXIO EOVERFLOW
        EPFNOSUPPORT EPROTOTYPE ERANGE EROFS ESOCKTNOSUPPORT ESPIPE ESRCH ESTALE ETXTBSY EUSERS EXDEV
    }
}

impl Errno {
    /// What the call returned that failed so: -1, and in `errno` which error; a function that returns its error returned that.
    pub const fn value(self) -> i32 {
        if self.0 < 0 { self.0 } else { -1 }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.symbol() {
            Some(name) => f.pad(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}
