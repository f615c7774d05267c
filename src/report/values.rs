//! What calls told through pointers, as JSON has it.

use serde_json::{Value, json};

use crate::model::{Returned, StructuredValue};

/// What a call told through a pointer: an int, or a value that has parts or is a text.
pub(super) fn value_told(returned: &Returned) -> Option<Value> {
    let option = returned.option.as_ref();
    let structured = option.and_then(|told| told.structured.as_ref()).map(structured_value);
    structured.or_else(|| option.map(|told| json!(told.value))).or_else(|| returned.told.map(|told| json!(told)))
}

/// A time by its seconds and microseconds, SO_LINGER's two numbers, a text.
pub(super) fn structured_value(value: &StructuredValue) -> Value {
    match value {
        StructuredValue::Time { seconds, microseconds } => json!([seconds, microseconds]),
        StructuredValue::Linger { on, seconds } => json!([on, seconds]),
        StructuredValue::Name(name) => json!(name),
    }
}

/// The addresses that `getaddrinfo()` told.
pub(super) fn addresses(returned: &Returned) -> Vec<String> {
    returned.addresses.iter().map(ToString::to_string).collect()
}
