//! `sockwalk doctor`: what this machine allows, line by line, and what would give more.

use std::fmt::Display;

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{self, DoctorTexts, Lang, Texts, fill};
use sockwalk::linux::Rights;
use sockwalk::linux::doctor::{Ability, DiagTable, Diagnosis, Remedy, examine};

/// Prints the diagnosis. Returns the exit status: 0 where a walk is possible, in whichever mode.
pub fn run(invocation: &Invocation) -> Result<u8, Exit> {
    let texts = &Texts::load(invocation.lang)?.doctor;
    let diagnosis = examine(|name| std::env::var(name).ok());
    let lines = report(&diagnosis, invocation.lang, texts, super::out::is_terminal());
    super::say(&(lines.join("\n") + "\n"), invocation.lang)?;
    Ok(if diagnosis.allows_walks() { 0 } else { 1 })
}

fn report(diagnosis: &Diagnosis, lang: Lang, texts: &DoctorTexts, terminal: bool) -> Vec<String> {
    let mut lines = vec![texts.title.clone(), fill(&texts.kernel, &[("release", &diagnosis.release)])];
    for (ability, result) in &diagnosis.abilities {
        let name = name(*ability, diagnosis.rights, texts);
        lines.push(match result {
            Ok(()) => format!("  ✓ {name}"),
            Err(refused) => {
                let error = i18n::refused(lang, &refused.attempt, &refused.error);
                format!("  ✗ {}", fill(&texts.refused, &[("what", name), ("error", error)]))
            }
        });
    }
    lines.push(format!("  {} {}", mark(terminal), if terminal { &texts.terminal } else { &texts.no_terminal }));
    lines.push(result(diagnosis, texts).to_owned());
    if diagnosis.remedies.is_empty() {
        lines.push(if diagnosis.allows_lab() { &texts.nothing_more } else { &texts.no_remedy }.clone());
    }
    let program = std::env::current_exe().map_or("sockwalk".to_owned(), |path| path.display().to_string());
    let remedies = diagnosis.remedies.iter();
    lines.extend(remedies.map(|remedy| {
        let modules = if let Remedy::Modules(names) = remedy { names } else { "" };
        fill(remedy_text(*remedy, texts), &[("program", &program as &dyn Display), ("modules", &modules)])
    }));
    lines
}

fn mark(good: bool) -> char {
    if good { '✓' } else { '✗' }
}

fn name(ability: Ability, rights: Option<Rights>, texts: &DoctorTexts) -> String {
    let table = |what: &str| fill(&texts.sock_diag, &[("what", &what)]);
    let name = match ability {
        Ability::Table(DiagTable::Tcp4) => return table("TCP/IPv4"),
        Ability::Table(DiagTable::Tcp6) => return table("TCP/IPv6"),
        Ability::Table(DiagTable::Udp4) => return table("UDP/IPv4"),
        Ability::Table(DiagTable::Udp6) => return table("UDP/IPv6"),
        Ability::Rights if rights == Some(Rights::Root) => &texts.root_rights,
        Ability::DeferAccept => &texts.defer_accept,
        Ability::HostCapture => &texts.host_capture,
        Ability::Rights => &texts.user_namespace,
        Ability::NetNamespace => &texts.net_namespace,
        Ability::Gate => &texts.gate,
        Ability::Loopback => &texts.loopback,
        Ability::Settings => &texts.sysctl,
        Ability::Capture => &texts.capture,
        Ability::Delivery => &texts.delivery,
        Ability::Trace => &texts.trace,
    };
    name.clone()
}

fn result<'a>(diagnosis: &Diagnosis, texts: &'a DoctorTexts) -> &'a str {
    if !diagnosis.allows_walks() {
        &texts.result_none
    } else if diagnosis.allows_lab() {
        &texts.result_lab
    } else if diagnosis.allows(Ability::HostCapture) {
        &texts.result_host
    } else {
        &texts.result_host_blind
    }
}

fn remedy_text(remedy: Remedy, texts: &DoctorTexts) -> &str {
    match remedy {
        Remedy::AppArmor => &texts.more_userns_apparmor,
        Remedy::Clone => &texts.more_userns_sysctl,
        Remedy::Reboot => &texts.more_reboot,
        Remedy::Modules(_) => &texts.more_modules,
        Remedy::UserLimit => &texts.more_userns_limit,
        Remedy::NetLimit => &texts.more_netns_limit,
        Remedy::Container => &texts.more_container,
        Remedy::Root => &texts.more_root,
        Remedy::Yama => &texts.more_yama,
        Remedy::CaptureRight => &texts.more_capture,
    }
}
