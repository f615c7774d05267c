//! A program on a kernel that refuses some of its system calls, by a filter of the kernel's own.

use std::path::Path;
use std::process::Command;

use super::{Finished, Program, User, finish, skipped};

/// Runs a program under a filter (`seccomp(2)`) of system calls, whose lines `{lines}` makes of the numbers that it is
/// given. Arguments: how many numbers, these, the program, its arguments.
const FILTERED: &str = r#"
import ctypes, os, platform, struct, sys
count = int(sys.argv[1])
numbers, command = [int(number) for number in sys.argv[2:2 + count]], sys.argv[2 + count:]
machine = {"x86_64": 0, "aarch64": 1}[platform.machine()]
LOAD, EQUAL, RETURN, ERROR = 0x20, 0x15, 0x06, 0x00050000
filter = b"".join(struct.pack("HBBI", *line) for line in {lines} + [(RETURN, 0, 0, 0x7fff0000)])
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
libc = ctypes.CDLL(None, use_errno=True)
program = Program(len(filter) // 8, filter)
zero = ctypes.c_ulong(0)
assert libc.prctl(38, ctypes.c_ulong(1), zero, zero, zero) == 0  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, ctypes.c_ulong(2), ctypes.byref(program)) == 0, ctypes.get_errno()  # PR_SET_SECCOMP
os.execv(command[0], command)
"#;

/// The kernel refuses these calls (EPERM).
pub const WITHOUT_CALLS: &str =
    "[(LOAD, 0, 0, 0)] + [line for number in numbers for line in [(EQUAL, 0, 1, number), (RETURN, 0, 0, ERROR | 1)]]";

/// Whether a filter can be set here.
pub fn can_filter() -> bool {
    let python = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        skipped("the filter knows the numbers of other machines' system calls only");
    } else if !python {
        skipped("no python3 to set a filter: apt install python3");
    } else {
        return true;
    }
    false
}

pub fn filtered(program: &Program, user: User, lines: &str, numbers: &[i64], args: &[&str]) -> Finished {
    let mut command = user.command(Path::new("python3"));
    command.env("XDG_RUNTIME_DIR", program.labs_of(user));
    command.args(["-c", &FILTERED.replace("{lines}", lines), &numbers.len().to_string()]);
    command.args(numbers.iter().map(ToString::to_string));
    finish(command.arg(program.path()).args(args))
}
