//! The filter that stops a program before the calls that are shown (`seccomp(2)`): a dozen kinds of instruction and one
//! comparison a call. All else is allowed, and, since that depends on no argument, without even running the filter.

use super::table::{DEVICE_REQUESTS, FILE_COMMANDS, RESTART, RING, ROWS, TAKES};
use crate::linux::sys::seccomp::{Instruction, instruction};

/// From `linux/bpf_common.h`: load a word; jump if equal; return.
const LOAD: u32 = 0x20;
const IF_EQUAL: u32 = 0x15;
const RETURN: u32 = 0x06;

/// Offsets in `struct seccomp_data`. The arguments' lower halves come first on the processors that this runs on.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const SECOND_ARGUMENT: u32 = 24;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const STOP: u32 = libc::SECCOMP_RET_TRACE;

/// `EM_…` of `elf.h`: the machine for which this program is made.
pub(super) const MACHINE: u16 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };

/// `AUDIT_ARCH_…` of `linux/audit.h`: the ELF machine's number, 64 bits, little-endian.
pub(super) const NATIVE: u32 = MACHINE as u32 | 0xc000_0000;

/// How a program for 32 bits makes a socket: `socketcall(2)` and, since Linux 4.3, `socket(2)` of i386.
const SMALL_SOCKETCALL: u32 = 102;
const SMALL_SOCKET: u32 = 359;

/// The second arguments at which a call is stopped, where not at all.
fn of_interest(name: &str) -> Option<Vec<u32>> {
    match name {
        "fcntl" => Some(FILE_COMMANDS.iter().map(|(number, _)| *number).collect()),
        "ioctl" => Some(DEVICE_REQUESTS.iter().map(|(number, _)| *number).collect()),
        _ => None,
    }
}

/// The program of instructions.
pub(super) fn filter() -> Vec<Instruction> {
    // Calls of other architectures have other numbers: they pass, and the tracer says that they can't be seen. It hears of it
    // where one makes a socket, also in a program that is this machine's otherwise.
    let [foreign, stop] = stop_at(SMALL_SOCKETCALL);
    let [other, stop_too] = stop_at(SMALL_SOCKET);
    let mut program = vec![
        instruction(LOAD, ARCHITECTURE, 0, 0),
        instruction(IF_EQUAL, NATIVE, 6, 0),
        instruction(LOAD, NUMBER, 0, 0),
        foreign,
        stop,
        other,
        stop_too,
        instruction(RETURN, ALLOW, 0, 0),
        instruction(LOAD, NUMBER, 0, 0),
    ];
    for row in ROWS {
        let Some(wanted) = of_interest(row.name) else {
            program.extend(stop_at(row.number as u32));
            continue;
        };
        let last = wanted.len();
        // Over what is tested of this call.
        program.push(instruction(IF_EQUAL, row.number as u32, 0, last as u8 + 3));
        program.push(instruction(LOAD, SECOND_ARGUMENT, 0, 0));
        for (at, number) in wanted.into_iter().enumerate() {
            program.push(instruction(IF_EQUAL, number, (last - at) as u8, 0));
        }
        program.push(instruction(RETURN, ALLOW, 0, 0));
        program.push(instruction(RETURN, STOP, 0, 0));
    }
    for number in [RESTART, RING, TAKES] {
        program.extend(stop_at(number as u32));
    }
    program.push(instruction(RETURN, ALLOW, 0, 0));
    program
}

fn stop_at(number: u32) -> [Instruction; 2] {
    [instruction(IF_EQUAL, number, 0, 1), instruction(RETURN, STOP, 0, 0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::tracer::table::SyscallRow;

    /// What the filter says of a call, as the kernel would run it.
    fn runs(program: &[Instruction], arch: u32, number: u32, second: u32) -> u32 {
        let (mut at, mut word) = (0, 0);
        loop {
            let now = program[at];
            at += 1;
            match u32::from(now.code) {
                LOAD => {
                    word = match now.k {
                        NUMBER => number,
                        ARCHITECTURE => arch,
                        SECOND_ARGUMENT => second,
                        other => panic!("no such word: {other}"),
                    }
                }
                IF_EQUAL => at += usize::from(if word == now.k { now.jt } else { now.jf }),
                RETURN => return now.k,
                other => panic!("no such instruction: {other}"),
            }
        }
    }

    #[test]
    fn the_filter_stops_at_the_calls_of_the_table_and_at_nothing_else() {
        let program = filter();
        let is_wanted = |row: &SyscallRow, second| of_interest(row.name).is_none_or(|wanted| wanted.contains(&second));
        for number in 0..600 {
            for second in [0, 1, 2, 3, 4, 1030, 0x5421, 0x5401] {
                let row = SyscallRow::of(number);
                let stopped = row.is_some_and(|row| is_wanted(row, second)) || [RESTART, RING, TAKES].contains(&number);
                let said = runs(&program, NATIVE, number as u32, second);
                assert_eq!(said == STOP, stopped, "{number} {second}");
                assert!(stopped || said == ALLOW);
                let makes_socket = [SMALL_SOCKETCALL, SMALL_SOCKET].contains(&(number as u32));
                let said = runs(&program, 0x4000_0003, number as u32, second);
                assert_eq!(said, if makes_socket { STOP } else { ALLOW }, "another architecture");
            }
        }
    }
}
