//! The gate: netfilter rules that drop every TCP segment that doesn't bear the release mark, and, for the lessons that
//! compare TCP with it, every UDP datagram, and the ICMP answer that nobody has its port.
//!
//! One table, one chain, four rules, made in one netlink batch (`nfnetlink.h`, `nf_tables.h`), of base expressions only,
//! which every kernel with nf_tables has. In the words of `nft(8)`:
//!
//! ```text
//! table inet sockwalk { chain gate { type filter hook input priority filter;
//!                                    meta l4proto tcp meta mark != 0x5357414c drop
//!                                    meta l4proto udp meta mark != 0x5357414c drop
//!                                    icmp type 3 icmp code 3 meta mark != 0x5357414c drop
//!                                    icmpv6 type 1 icmpv6 code 4 meta mark != 0x5357414c drop } }
//! ```
//!
//! What comes in fragments has been put together when it reaches the gate, while the capture saw the fragments: it would be
//! lost here without having waited. So the loopback's MTU stays Linux's own where no lesson chose another one: no datagram
//! is too long for it.

use std::io;

use super::netlink::{Netlink, NetlinkMessage};

/// The mark that a segment bears once the learner let it go (`SO_MARK` of `socket(7)`): `SWAL`.
pub const RELEASE_MARK: u32 = 0x5357_414c;

// `linux/netfilter/nfnetlink.h` and `nf_tables.h`.
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const SUBSYSTEM: u16 = 10;
const NEW_TABLE: u16 = SUBSYSTEM << 8;
const NEW_CHAIN: u16 = SUBSYSTEM << 8 | 3;
const NEW_RULE: u16 = SUBSYSTEM << 8 | 6;
const TABLE_NAME: u16 = 1;
const TABLE_FLAGS: u16 = 2;
const TABLE_OWNER: u32 = 2;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const HOOK_INPUT: u32 = 1;
const PAYLOAD_TRANSPORT_HEADER: u32 = 2;
const META_MARK: u32 = 3;
const META_L4PROTO: u32 = 16;
const CMP_EQ: u32 = 0;
const CMP_NEQ: u32 = 1;
const REGISTER_VERDICT: u32 = 0;
const REGISTER_1: u32 = 1;
const VERDICT_DROP: u32 = 0;
const VERDICT_ACCEPT: u32 = 1;

/// What is held: a protocol of IP and, where only some of it, the first two bytes of its header. Of ICMP these are type
/// and code: destination unreachable because of the port (RFC 792; RFC 4443).
const HELD: [(i32, Option<[u8; 2]>); 4] = [
    (libc::IPPROTO_TCP, None),
    (libc::IPPROTO_UDP, None),
    (libc::IPPROTO_ICMP, Some([3, 3])),
    (libc::IPPROTO_ICMPV6, Some([1, 4])),
];

const NAME: &[u8] = b"sockwalk\0";
const CHAIN: &[u8] = b"gate\0";

/// What becomes of the gate when the process ends that closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It stays closed as long as the namespace is there.
    StaysClosed,
    /// It opens (`owner` of a table in `nft(8)`, since Linux 5.12): programs that live on aren't left waiting for ever.
    OpensWithoutUs,
}

/// Closes the gate in the calling thread's network namespace. What is returned keeps it closed, where it is to open.
///
/// # Errors
/// The kernel's refusal: `EPERM` without CAP_NET_ADMIN, `EOPNOTSUPP` or `EPROTONOSUPPORT` without nf_tables.
pub fn close(gate: Gate) -> io::Result<Option<Netlink>> {
    const BOTH: &[u8] = &[libc::NFPROTO_INET as u8];
    const EACH: &[u8] = &[libc::NFPROTO_IPV4 as u8, libc::NFPROTO_IPV6 as u8];
    // A kernel without the family for both gets one table each; one before Linux 5.12 knows no owner.
    let ways: &[(&[u8], u32)] = match gate {
        Gate::StaysClosed => &[(BOTH, 0), (EACH, 0)],
        Gate::OpensWithoutUs => &[(BOTH, TABLE_OWNER), (BOTH, 0), (EACH, 0)],
    };
    let mut refusal = io::Error::from_raw_os_error(libc::EOPNOTSUPP);
    for (families, flags) in ways {
        let mut netlink = Netlink::open(libc::NETLINK_NETFILTER)?;
        match close_families(&mut netlink, families, *flags) {
            Ok(()) => return Ok((*flags == TABLE_OWNER).then_some(netlink)),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EAFNOSUPPORT)) => {
                refusal = error
            }
            Err(error) => return Err(error),
        }
    }
    Err(refusal)
}

fn close_families(netlink: &mut Netlink, families: &[u8], flags: u32) -> io::Result<()> {
    let mut batch = NetlinkMessage::default();
    batch.begin(BATCH_BEGIN, 0).raw(&nfgenmsg(0, SUBSYSTEM)).end();
    for family in families {
        table(&mut batch, *family, flags);
        chain(&mut batch, *family);
        HELD.iter().for_each(|(protocol, beginning)| rule(&mut batch, *family, *protocol, *beginning));
    }
    batch.begin(BATCH_END, 0).raw(&nfgenmsg(0, SUBSYSTEM)).end();
    netlink.execute(&batch, (2 + HELD.len()) * families.len())
}

/// `struct nfgenmsg`: family, version 0, resource number in network order.
fn nfgenmsg(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

fn create(batch: &mut NetlinkMessage, kind: u16, family: u8) -> &mut NetlinkMessage {
    let flags = (libc::NLM_F_CREATE | libc::NLM_F_ACK | libc::NLM_F_APPEND) as u16;
    batch.begin(kind, flags).raw(&nfgenmsg(family, 0))
}

fn table(batch: &mut NetlinkMessage, family: u8, flags: u32) {
    let message = create(batch, NEW_TABLE, family).attribute(TABLE_NAME, NAME);
    if flags != 0 {
        message.attribute(TABLE_FLAGS, &flags.to_be_bytes());
    }
    message.end();
}

fn chain(batch: &mut NetlinkMessage, family: u8) {
    create(batch, NEW_CHAIN, family)
        .attribute(CHAIN_TABLE, NAME)
        .attribute(CHAIN_NAME, CHAIN)
        .nested(CHAIN_HOOK, |hook| {
            hook.attribute(1, &HOOK_INPUT.to_be_bytes()).attribute(2, &0u32.to_be_bytes());
        })
        .attribute(CHAIN_POLICY, &VERDICT_ACCEPT.to_be_bytes())
        .attribute(CHAIN_TYPE, b"filter\0")
        .end();
}

fn rule(batch: &mut NetlinkMessage, family: u8, protocol: i32, beginning: Option<[u8; 2]>) {
    create(batch, NEW_RULE, family)
        .attribute(RULE_TABLE, NAME)
        .attribute(RULE_CHAIN, CHAIN)
        .nested(RULE_EXPRESSIONS, |list| {
            load(list, META_L4PROTO);
            compare(list, CMP_EQ, &[protocol as u8]);
            if let Some(beginning) = beginning {
                load_beginning(list);
                compare(list, CMP_EQ, &beginning);
            }
            load(list, META_MARK);
            compare(list, CMP_NEQ, &RELEASE_MARK.to_ne_bytes());
            drop_packet(list);
        })
        .end();
}

fn expression(list: &mut NetlinkMessage, name: &[u8], fill: impl FnOnce(&mut NetlinkMessage)) {
    list.nested(1, |element| {
        element.attribute(1, name).nested(2, fill);
    });
}

/// `meta`: puts a property of the packet into register 1.
fn load(list: &mut NetlinkMessage, key: u32) {
    expression(list, b"meta\0", |data| {
        data.attribute(1, &REGISTER_1.to_be_bytes()).attribute(2, &key.to_be_bytes());
    });
}

/// `payload`: puts the first two bytes of the transport header into register 1.
fn load_beginning(list: &mut NetlinkMessage) {
    expression(list, b"payload\0", |data| {
        data.attribute(1, &REGISTER_1.to_be_bytes())
            .attribute(2, &PAYLOAD_TRANSPORT_HEADER.to_be_bytes())
            .attribute(3, &0u32.to_be_bytes())
            .attribute(4, &2u32.to_be_bytes());
    });
}

/// `cmp`: ends the rule unless register 1 compares so.
fn compare(list: &mut NetlinkMessage, operation: u32, value: &[u8]) {
    expression(list, b"cmp\0", |data| {
        data.attribute(1, &REGISTER_1.to_be_bytes()).attribute(2, &operation.to_be_bytes()).nested(3, |inner| {
            inner.attribute(1, value);
        });
    });
}

/// `immediate`: the verdict.
fn drop_packet(list: &mut NetlinkMessage) {
    expression(list, b"immediate\0", |data| {
        data.attribute(1, &REGISTER_VERDICT.to_be_bytes()).nested(2, |inner| {
            inner.nested(2, |verdict| {
                verdict.attribute(1, &VERDICT_DROP.to_be_bytes());
            });
        });
    });
}
