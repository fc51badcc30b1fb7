//! The runs that are not on the stage: each part of the page keeps its own, and the last one that was replaced is kept,
//! too. Nothing of the reader's is thrown away by a click.

use std::cell::RefCell;
use std::rc::Rc;

use super::opening::{comparison_address, sandbox_address, write_address};
use super::state::compare::Rival;
use super::state::model::Model;
use super::state::ui::{LeftRun, Mode, Ui};

/// A run that stands still, with what it is.
#[derive(Clone, Debug)]
pub struct Parked {
    pub model: Rc<RefCell<Model>>,
    pub rival: Option<Rival>,
    pub what: LeftRun,
}

impl Parked {
    /// Tells the page, and the address, what stands on the stage now.
    pub fn announce(&self, ui: &mut Ui) {
        ui.mode = self.what.mode();
        match &self.what {
            LeftRun::Lesson(id) => write_address(&format!("#/lesson/{id}")),
            LeftRun::Sandbox(template) => {
                ui.template.clone_from(template);
                write_address(&sandbox_address(template));
            }
            LeftRun::Comparison(what) => {
                write_address(&comparison_address(what));
                ui.compared = Some(what.clone());
            }
        }
    }
}

#[derive(Debug, Default)]
pub struct Parking {
    /// At most one run of each part of the page, the one that left the stage last at the end.
    places: Vec<Parked>,
    /// The run that another of its part replaced.
    left: Option<Parked>,
}

impl Parking {
    /// A run makes room for one of that part of the page.
    pub fn leave(&mut self, run: Parked, room_for: Mode) {
        let replaced = if run.what.mode() == room_for {
            Some(run)
        } else {
            let replaced = self.take(room_for);
            self.places.push(run);
            replaced
        };
        self.left = replaced.or(self.left.take());
    }

    /// The run of that part of the page, to be put on the stage again.
    pub fn take(&mut self, mode: Mode) -> Option<Parked> {
        let place = self.places.iter().position(|parked| parked.what.mode() == mode)?;
        Some(self.places.remove(place))
    }

    /// The run that was replaced, to be put on the stage again.
    pub fn take_left(&mut self) -> Option<Parked> {
        self.left.take()
    }

    #[must_use]
    pub fn left(&self) -> Option<&LeftRun> {
        self.left.as_ref().map(|run| &run.what)
    }

    /// The last run that the reader had to itself, before two were compared.
    #[must_use]
    pub fn own(&self) -> Option<&Rc<RefCell<Model>>> {
        self.places.iter().rev().find(|parked| parked.rival.is_none()).map(|parked| &parked.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Setup;
    use crate::session::Session;

    fn run(what: LeftRun) -> Parked {
        let session = Session::new(Setup::default()).expect("a sound setup");
        Parked { model: Rc::new(RefCell::new(Model::new(session))), rival: None, what }
    }

    fn lesson(id: &str) -> LeftRun {
        LeftRun::Lesson(id.to_owned())
    }

    #[test]
    fn each_part_of_the_page_keeps_its_run_and_a_replaced_one_is_kept_too() {
        let mut parking = Parking::default();
        let sandbox = LeftRun::Sandbox("orders".to_owned());
        parking.leave(run(sandbox.clone()), Mode::Lessons);
        assert_eq!(parking.left(), None);
        parking.leave(run(lesson("acks")), Mode::Lessons);
        assert_eq!(parking.left(), Some(&lesson("acks")), "another lesson took its place");
        parking.leave(run(lesson("keys")), Mode::Sandbox);
        assert_eq!(parking.left(), Some(&sandbox), "a new sandbox took the place of the one that waited");
        assert_eq!(parking.take(Mode::Lessons).map(|run| run.what), Some(lesson("keys")));
        assert!(parking.take(Mode::Lessons).is_none() && parking.take(Mode::Sandbox).is_none());
        assert_eq!(parking.take_left().map(|run| run.what), Some(sandbox));
    }
}
