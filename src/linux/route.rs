//! The loopback's routes: how soon the kernel acknowledges and how long it waits before it sends again.
//!
//! `quickack` and `rto_min` of `ip-route(8)` are metrics of a route; every kernel has them, unlike the newer sysctls.

use std::io;
use std::net::Ipv4Addr;

use super::netlink::{Message, Netlink};
use crate::model::LabSettings;

// `linux/rtnetlink.h`.
const RT_TABLE_LOCAL: u8 = 255;
const RTPROT_KERNEL: u8 = 2;
const RT_SCOPE_HOST: u8 = 254;
const RTN_LOCAL: u8 = 2;
const RTAX_LOCK: u16 = 1;
const RTAX_RTO_MIN: u16 = 13;
const RTAX_QUICKACK: u16 = 15;

/// Replaces the routes to 127.0.0.1 and to 127.0.0.0/8 by ones with the lesson's metrics.
///
/// # Errors
/// The kernel's refusal, for instance `EPERM` without CAP_NET_ADMIN.
pub fn set_metrics(settings: &LabSettings, loopback: u32) -> io::Result<()> {
    let mut netlink = Netlink::open(libc::NETLINK_ROUTE)?;
    let mut batch = Message::default();
    for (address, prefix) in [(Ipv4Addr::LOCALHOST, 32), (Ipv4Addr::new(127, 0, 0, 0), 8)] {
        replace(&mut batch, address, prefix, settings, loopback);
    }
    netlink.execute(&batch, 2)
}

fn replace(batch: &mut Message, address: Ipv4Addr, prefix: u8, settings: &LabSettings, loopback: u32) {
    let flags = (libc::NLM_F_CREATE | libc::NLM_F_REPLACE | libc::NLM_F_ACK) as u16;
    // `struct rtmsg`: family, prefixes, type of service, table, protocol, scope, type, flags.
    let header = [libc::AF_INET as u8, prefix, 0, 0, RT_TABLE_LOCAL, RTPROT_KERNEL, RT_SCOPE_HOST, RTN_LOCAL];
    batch
        .begin(libc::RTM_NEWROUTE, flags, 1)
        .raw(&header)
        .raw(&[0; 4])
        .attribute(libc::RTA_DST, &address.octets())
        .attribute(libc::RTA_PREFSRC, &Ipv4Addr::LOCALHOST.octets())
        .attribute(libc::RTA_OIF, &loopback.to_ne_bytes())
        .nested(libc::RTA_METRICS, |metrics| {
            if let Some(rto_min) = settings.rto_min_ms {
                // The kernel heeds this metric only where it is locked.
                metrics.attribute(RTAX_LOCK, &(1u32 << RTAX_RTO_MIN).to_ne_bytes());
                metrics.attribute(RTAX_RTO_MIN, &rto_min.to_ne_bytes());
            }
            if !settings.delayed_ack {
                metrics.attribute(RTAX_QUICKACK, &1u32.to_ne_bytes());
            }
        })
        .end();
}
