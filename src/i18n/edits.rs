//! Why a segment can't be changed or made as somebody wrote it, in each language.

use std::net::SocketAddr;
use std::sync::OnceLock;

use super::words::{self, words};
use super::{Lang, Localized, fill};
use crate::model::Side;
use crate::model::edit::{EditFault, EditField, Unfit};

/// All languages in one file, by its path below `assets`; a test reads it.
const ASSET: &str = "text/edits.toml";

words! {
    struct EditTexts {
        field: Localized,
        value: Localized,
        icmp: Localized,
        mtu: Localized,
        twice: Localized,
        quote: Localized,
        range: Localized,
        mtu_missing: Localized,
        mtu_of_nothing: Localized,
        nothing: Localized,
        nothing_forged: Localized,
        nothing_wanted: Localized,
        not_wanted: Localized,
        ends: Localized,
        no_segment: Localized,
        none_there: Localized,
        no_connection: Localized,
        not_here: Localized,
        no_number: Localized,
        no_field: Localized,
        long_options: Localized,
        long_packet: Localized,
        families: Localized,
        malformed: Localized,
    }
}

fn texts() -> &'static EditTexts {
    static KEPT: OnceLock<EditTexts> = OnceLock::new();
    words::kept(&KEPT, ASSET)
}

/// The port that stands in an example for one of the client's.
const CLIENT: u16 = 40000;

/// What is wrong with it, and what to do, where the server has this address. What was written is not escaped.
pub fn edit_fault(fault: &EditFault, server: SocketAddr, lang: Lang) -> String {
    let t = texts();
    let of = |said: &Localized, found: &dyn std::fmt::Display| fill(said.get(lang), &[("found", found)]);
    let plain = |said: &Localized| said.get(lang).to_owned();
    match fault {
        EditFault::Field(found) => {
            let fields = lang.list(EditField::ALL.map(EditField::name));
            fill(t.field.get(lang), &[("found", found), ("fields", &fields)])
        }
        EditFault::Value(field, found) => {
            let facts =
                [("found", found.as_str()), ("field", field.name_in(server.is_ipv6())), ("example", field.example())];
            let range = field.largest().map(|largest| fill(t.range.get(lang), &[("largest", &largest)]));
            fill(t.value.get(lang), &facts) + &range.unwrap_or_default()
        }
        EditFault::Icmp(found) => of(&t.icmp, found),
        EditFault::Mtu(found) => of(&t.mtu, found),
        EditFault::MtuMissing => plain(&t.mtu_missing),
        EditFault::MtuOfNothing => plain(&t.mtu_of_nothing),
        EditFault::Twice(found) => of(&t.twice, found),
        EditFault::Quote => plain(&t.quote),
        EditFault::Nothing => plain(&t.nothing),
        EditFault::NothingForged => plain(&t.nothing_forged),
        EditFault::NothingWanted => plain(&t.nothing_wanted),
        EditFault::NotWanted(field) => fill(t.not_wanted.get(lang), &[("field", field.name())]),
        EditFault::Ends(found) => {
            let client = SocketAddr::new(server.ip(), CLIENT);
            let ends = [("server", server.to_string()), ("client", client.to_string())];
            fill(&fill(t.ends.get(lang), &ends), &[("found", found)])
        }
        EditFault::NoSegment(number) => of(&t.no_segment, number),
        EditFault::NoneThere => plain(&t.none_there),
        EditFault::NoConnection(from) => {
            let ends = [server, SocketAddr::new(server.ip(), CLIENT)];
            let [from, to] = if *from == Side::Server { ends } else { [ends[1], ends[0]] };
            fill(t.no_connection.get(lang), &[("from", &from), ("to", &to)])
        }
        EditFault::NotHere => plain(&t.not_here),
        EditFault::Unfit(unfit) => match unfit {
            Unfit::NoNumber(letter) => of(&t.no_number, letter),
            Unfit::NoField(field) => fill(t.no_field.get(lang), &[("field", field.name())]),
            Unfit::LongOptions(found) => of(&t.long_options, found),
            Unfit::LongPacket(found) => of(&t.long_packet, found),
            Unfit::Families => plain(&t.families),
            Unfit::Malformed => plain(&t.malformed),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_every_language() {
        let server = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 8000));
        words::of_asset::<EditTexts>(ASSET).unwrap();
        for lang in Lang::all() {
            let said = edit_fault(&EditFault::Ends("x".into()), server, lang);
            assert!(said.contains("`x`") && said.contains("forge [::1]:8000>[::1]:40000"), "{said}");
            for (side, wanted) in
                [(Side::Server, "forge [::1]:8000>[::1]:40000"), (Side::Client, "forge [::1]:40000>[::1]:8000")]
            {
                let said = edit_fault(&EditFault::NoConnection(side), server, lang);
                assert!(said.contains(wanted), "{said}");
            }
            let said = edit_fault(&EditFault::Value(EditField::Seq, "x".into()), server, lang);
            assert!(said.contains("`x`") && said.contains("seq=k+100") && !said.contains("65535"), "{said}");
            let said = edit_fault(&EditFault::Value(EditField::Window, "99999999".into()), server, lang);
            assert!(said.contains("win=0") && said.contains("65535"), "{said}");
        }
    }
}
