//! What `getaddrinfo()` is asked.

use serde::{Deserialize, Serialize};

use super::{As, TextForm, remote, text};
use crate::model::{Lookup, LookupFamily, LookupFlags};

/// Family and flags by their names in C, where there are any.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Lookup")]
pub(super) struct LookupForm {
    node: Option<String>,
    service: Option<String>,
    #[serde(default, skip_serializing_if = "is_any_family", with = "As::<TextForm>")]
    family: LookupFamily,
    #[serde(default, skip_serializing_if = "has_no_flags", with = "As::<TextForm>")]
    flags: LookupFlags,
}

fn is_any_family(family: &LookupFamily) -> bool {
    family.is_any()
}

fn has_no_flags(flags: &LookupFlags) -> bool {
    *flags == LookupFlags::default()
}

remote! {
    LookupForm: Lookup;
}

text! {
    LookupFamily: "no address family";
    LookupFlags: "no flags of getaddrinfo()";
}
