//! The words of what lessons need.

use super::fill;
use super::words::words;
use crate::model::Need;

words! {
    /// What a lesson needs, and the sentences where it is missing. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct NeedTexts {
        pub lab: String,
        pub ipv6: String,
        pub udp_table: String,
        pub tracing: String,
        pub setting: String,
        pub settings: String,
        pub congestion_control: String,
        pub option: String,
        pub options: String,
        pub between: String,
        pub and: String,
        pub or: String,
        pub missing: String,
        pub missing_in_lab: String,
        pub missing_on_host: String,
        pub try_host: String,
        pub try_lab: String,
        pub ask_doctor: String,
        pub see_lessons: String,
        pub instead: String,
    }
}

impl NeedTexts {
    /// Needs by their names, one after the other.
    pub fn list(&self, needs: &[Need]) -> String {
        let (mut names, mut settings, mut options) = (Vec::new(), Vec::new(), Vec::new());
        for need in needs {
            match need {
                Need::Ipv6 => names.push(self.ipv6.clone()),
                Need::UdpTable => names.push(self.udp_table.clone()),
                Need::Tracing => names.push(self.tracing.clone()),
                Need::Setting(name) => settings.push(name.clone()),
                Need::CongestionControl(name) => names.push(fill(&self.congestion_control, &[("names", name)])),
                Need::Option(name) => options.push(name.clone()),
            }
        }
        names.extend(self.several(&settings, &self.setting, &self.settings));
        names.extend(self.several(&options, &self.option, &self.options));
        self.together(&names)
    }

    /// What is missing in one mode or the other, each thing once: the lab itself where it is `None`. `None` where nothing is.
    pub fn either<'a>(&self, missing: impl IntoIterator<Item = Option<&'a [Need]>>) -> Option<String> {
        let mut all: Vec<String> = Vec::new();
        for needs in missing {
            let what = needs.map_or_else(|| self.lab.clone(), |needs| self.list(needs));
            if !what.is_empty() && !all.contains(&what) {
                all.push(what);
            }
        }
        (!all.is_empty()).then(|| all.join(&self.or))
    }

    fn several(&self, names: &[String], one: &str, more: &str) -> Option<String> {
        let text = if names.len() == 1 { one } else { more };
        (!names.is_empty()).then(|| fill(text, &[("names", self.together(names))]))
    }

    fn together(&self, names: &[String]) -> String {
        match names.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{}{}{last}", others.join(&self.between), self.and),
            _ => names.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Lang, Texts};
    use super::*;
    use crate::i18n::testing::zh;

    #[test]
    fn what_is_missing_in_both_modes_is_said_once() {
        let t = &Texts::load(Lang::EN).unwrap().needs;
        let ipv6 = [Need::Ipv6];
        assert_eq!(t.either([Some(&[][..])]), None);
        assert_eq!(t.either([Some(&ipv6[..]), Some(&ipv6[..])]), Some(t.ipv6.clone()));
        assert_eq!(t.either([None, Some(&ipv6[..])]), Some(format!("{}{}{}", t.lab, t.or, t.ipv6)));
    }

    #[test]
    fn needs_are_listed_by_their_names() {
        let setting = |name: &str| Need::Setting(name.to_owned());
        let option = |name: &str| Need::Option(name.to_owned());
        let few = [option("TCP_CORK"), setting("net.core.somaxconn")];
        let many = [few.as_slice(), &[Need::Ipv6, option("SO_SNDBUF"), option("SO_RCVBUF")]].concat();
        let list = |lang, needs: &[Need]| Texts::load(lang).unwrap().needs.list(needs);
        assert_eq!(list(Lang::EN, &[]), "");
        assert_eq!(list(Lang::EN, &few), "the kernel setting net.core.somaxconn and the socket option TCP_CORK");
        assert_eq!(
            list(Lang::EN, &many),
            "IPv6 with its address ::1, the kernel setting net.core.somaxconn and the socket options TCP_CORK, SO_SNDBUF and \
             SO_RCVBUF"
        );
        assert_eq!(list(zh(), &many[..3]), "地址 ::1（IPv6）、内核设置项 net.core.somaxconn、套接字选项 TCP_CORK");
    }
}
