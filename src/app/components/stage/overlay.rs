//! The canvas above the figure, and the pointer on it.
//!
//! The canvas lets the pointer through to the cards below. A click is looked at on its way down from the window: only
//! where an envelope lies under it is it taken away from the card.

use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlCanvasElement, HtmlElement, MouseEvent, ResizeObserver};
use yew::prelude::*;

use crate::app::canvas::layout::Layout;
use crate::app::canvas::painter::{Painter, Picture};

#[derive(Properties, PartialEq)]
pub struct OverlayProps {
    /// The element that holds the figure and this canvas.
    pub plane: NodeRef,
    pub picture: Picture,
    /// Grows whenever the figure is rendered: elements may have moved although the picture is the same.
    pub renders: u64,
    /// Theme and other things that change colours; only its change matters.
    pub look: AttrValue,
    pub on_layout: Callback<Rc<Layout>>,
    pub on_message: Callback<u64>,
}

#[component]
pub fn Overlay(props: &OverlayProps) -> Html {
    let canvas = use_node_ref();
    let painter = use_mut_ref(|| None::<Rc<Painter>>);
    {
        let (painter, canvas, plane) = (painter.clone(), canvas.clone(), props.plane.clone());
        let (on_layout, on_message) = (props.on_layout.clone(), props.on_message.clone());
        use_effect_with((on_layout, on_message), move |(on_layout, on_message)| {
            let (on_layout, on_message) = (on_layout.clone(), on_message.clone());
            let studio = open_studio(&canvas, &plane, on_layout, on_message);
            *painter.borrow_mut() = studio.as_ref().map(|studio| Rc::clone(&studio.painter));
            let painter = painter.clone();
            move || {
                painter.borrow_mut().take();
                drop(studio);
            }
        });
    }
    {
        let painter = painter.clone();
        let shown = (props.picture.clone(), props.renders, props.look.clone(), props.on_layout.clone());
        use_effect_with(shown, move |(picture, ..)| {
            if let Some(painter) = painter.borrow().as_ref() {
                painter.show(picture.clone());
            }
        });
    }
    html! { <canvas ref={canvas} class="overlay" aria-hidden="true" /> }
}

/// The painter with everything that wakes it. Dropping it ends all of that.
struct Studio {
    painter: Rc<Painter>,
    observer: ResizeObserver,
    _on_resize: Closure<dyn FnMut()>,
    _listeners: [EventListener; 2],
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn open_studio(
    canvas: &NodeRef,
    plane: &NodeRef,
    on_layout: Callback<Rc<Layout>>,
    on_message: Callback<u64>,
) -> Option<Studio> {
    let canvas = canvas.cast::<HtmlCanvasElement>()?;
    let plane = plane.cast::<HtmlElement>()?;
    let painter = Rc::new(Painter::new(canvas, plane.clone(), move |layout| on_layout.emit(layout))?);

    let on_resize = {
        let painter = Rc::downgrade(&painter);
        Closure::<dyn FnMut()>::new(move || {
            if let Some(painter) = painter.upgrade() {
                painter.remeasure();
            }
        })
    };
    let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok()?;
    observer.observe(&plane);

    let on_move = {
        let (painter, plane) = (Rc::downgrade(&painter), plane.clone());
        EventListener::new(&plane.clone(), "pointermove", move |event| {
            let (Some(painter), Some(event)) = (painter.upgrade(), event.dyn_ref::<MouseEvent>()) else { return };
            let over = painter.message_at(f64::from(event.client_x()), f64::from(event.client_y())).is_some();
            // Fails only where the plane was taken out of the page.
            let _ = plane.toggle_attribute_with_force("data-over-message", over);
        })
    };
    let window = web_sys::window()?;
    let on_click = {
        let painter = Rc::downgrade(&painter);
        EventListener::new_with_options(&window, "click", EventListenerOptions::run_in_capture_phase(), move |event| {
            let (Some(painter), Some(click)) = (painter.upgrade(), event.dyn_ref::<MouseEvent>()) else { return };
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let on_figure = target.is_some_and(|target| {
                plane.contains(Some(&target)) && target.closest(".menu").ok().flatten().is_none()
            });
            // A click from the keyboard has no place.
            if !on_figure || click.detail() == 0 {
                return;
            }
            if let Some(message) = painter.message_at(f64::from(click.client_x()), f64::from(click.client_y())) {
                event.stop_propagation();
                on_message.emit(message);
            }
        })
    };
    Some(Studio { painter, observer, _on_resize: on_resize, _listeners: [on_move, on_click] })
}
