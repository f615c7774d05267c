//! How a route of the lab is changed: by the metrics that TCP heeds, written as iproute2 does (`ip-route(8)`):
//! `ip route change 127.0.0.1 initcwnd 4 mtu 1000`.
//!
//! What a line doesn't name stays as it is, since a lab's routes have metrics of its own; 0 leaves a metric to Linux.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A number that a route has for the connections over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum RouteMetric {
    /// The longest packet, in bytes; existing connections heed it too.
    Mtu,
    /// The largest window that is offered, in bytes.
    Window,
    /// The first slow start threshold, in segments.
    Ssthresh,
    /// The largest congestion window, in segments; heeded where it is locked.
    Cwnd,
    /// The MSS that is offered, in bytes.
    Advmss,
    /// How far segments may overtake one another before one is taken for lost.
    Reordering,
    /// The TTL of what is sent (IPv6: hop limit).
    HopLimit,
    /// The first congestion window, in segments.
    InitCwnd,
    /// The shortest retransmission timeout, in milliseconds; heeded where it is locked, so it always is.
    RtoMin,
    /// The first window that is offered, in segments.
    InitRwnd,
    /// Whether each segment is acknowledged at once.
    Quickack,
}

impl RouteMetric {
    /// All of them, in the kernel's order.
    pub const ALL: [RouteMetric; 11] = [
        RouteMetric::Mtu,
        RouteMetric::Window,
        RouteMetric::Ssthresh,
        RouteMetric::Cwnd,
        RouteMetric::Advmss,
        RouteMetric::Reordering,
        RouteMetric::HopLimit,
        RouteMetric::InitCwnd,
        RouteMetric::RtoMin,
        RouteMetric::InitRwnd,
        RouteMetric::Quickack,
    ];

    /// iproute2's name.
    pub const fn name(self) -> &'static str {
        match self {
            RouteMetric::Mtu => "mtu",
            RouteMetric::Window => "window",
            RouteMetric::Ssthresh => "ssthresh",
            RouteMetric::Cwnd => "cwnd",
            RouteMetric::Advmss => "advmss",
            RouteMetric::Reordering => "reordering",
            RouteMetric::HopLimit => "hoplimit",
            RouteMetric::InitCwnd => "initcwnd",
            RouteMetric::RtoMin => "rto_min",
            RouteMetric::InitRwnd => "initrwnd",
            RouteMetric::Quickack => "quickack",
        }
    }

    fn named(name: &str) -> Option<RouteMetric> {
        RouteMetric::ALL.into_iter().find(|one| one.name() == name)
    }

    /// A value as iproute2 shows it.
    pub fn shown(self, MetricValue { number, locked }: MetricValue) -> String {
        let lock = if locked && self != RouteMetric::RtoMin { "lock " } else { "" };
        let unit = if self == RouteMetric::RtoMin && number > 0 { "ms" } else { "" };
        format!("{lock}{number}{unit}")
    }
}

/// What a metric is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MetricValue {
    /// The number; 0 where Linux itself decides.
    pub number: u32,
    /// Whether the kernel may not learn another one.
    pub locked: bool,
}

/// A change of a route.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RouteChange {
    /// Whither: an address of the loopback, and how many of its bits count.
    pub to: (IpAddr, u8),
    /// What changes, each metric once.
    pub metrics: Vec<(RouteMetric, MetricValue)>,
}

/// Why a route can't be changed so. The words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteFault {
    /// It doesn't begin as a change of a route does, but with this.
    Form(String),
    /// A lab has no route to this.
    To(String),
    /// No metric that can be changed has this name.
    Metric(String),
    /// This metric takes no such value.
    Value(RouteMetric, String),
    /// A metric is named twice.
    Twice(RouteMetric),
    /// None is named.
    Nothing,
}

impl RouteChange {
    /// Whether what came from elsewhere is what a line could have said.
    pub fn is_sound(&self) -> bool {
        let once = |n: usize| self.metrics[..n].iter().all(|(earlier, _)| *earlier != self.metrics[n].0);
        is_own(self.to) && !self.metrics.is_empty() && (0..self.metrics.len()).all(once)
    }

    /// Whither, as iproute2 writes it.
    pub fn destination(&self) -> String {
        match self.to {
            (address @ IpAddr::V4(_), 32) | (address @ IpAddr::V6(_), 128) => address.to_string(),
            (address, prefix) => format!("{address}/{prefix}"),
        }
    }
}

/// Whether a route is one of the loopback's.
fn is_own(to: (IpAddr, u8)) -> bool {
    match to {
        (IpAddr::V4(address), prefix) => address.is_loopback() && (8..=32).contains(&prefix),
        (IpAddr::V6(address), prefix) => address == Ipv6Addr::LOCALHOST && prefix == 128,
    }
}

fn destination(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address.parse().ok()?, Some(prefix.parse().ok()?)),
        None => (text.parse::<IpAddr>().ok()?, None),
    };
    let whole = if address.is_ipv4() { 32 } else { 128 };
    Some((address, prefix.unwrap_or(whole))).filter(|to| is_own(*to))
}

impl FromStr for RouteChange {
    type Err = RouteFault;

    /// Reads `ip route change 127.0.0.1 initcwnd 4`; in a lesson without `ip route`.
    fn from_str(text: &str) -> Result<RouteChange, RouteFault> {
        let mut words = text.split_whitespace().peekable();
        if words.next_if_eq(&"ip").is_some() {
            match words.next() {
                Some("route" | "ro" | "r") => {}
                other => return Err(RouteFault::Form(other.unwrap_or("ip").to_owned())),
            }
        }
        match words.next() {
            Some("change" | "replace") => {}
            other => return Err(RouteFault::Form(other.unwrap_or("ip route").to_owned())),
        }
        while words.next_if_eq(&"local").is_some() {}
        let to = words.next().ok_or_else(|| RouteFault::To(String::new()))?;
        let to = destination(to).ok_or_else(|| RouteFault::To(to.to_owned()))?;
        let mut metrics: Vec<(RouteMetric, MetricValue)> = Vec::new();
        while let Some(word) = words.next() {
            // What is so of each of the lab's routes.
            if let ("dev", Some(&"lo")) | ("table", Some(&"local")) = (word, words.peek()) {
                words.next();
                continue;
            }
            let metric = RouteMetric::named(word).ok_or_else(|| RouteFault::Metric(word.to_owned()))?;
            let locked = words.next_if_eq(&"lock").is_some() || metric == RouteMetric::RtoMin;
            let value = words.next().unwrap_or_default();
            let number = number(metric, value).ok_or_else(|| RouteFault::Value(metric, value.to_owned()))?;
            if metrics.iter().any(|(earlier, _)| *earlier == metric) {
                return Err(RouteFault::Twice(metric));
            }
            metrics.push((metric, MetricValue { number, locked: locked && number > 0 }));
        }
        if metrics.is_empty() { Err(RouteFault::Nothing) } else { Ok(RouteChange { to, metrics }) }
    }
}

/// A metric's number; of a time in milliseconds, or with its unit.
fn number(metric: RouteMetric, text: &str) -> Option<u32> {
    if metric != RouteMetric::RtoMin {
        return text.parse().ok();
    }
    match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(ms), _) => ms.parse().ok(),
        (None, Some(seconds)) => seconds.parse::<u32>().ok()?.checked_mul(1000),
        (None, None) => text.parse().ok(),
    }
}

impl fmt::Display for RouteChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ip route change {}", self.destination())?;
        self.metrics.iter().try_for_each(|(metric, value)| write!(f, " {} {}", metric.name(), metric.shown(*value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_read_as_iproute2_writes_it() {
        let read = |text: &str| text.parse::<RouteChange>().map(|change| change.to_string());
        for (text, wanted) in [
            ("ip route change 127.0.0.1 initcwnd 4", "ip route change 127.0.0.1 initcwnd 4"),
            ("change local 127.0.0.1/32 dev lo table local mtu lock 1000", "ip route change 127.0.0.1 mtu lock 1000"),
            (
                "ip ro replace 127.0.0.0/8 rto_min 1s quickack 0",
                "ip route change 127.0.0.0/8 rto_min 1000ms quickack 0",
            ),
            ("ip route change ::1 hoplimit 5 rto_min 40ms", "ip route change ::1 hoplimit 5 rto_min 40ms"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(wanted), "{text}");
        }
        use RouteFault::*;
        for (text, fault) in [
            ("ip", Form("ip".into())),
            ("ip link", Form("link".into())),
            ("ip route", Form("ip route".into())),
            ("ip route show", Form("show".into())),
            ("ip route change", To(String::new())),
            ("ip route change 10.0.0.1 mtu 5", To("10.0.0.1".into())),
            ("ip route change 127.0.0.0/7 mtu 5", To("127.0.0.0/7".into())),
            ("ip route change ::2 mtu 5", To("::2".into())),
            ("ip route change 127.0.0.1", Nothing),
            ("ip route change 127.0.0.1 dev lo", Nothing),
            ("ip route change 127.0.0.1 dev eth0", Metric("dev".into())),
            ("ip route change 127.0.0.1 rtt 5", Metric("rtt".into())),
            ("ip route change 127.0.0.1 mtu", Value(RouteMetric::Mtu, String::new())),
            ("ip route change 127.0.0.1 mtu -1", Value(RouteMetric::Mtu, "-1".into())),
            ("ip route change 127.0.0.1 rto_min 5h", Value(RouteMetric::RtoMin, "5h".into())),
            ("ip route change 127.0.0.1 mtu 5 mtu 6", Twice(RouteMetric::Mtu)),
        ] {
            assert_eq!(text.parse::<RouteChange>(), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_sound_and_is_written_as_the_same(text in "(ip route )?(change )?(local )?[a-z0-9:./ ]{0,40}") {
            if let Ok(change) = text.parse::<RouteChange>() {
                prop_assert!(change.is_sound());
                prop_assert_eq!(change.to_string().parse(), Ok(change));
            }
        }
    }
}
