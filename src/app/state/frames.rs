//! Who wants to be told of every frame: the painter, the clock, the playhead.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use yew::Callback;

type Listeners = RefCell<BTreeMap<u64, Callback<()>>>;

/// A list of listeners, shared by everyone who holds a clone.
#[derive(Clone, Default)]
pub struct Frames {
    listeners: Rc<Listeners>,
    next: Rc<Cell<u64>>,
}

/// Listens as long as it lives.
pub struct Listening {
    id: u64,
    listeners: Weak<Listeners>,
}

impl Frames {
    #[must_use]
    pub fn listen(&self, callback: Callback<()>) -> Listening {
        let id = self.next.get();
        self.next.set(id + 1);
        self.listeners.borrow_mut().insert(id, callback);
        Listening { id, listeners: Rc::downgrade(&self.listeners) }
    }

    /// Tells everyone. A listener may go away while it is told.
    pub fn tell(&self) {
        let listeners: Vec<Callback<()>> = self.listeners.borrow().values().cloned().collect();
        for listener in listeners {
            listener.emit(());
        }
    }
}

impl PartialEq for Frames {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.listeners, &other.listeners)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(listeners) = self.listeners.upgrade() {
            listeners.borrow_mut().remove(&self.id);
        }
    }
}
