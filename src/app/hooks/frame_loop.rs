//! One persistent animation frame callback, asked for only while there is something to do.
//!
//! A hidden tab gets no frames from the browser, so nothing runs there.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

type FrameClosure = Closure<dyn FnMut(f64)>;

/// Calls back once a frame as long as it is wanted.
pub struct FrameLoop {
    shared: Rc<Shared>,
}

struct Shared {
    is_asked: Cell<bool>,
    handle: Cell<i32>,
    closure: RefCell<Option<FrameClosure>>,
}

impl FrameLoop {
    /// `on_frame` gets the browser's time in milliseconds.
    #[must_use]
    pub fn new(on_frame: impl Fn(f64) + 'static) -> Self {
        let shared = Rc::new(Shared { is_asked: Cell::new(false), handle: Cell::new(0), closure: RefCell::new(None) });
        let weak = Rc::downgrade(&shared);
        let closure = Closure::new(move |now_ms: f64| {
            if let Some(shared) = weak.upgrade() {
                shared.is_asked.set(false);
                on_frame(now_ms);
            }
        });
        *shared.closure.borrow_mut() = Some(closure);
        Self { shared }
    }

    /// Asks for one more frame, unless one is asked for already.
    pub fn ask(&self) {
        if self.shared.is_asked.get() {
            return;
        }
        let closure = self.shared.closure.borrow();
        let (Some(window), Some(closure)) = (web_sys::window(), closure.as_ref()) else { return };
        if let Ok(handle) = window.request_animation_frame(closure.as_ref().unchecked_ref()) {
            self.shared.handle.set(handle);
            self.shared.is_asked.set(true);
        }
    }
}

impl Drop for FrameLoop {
    fn drop(&mut self) {
        if self.shared.is_asked.get()
            && let Some(window) = web_sys::window()
        {
            // Fails only for a handle that is no longer asked for.
            let _ = window.cancel_animation_frame(self.shared.handle.get());
        }
    }
}

/// The browser's clock in milliseconds.
#[must_use]
pub fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |performance| performance.now())
}
