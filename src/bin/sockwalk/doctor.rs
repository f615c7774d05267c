//! `sockwalk doctor`: what this machine allows, line by line, and what would give more.

use std::io::{self, IsTerminal, Write};

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{DoctorTexts, Texts, fill};
use sockwalk::linux::doctor::{Ability, Diagnosis, Remedy, examine};

/// Prints the diagnosis. Returns the exit status: 0, since a walk is possible in either mode.
pub fn run(invocation: &Invocation) -> Result<u8, Exit> {
    let texts = &Texts::load(invocation.lang)?.doctor;
    let diagnosis = examine(|name| std::env::var(name).ok());
    let lines = report(&diagnosis, texts, io::stdout().is_terminal());
    // A reader that closes early has read enough.
    let _ = io::stdout().write_all(lines.join("\n").as_bytes()).and_then(|()| io::stdout().write_all(b"\n"));
    Ok(0)
}

fn report(diagnosis: &Diagnosis, texts: &DoctorTexts, terminal: bool) -> Vec<String> {
    let mut lines = vec![texts.title.clone(), fill(&texts.kernel, &[("release", &diagnosis.release)])];
    for (ability, result) in &diagnosis.abilities {
        let name = name(*ability, texts);
        lines.push(match result {
            Ok(()) => format!("  ✓ {name}"),
            Err(refused) => format!("  ✗ {name}: {}", fill(&texts.refused, &[("error", refused)])),
        });
    }
    lines.push(format!("  {} {}", mark(terminal), if terminal { &texts.terminal } else { &texts.no_terminal }));
    lines.push(result(diagnosis, texts).to_owned());
    if diagnosis.remedies.is_empty() {
        lines.push(texts.nothing_more.clone());
    }
    let program = std::env::current_exe().map_or("sockwalk".to_owned(), |path| path.display().to_string());
    let remedies = diagnosis.remedies.iter();
    lines.extend(remedies.map(|remedy| fill(remedy_text(*remedy, texts), &[("program", &program)])));
    lines
}

fn mark(good: bool) -> char {
    if good { '✓' } else { '✗' }
}

fn name(ability: Ability, texts: &DoctorTexts) -> &str {
    match ability {
        Ability::SockDiag => &texts.sock_diag,
        Ability::DeferAccept => &texts.defer_accept,
        Ability::HostCapture => &texts.host_capture,
        Ability::Rights => &texts.user_namespace,
        Ability::NetNamespace => &texts.net_namespace,
        Ability::Gate => &texts.gate,
        Ability::Loopback => &texts.loopback,
        Ability::Settings => &texts.sysctl,
        Ability::Capture => &texts.capture,
        Ability::Delivery => &texts.delivery,
    }
}

fn result<'a>(diagnosis: &Diagnosis, texts: &'a DoctorTexts) -> &'a str {
    if diagnosis.allows_lab() {
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
        Remedy::Limit => &texts.more_userns_limit,
        Remedy::Container => &texts.more_container,
        Remedy::Root => &texts.more_root,
        Remedy::CaptureRight => &texts.more_capture,
    }
}
