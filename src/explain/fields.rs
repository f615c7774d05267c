//! Fields of a structure of C, as a program's argument is written: `{l_onoff=1, l_linger=0}`.

/// The value of the field of this name; `None` where there is none.
pub(super) fn field<'a>(written: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = written.split_once(&format!("{name}="))?;
    after.split([',', '}']).next()
}

/// The seconds of a `struct timeval`; `None` of anything else.
pub(super) fn seconds(written: &str) -> Option<f64> {
    let number = |name: &str| field(written, name)?.parse::<i64>().ok();
    Some(number("tv_sec")? as f64 + number("tv_usec")? as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_by_its_name() {
        assert_eq!(field("{l_onoff=1, l_linger=5}", "l_linger"), Some("5"));
        assert_eq!(field("{l_onoff=1", "l_onoff"), Some("1"));
        assert_eq!(field("[1]", "l_onoff"), None);
        assert_eq!(seconds("{tv_sec=1, tv_usec=500000}"), Some(1.5));
        for none in ["{tv_sec=1}", "\"\\x01\\0\"", "", "{tv_sec=x, tv_usec=0}"] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }
}
