//! The form of a parse tree: for each value its tag, its place in the text, then what it is. All numbers are LEB128, those that
//! may be negative zigzag. A place is where it begins, counted from where the value before it in the tree begins, and how many
//! bytes it has: small numbers, which are packed well.

/// A text that stands in its place as it is: how many bytes of the place are before it, and how many behind it.
pub const PART: u8 = 0;
/// A text that is written otherwise, with an escape: how many bytes it has, then these.
pub const TEXT: u8 = 1;
/// A whole number of 64 bits, which may be negative.
pub const WHOLE: u8 = 2;
/// A larger one.
pub const LARGE: u8 = 3;
/// A number with a fraction: the eight bytes of an IEEE 754 double, the lowest first.
pub const FRACTION: u8 = 4;
/// No.
pub const FALSE: u8 = 5;
/// Yes.
pub const TRUE: u8 = 6;
/// A date or a time.
pub const DATE: u8 = 7;
/// How many values a list has, then these.
pub const LIST: u8 = 8;
/// How many keys a table has, then each key, which is a text, before its value.
pub const TABLE: u8 = 9;
