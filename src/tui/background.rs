//! The theme that fits the terminal's background, once that is known.

use super::app::App;
use crate::theme::Background;

impl App {
    /// The terminal's background is this one: where it decides on the theme, that fits from now on.
    pub fn is_on(&mut self, background: Background) {
        let Some(colours) = self.look.asks else { return };
        // The built-in themes are read by a test.
        if let Ok(Some(theme)) = self.look.theme.other_on(colours, background) {
            (self.look.theme, self.changed) = (theme, true);
        }
    }
}
