//! The loopback's routes: how soon the kernel acknowledges, how long it waits before it sends again, and which MSS it
//! offers.
//!
//! `quickack`, `rto_min` and `advmss` of `ip-route(8)` are metrics of a route; every kernel has them, unlike the newer
//! sysctls.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::netlink::{Netlink, NetlinkMessage};
use crate::model::{LabSettings, MSS};

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
/// The priority of the route to ::1, below that of the kernel's own.
const PREFERRED: u32 = 1;

/// Replaces the routes to 127.0.0.1, to 127.0.0.0/8 and to ::1 by ones with the lesson's metrics.
///
/// # Errors
/// The kernel's refusal, for instance `EPERM` without CAP_NET_ADMIN. That to ::1 is best effort: it isn't there where the
/// kernel runs without IPv6.
pub fn set_metrics(settings: &LabSettings, loopback: u32) -> io::Result<()> {
    let mut netlink = Netlink::open(libc::NETLINK_ROUTE)?;
    let mut batch = NetlinkMessage::default();
    for (address, prefix) in [(Ipv4Addr::LOCALHOST, 32), (Ipv4Addr::new(127, 0, 0, 0), 8)] {
        route(&mut batch, libc::RTM_NEWROUTE, (address.into(), prefix), loopback, Some((settings, PREFERRED)));
    }
    netlink.execute(&batch, 2)?;
    let to = (Ipv6Addr::LOCALHOST.into(), 128);
    let mut new = NetlinkMessage::default();
    route(&mut new, libc::RTM_NEWROUTE, to, loopback, Some((settings, PREFERRED)));
    if netlink.execute(&new, 1).is_ok() {
        // The kernel's own route stands beside it, and would be preferred: it has priority 0, which can't be asked for. Once
        // it is gone, it is gone.
        let mut old = NetlinkMessage::default();
        route(&mut old, libc::RTM_DELROUTE, to, loopback, None);
        let _ = Netlink::open(libc::NETLINK_ROUTE)?.execute(&old, 1);
    }
    Ok(())
}

/// Adds the message that makes a local route with these metrics and this priority, or that takes away the kernel's own.
fn route(
    batch: &mut NetlinkMessage,
    kind: u16,
    (address, prefix): (IpAddr, u8),
    loopback: u32,
    new: Option<(&LabSettings, u32)>,
) {
    let create = if new.is_some() { libc::NLM_F_CREATE | libc::NLM_F_REPLACE } else { 0 };
    let (family, scope) = match address {
        IpAddr::V4(_) => (libc::AF_INET, RT_SCOPE_HOST),
        IpAddr::V6(_) => (libc::AF_INET6, RT_SCOPE_UNIVERSE),
    };
    // To ::1 the lab's route must be told from the kernel's own, which alone is taken away, however often this is done.
    let protocol = if new.is_some() && address.is_ipv6() { RTPROT_STATIC } else { RTPROT_KERNEL };
    // `struct rtmsg`: family, prefixes, type of service, table, protocol, scope, type, flags.
    let header = [family as u8, prefix, 0, 0, RT_TABLE_LOCAL, protocol, scope, RTN_LOCAL];
    let message = batch.begin(kind, (create | libc::NLM_F_ACK) as u16).raw(&header).raw(&[0; 4]);
    match address {
        IpAddr::V4(address) => {
            message.attribute(libc::RTA_DST, &address.octets());
            message.attribute(libc::RTA_PREFSRC, &Ipv4Addr::LOCALHOST.octets());
        }
        IpAddr::V6(address) => {
            message.attribute(libc::RTA_DST, &address.octets());
            message.attribute(libc::RTA_PRIORITY, &new.map_or(0, |(_, priority)| priority).to_ne_bytes());
        }
    }
    message.attribute(libc::RTA_OIF, &loopback.to_ne_bytes());
    if let Some((settings, _)) = new {
        message.nested(libc::RTA_METRICS, |list| metrics(list, settings, address.is_ipv6()));
    }
    message.end();
}

fn metrics(list: &mut NetlinkMessage, settings: &LabSettings, ipv6: bool) {
    if let Some(rto_min) = settings.rto_min_ms {
        // The kernel heeds this metric only where it is locked.
        list.attribute(RTAX_LOCK, &(1u32 << RTAX_RTO_MIN).to_ne_bytes());
        list.attribute(RTAX_RTO_MIN, &rto_min.to_ne_bytes());
    }
    if !settings.delayed_ack {
        list.attribute(RTAX_QUICKACK, &1u32.to_ne_bytes());
    }
    if settings.mtu.is_none() {
        list.attribute(RTAX_ADVMSS, &MSS[usize::from(ipv6)].to_ne_bytes());
    }
}
