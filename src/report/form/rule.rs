//! The wire's rules: each in its own notation, beside between whom.

use serde::{Deserialize, Serialize};

use super::parts::WhichForm;
use super::{As, converted};
use crate::model::SegmentFilter;
use crate::model::rule::{RuleChange, RuleInForce, TypedRule, WireRule, WireRules};

/// What a rule does stands there as it is written: `lose every 3 flags=SYN,ACK`.
#[derive(Serialize, Deserialize)]
pub(super) struct RuleForm {
    #[serde(with = "WhichForm")]
    which: SegmentFilter,
    does: String,
}

impl From<&WireRule> for RuleForm {
    fn from(rule: &WireRule) -> RuleForm {
        RuleForm { which: rule.which, does: rule.words() }
    }
}

impl TryFrom<RuleForm> for WireRule {
    type Error = String;

    fn try_from(RuleForm { which, does }: RuleForm) -> Result<WireRule, String> {
        match does.parse::<TypedRule>().map(|typed| typed.change(which)) {
            Ok(RuleChange::Set(rule)) => Ok(WireRule { which, ..rule }),
            _ => Err(format!("no rule of the wire: {does}")),
        }
    }
}

/// One that is in force, and how many segments it has been about.
#[derive(Serialize, Deserialize)]
struct InForceForm {
    #[serde(flatten, with = "As::<RuleForm>")]
    rule: WireRule,
    #[serde(default)]
    seen: u64,
}

impl From<&RuleInForce> for InForceForm {
    fn from(RuleInForce { rule, seen }: &RuleInForce) -> InForceForm {
        InForceForm { rule: *rule, seen: *seen }
    }
}

impl From<InForceForm> for RuleInForce {
    fn from(InForceForm { rule, seen }: InForceForm) -> RuleInForce {
        RuleInForce { rule, seen }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "WireRules")]
pub(super) struct RulesForm {
    #[serde(with = "As::<Vec<InForceForm>>")]
    rules: Vec<RuleInForce>,
}

converted! {
    RuleForm: WireRule;
    InForceForm: RuleInForce;
}
