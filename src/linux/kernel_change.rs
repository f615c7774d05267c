//! A change of the lab that somebody asked for.

use super::lab::change_kernel;
use super::serve::Server;
use crate::lab::Input;
use crate::model::KernelChange;

impl Server {
    /// Changes the lab. Who makes calls knows of it before the next one.
    pub(super) fn change_kernel(&mut self, change: &KernelChange) {
        let view = self.lab.trace().present();
        let before = match change {
            KernelChange::Hosts(hosts) => view.setting_now(&hosts.setting()),
            _ => None,
        };
        let changed = change_kernel(change, before);
        if let Some(local) = &self.local {
            changed.iter().for_each(|told| local.threads.hear_of_setting(told));
        }
        self.handle(Input::Set(changed));
        self.publish();
    }
}
