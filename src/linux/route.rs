//! The loopback's routes: how soon the kernel acknowledges, how long it waits before it sends again, which MSS it offers, and
//! whatever else of their metrics somebody changes in the middle of a walk.
//!
//! `quickack`, `rto_min` and `advmss` of `ip-route(8)` are metrics of a route; every kernel has them, unlike the newer
//! sysctls.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::netlink::{Netlink, NetlinkMessage, attributes};
use crate::model::{ChangedSetting, Errno, LabSettings, MSS, MetricValue, RouteChange, RouteMetric};

// `linux/rtnetlink.h`.
const RT_TABLE_LOCAL: u8 = 255;
const RTPROT_KERNEL: u8 = 2;
const RTPROT_STATIC: u8 = 4;
const RT_SCOPE_UNIVERSE: u8 = 0;
const RT_SCOPE_HOST: u8 = 254;
const RTN_LOCAL: u8 = 2;
const RTAX_LOCK: u16 = 1;
const RTAX_ADVMSS: u16 = 8;
const RTAX_RTO_MIN: u16 = 13;
const RTAX_QUICKACK: u16 = 15;
/// The length of `struct rtmsg`.
const HEADER: usize = 12;
/// The priority of the route to ::1, below that of the kernel's own.
const PREFERRED: u32 = 1;

/// The kernel's number of a metric (`RTAX_…`).
const fn number(metric: RouteMetric) -> u16 {
    match metric {
        RouteMetric::Mtu => 2,
        RouteMetric::Window => 3,
        RouteMetric::Ssthresh => 6,
        RouteMetric::Cwnd => 7,
        RouteMetric::Advmss => RTAX_ADVMSS,
        RouteMetric::Reordering => 9,
        RouteMetric::HopLimit => 10,
        RouteMetric::InitCwnd => 11,
        RouteMetric::RtoMin => RTAX_RTO_MIN,
        RouteMetric::InitRwnd => 14,
        RouteMetric::Quickack => RTAX_QUICKACK,
    }
}

/// Whither a route leads, and how many bits of that count.
type Destination = (IpAddr, u8);

/// A route's metrics, each with its bytes, by the kernel's numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Metrics(BTreeMap<u16, Vec<u8>>);

impl Metrics {
    fn of(settings: &LabSettings, ipv6: bool) -> Metrics {
        let mut metrics = Metrics::default();
        if let Some(rto_min) = settings.rto_min_ms {
            // The kernel heeds this metric only where it is locked.
            metrics.set(RTAX_RTO_MIN, MetricValue { number: rto_min, locked: true });
        }
        if !settings.delayed_ack {
            metrics.set(RTAX_QUICKACK, MetricValue { number: 1, locked: false });
        }
        if settings.mtu.is_none() {
            metrics.set(RTAX_ADVMSS, MetricValue { number: MSS[usize::from(ipv6)], locked: false });
        }
        metrics
    }

    fn word(&self, metric: u16) -> u32 {
        let four = self.0.get(&metric).and_then(|bytes| bytes.first_chunk());
        four.map_or(0, |four| u32::from_ne_bytes(*four))
    }

    fn get(&self, metric: u16) -> MetricValue {
        MetricValue { number: self.word(metric), locked: self.word(RTAX_LOCK) >> metric & 1 == 1 }
    }

    /// A metric of 0 isn't there.
    fn set(&mut self, metric: u16, value: MetricValue) {
        let lock = 1 << metric;
        let locks = if value.locked { self.word(RTAX_LOCK) | lock } else { self.word(RTAX_LOCK) & !lock };
        for (kind, word) in [(metric, value.number), (RTAX_LOCK, locks)] {
            match word {
                0 => drop(self.0.remove(&kind)),
                word => drop(self.0.insert(kind, word.to_ne_bytes().to_vec())),
            }
        }
    }
}

/// The lab's own routes: to 127.0.0.1, to 127.0.0.0/8 and to ::1.
fn own() -> [Destination; 3] {
    [(Ipv4Addr::LOCALHOST.into(), 32), (Ipv4Addr::new(127, 0, 0, 0).into(), 8), (Ipv6Addr::LOCALHOST.into(), 128)]
}

/// Replaces the routes to 127.0.0.1, to 127.0.0.0/8 and to ::1 by ones with the lesson's metrics.
///
/// # Errors
/// The kernel's refusal, for instance `EPERM` without CAP_NET_ADMIN. That to ::1 is best effort: it isn't there where the
/// kernel runs without IPv6.
pub fn set_metrics(settings: &LabSettings, loopback: u32) -> io::Result<()> {
    let mut netlink = Netlink::open(libc::NETLINK_ROUTE)?;
    let mut batch = NetlinkMessage::default();
    let [localhost, block, to] = own();
    for to in [localhost, block] {
        route(&mut batch, to, loopback, RouteOrder::Make(&Metrics::of(settings, false)));
    }
    netlink.execute(&batch, 2)?;
    let mut new = NetlinkMessage::default();
    route(&mut new, to, loopback, RouteOrder::Make(&Metrics::of(settings, true)));
    if netlink.execute(&new, 1).is_ok() {
        // The kernel's own route stands beside it, and would be preferred: it has priority 0, which can't be asked for. Once
        // it is gone, it is gone.
        let mut old = NetlinkMessage::default();
        route(&mut old, to, loopback, RouteOrder::TakeAway);
        let _ = Netlink::open(libc::NETLINK_ROUTE)?.execute(&old, 1);
    }
    Ok(())
}

/// Gives the lab's routes another shortest retransmission timeout, in milliseconds; what else they have stays.
///
/// # Errors
/// As [`set_metrics`].
pub fn set_rto_min(ms: u32, loopback: u32) -> io::Result<()> {
    let mut netlink = Netlink::open(libc::NETLINK_ROUTE)?;
    for to in own() {
        let Some(mut metrics) = read(&mut netlink, to, loopback)? else { continue };
        metrics.set(RTAX_RTO_MIN, MetricValue { number: ms, locked: true });
        replace(&mut netlink, to, loopback, &metrics)?;
    }
    Ok(())
}

/// Changes metrics of a route; what isn't named stays as it is. What each was, and is now by the kernel's word.
///
/// # Errors
/// The kernel's refusal: `ENOENT` where there is no such route.
pub fn change(change: &RouteChange, loopback: u32) -> io::Result<Vec<ChangedSetting>> {
    let mut netlink = Netlink::open(libc::NETLINK_ROUTE)?;
    let before = read(&mut netlink, change.to, loopback)?.unwrap_or_default();
    let mut metrics = before.clone();
    change.metrics.iter().for_each(|(metric, value)| metrics.set(number(*metric), *value));
    replace(&mut netlink, change.to, loopback, &metrics)?;
    let now = read(&mut netlink, change.to, loopback)?.unwrap_or_default();
    let one = |(metric, _): &(RouteMetric, MetricValue)| {
        let shown = |metrics: &Metrics| metric.shown(metrics.get(number(*metric)));
        let name = format!("ip route {} {}", change.destination(), metric.name());
        ChangedSetting { name, before: Some(shown(&before)), now: Ok::<_, Errno>(shown(&now)) }
    };
    Ok(change.metrics.iter().map(one).collect())
}

fn replace(netlink: &mut Netlink, to: Destination, loopback: u32, metrics: &Metrics) -> io::Result<()> {
    let mut message = NetlinkMessage::default();
    route(&mut message, to, loopback, RouteOrder::Replace(metrics));
    netlink.execute(&message, 1)
}

/// The metrics of a local route; `None` where there is none.
fn read(netlink: &mut Netlink, (address, prefix): Destination, loopback: u32) -> io::Result<Option<Metrics>> {
    let (family, to) = match address {
        IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec()),
        IpAddr::V6(address) => (libc::AF_INET6, address.octets().to_vec()),
    };
    let mut message = NetlinkMessage::default();
    let mut header = [0; HEADER];
    header[0] = family as u8;
    message.begin(libc::RTM_GETROUTE, libc::NLM_F_DUMP as u16).raw(&header).end();
    let mut found = None;
    netlink.dump(&message, |_, body| {
        let Some((header, rest)) = body.split_first_chunk::<HEADER>() else { return };
        if (header[1], header[4], header[7]) != (prefix, RT_TABLE_LOCAL, RTN_LOCAL) {
            return;
        }
        let of = |kind: u16| attributes(rest).find(|(one, _)| *one == kind).map(|(_, value)| value);
        if of(libc::RTA_DST) == Some(&to) && of(libc::RTA_OIF) == Some(&loopback.to_ne_bytes()) {
            let metrics = of(libc::RTA_METRICS).unwrap_or_default();
            let metrics = attributes(metrics).map(|(kind, value)| (kind, value.to_vec())).collect();
            found.get_or_insert(Metrics(metrics));
        }
    })?;
    Ok(found)
}

/// What is done with a route.
enum RouteOrder<'a> {
    /// It is there afterwards, with these metrics.
    Make(&'a Metrics),
    /// It is there already, and gets these.
    Replace(&'a Metrics),
    /// The kernel's own is taken away.
    TakeAway,
}

/// Adds the message that does this with a local route.
fn route(batch: &mut NetlinkMessage, (address, prefix): Destination, loopback: u32, order: RouteOrder<'_>) {
    let (kind, flags, metrics) = match order {
        RouteOrder::Make(metrics) => (libc::RTM_NEWROUTE, libc::NLM_F_CREATE | libc::NLM_F_REPLACE, Some(metrics)),
        RouteOrder::Replace(metrics) => (libc::RTM_NEWROUTE, libc::NLM_F_REPLACE, Some(metrics)),
        RouteOrder::TakeAway => (libc::RTM_DELROUTE, 0, None),
    };
    let (family, scope) = match address {
        IpAddr::V4(_) => (libc::AF_INET, RT_SCOPE_HOST),
        IpAddr::V6(_) => (libc::AF_INET6, RT_SCOPE_UNIVERSE),
    };
    // To ::1 the lab's route must be told from the kernel's own, which alone is taken away, however often this is done.
    let protocol = if metrics.is_some() && address.is_ipv6() { RTPROT_STATIC } else { RTPROT_KERNEL };
    // `struct rtmsg`: family, prefixes, type of service, table, protocol, scope, type, flags.
    let header = [family as u8, prefix, 0, 0, RT_TABLE_LOCAL, protocol, scope, RTN_LOCAL];
    let message = batch.begin(kind, (flags | libc::NLM_F_ACK) as u16).raw(&header).raw(&[0; 4]);
    match address {
        IpAddr::V4(address) => {
            message.attribute(libc::RTA_DST, &address.octets());
            message.attribute(libc::RTA_PREFSRC, &Ipv4Addr::LOCALHOST.octets());
        }
        IpAddr::V6(address) => {
            message.attribute(libc::RTA_DST, &address.octets());
            message.attribute(libc::RTA_PRIORITY, &metrics.map_or(0, |_| PREFERRED).to_ne_bytes());
        }
    }
    message.attribute(libc::RTA_OIF, &loopback.to_ne_bytes());
    if let Some(Metrics(metrics)) = metrics {
        message.nested(libc::RTA_METRICS, |list| {
            for (kind, value) in metrics {
                list.attribute(*kind, value);
            }
        });
    }
    message.end();
}
