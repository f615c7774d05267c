//! A scripted world for tests.
use super::{Happening, Request, Wire, World};
use crate::model::Mode;

/// A world that answers from a script. It needs no rights, no kernel and no clock.
#[derive(Default)]
pub struct FakeWorld {
    pub asked: Vec<Request>,
    pub happenings: Vec<Happening>,
}

impl World for FakeWorld {
    fn request(&mut self, request: Request) {
        self.asked.push(request);
    }
    fn mode(&self) -> Mode {
        Mode::Lab
    }
    fn wire(&self) -> Wire {
        Wire::Holds
    }
}
