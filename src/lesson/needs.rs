//! What a lesson needs that not every machine has: what its file names, and what it can't run without.

use super::{Action, CallClaim, CallTerms, Lesson, Step, Terms};
use crate::model::{CallName, KernelChange, Mode, Need, Setting, SocketOption};

impl Lesson {
    /// Everything that it needs in a mode, beside the lab: what its file names, and what can be told from the rest of it,
    /// so that no author can forget it: IPv6 for its addresses and sockets, the settings of its lab, and the socket options
    /// that its steps set or ask for.
    pub fn needs_in(&self, mode: Mode) -> Vec<Need> {
        let mut needs = self.needs.clone();
        if self.server.is_ipv6() {
            add(&mut needs, Need::Ipv6);
        }
        if !self.programs.is_empty() {
            add(&mut needs, Need::Tracing);
        }
        if mode == Mode::Lab {
            needs.extend(self.lab.settings().map(Need::Setting));
            needs.extend(self.lab.congestion_control().map(|name| Need::CongestionControl(name.to_owned())));
        }
        for step in self.steps.iter().filter(|step| step.modes.contains(&mode)) {
            if let Some(Action::Socket { udp: true, .. }) = &step.action {
                add(&mut needs, Need::UdpTable);
            }
            match &step.action {
                Some(Action::Socket { ipv6: true, .. }) => add(&mut needs, Need::Ipv6),
                // What only tells something can't be tried by setting it, and every kernel has it.
                Some(Action::GetOption { option, .. }) if SocketOption::of_lesson(&option.to_string()).is_none() => {}
                Some(Action::SetOption { option, .. } | Action::GetOption { option, .. })
                    if !is_refused(step, mode) =>
                {
                    add(&mut needs, Need::Option(option.to_string()));
                }
                Some(Action::Kernel(changes)) => changes.iter().for_each(|change| {
                    let KernelChange::Sysctl(change) = change else { return };
                    add(&mut needs, Need::Setting(format!("net.{}.{}", change.folder(), change.name)));
                    if let Setting::Name(name) = &change.value {
                        add(&mut needs, Need::CongestionControl(name.clone()));
                    }
                }),
                _ => {}
            }
        }
        needs
    }
}

fn add(needs: &mut Vec<Need>, need: Need) {
    if !needs.contains(&need) {
        needs.push(need);
    }
}

/// Whether a step is about the kernel's refusal of an option.
fn is_refused(step: &Step, mode: Mode) -> bool {
    step.expect.iter().filter(|claim| claim.modes.contains(&mode)).any(|claim| {
        matches!(
            &claim.terms,
            Terms::Call {
                came: CallClaim::Returns(CallTerms {
                    call: CallName::SetSockOpt | CallName::GetSockOpt,
                    error: Some(_),
                    ..
                }),
                ..
            }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn lesson(head: &str, steps: &str) -> Lesson {
        let text = "{ en = \"E\", zh = \"中\" }";
        let head = format!(
            "format = 1\nid = \"x\"\nserver = \"127.0.0.1:8000\"\ntitle = {text}\ngoal = {text}\nrecap = {text}\n{head}"
        );
        let socket = "do.socket = { side = \"client\", name = \"client\" }\n";
        let steps = format!("[[step]]\nid = \"socket\"\n{socket}{steps}");
        let steps = steps.replace("[[step]]\n", &format!("[[step]]\ntitle = {text}\nsay = {text}\n"));
        let parsed = parse("x.toml", &format!("{head}\n{steps}"));
        parsed.unwrap_or_else(|error| panic!("{}", error.render(crate::i18n::Lang::EN, false)))
    }

    fn sets(id: &str, option: &str, more: &str) -> String {
        let call = format!("do.setsockopt = {{ socket = \"client\", option = \"{option}\", value = 1 }}");
        format!("[[step]]\nid = \"{id}\"\n{call}\n{more}\n")
    }

    #[test]
    fn the_labs_settings_are_needed_in_the_lab_alone() {
        let head = "needs = [\"ipv6\"]\n[lab]\ncore.somaxconn = 3\nsysctl = { tcp_sack = 0, tcp_dsack = 0 }";
        let lesson = lesson(head, "");
        let settings = ["net.ipv4.tcp_dsack", "net.ipv4.tcp_sack", "net.core.somaxconn"];
        let settings = settings.map(|name| Need::Setting(name.to_owned()));
        assert_eq!(lesson.needs_in(Mode::Lab), [vec![Need::Ipv6], settings.to_vec()].concat());
        assert_eq!(lesson.needs_in(Mode::Host), [Need::Ipv6]);
    }

    #[test]
    fn a_congestion_control_is_needed_by_its_name() {
        let lesson = lesson("lab.sysctl = { tcp_congestion_control = \"cubic\" }", "");
        let setting = Need::Setting("net.ipv4.tcp_congestion_control".into());
        assert_eq!(lesson.needs_in(Mode::Lab), [setting, Need::CongestionControl("cubic".into())]);
        assert_eq!(lesson.needs_in(Mode::Host), []);
    }

    #[test]
    fn ipv6_is_needed_where_the_lesson_uses_it() {
        let with =
            "[[step]]\nid = \"six\"\nin = [\"lab\"]\ndo.socket = { side = \"server\", name = \"six\", ipv6 = true }\n";
        let with = lesson("", with);
        assert_eq!((with.needs_in(Mode::Lab), with.needs_in(Mode::Host)), (vec![Need::Ipv6], vec![]));
        let mut named = lesson("needs = [\"ipv6\"]", "");
        named.server = "[::1]:8000".parse().unwrap();
        assert_eq!(named.needs_in(Mode::Host), [Need::Ipv6]);
        named.needs.clear();
        assert_eq!(named.needs_in(Mode::Host), [Need::Ipv6]);
    }

    #[test]
    fn an_option_is_needed_where_a_step_sets_it_and_the_kernel_isnt_to_refuse_it() {
        let refused = "expect = [{ returns = { side = \"client\", call = \"setsockopt\", error = \"ENOPROTOOPT\" } }]";
        let in_lab =
            "expect = [{ in = [\"lab\"], returns = { side = \"client\", call = \"setsockopt\", error = \"EINVAL\" } }]";
        let steps = [
            sets("one", "TCP_NODELAY", ""),
            sets("again", "TCP_NODELAY", ""),
            sets("host", "TCP_CORK", "in = [\"host\"]"),
            sets("refused", "TCP_SYNCNT", refused),
            sets("refused-in-lab", "TCP_LINGER2", in_lab),
        ];
        let lesson = lesson("", &steps.concat());
        let options = |names: &[&str]| names.iter().map(|name| Need::Option((*name).to_owned())).collect::<Vec<_>>();
        assert_eq!(lesson.needs_in(Mode::Lab), options(&["TCP_NODELAY"]));
        assert_eq!(lesson.needs_in(Mode::Host), options(&["TCP_NODELAY", "TCP_CORK", "TCP_LINGER2"]));
    }
}
