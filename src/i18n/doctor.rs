//! The words of `sockwalk doctor`.

use super::words::words;

words! {
    /// What the machine allows, and what would give more. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct DoctorTexts {
        pub title: String,
        pub kernel: String,
        pub defer_accept: String,
        pub host_capture: String,
        pub user_namespace: String,
        pub root_rights: String,
        pub net_namespace: String,
        pub loopback: String,
        pub gate: String,
        pub capture: String,
        pub delivery: String,
        pub trace: String,
        pub more_yama: String,
        pub sock_diag: String,
        pub sysctl: String,
        pub terminal: String,
        pub no_terminal: String,
        pub refused: String,
        pub result_none: String,
        pub result_lab: String,
        pub result_host: String,
        pub result_host_blind: String,
        pub more_userns_apparmor: String,
        pub more_userns_sysctl: String,
        pub more_userns_limit: String,
        pub more_netns_limit: String,
        pub more_modules: String,
        pub more_reboot: String,
        pub more_root: String,
        pub more_container: String,
        pub more_capture: String,
        pub nothing_more: String,
        pub no_remedy: String,
    }
}
