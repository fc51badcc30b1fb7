//! The frame of every dialog: keeps the focus inside, closes by Escape or a click beside it, gives the focus back.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;

/// What the Tab key can reach.
const REACHABLE: &str = "button:not([tabindex='-1']), a[href], input, select, textarea, summary, [tabindex='0']";

#[derive(Properties, PartialEq)]
pub struct FrameProps {
    pub title: AttrValue,
    #[prop_or_default]
    pub wide: bool,
    pub children: Html,
}

#[component]
pub fn Frame(props: &FrameProps) -> Html {
    let (page, text) = (use_page(), use_text());
    let frame = use_node_ref();
    {
        let frame = frame.clone();
        use_effect_with((), move |()| {
            let before = active_element();
            let focus = frame.cast::<Element>().and_then(|frame| {
                let wanted = frame.query_selector("[data-autofocus]").ok().flatten();
                wanted.or_else(|| {
                    frame.query_selector(".dialog__body button, .dialog__body input, .dialog__close").ok().flatten()
                })
            });
            focus_on(focus);
            move || focus_on(before)
        });
    }
    let close = page.on_click(UiAction::Escape);
    let onkeydown = {
        let (frame, page) = (frame.clone(), page.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Escape" => {
                event.stop_propagation();
                event.prevent_default();
                page.send(UiAction::Escape);
            }
            "Tab" => {
                if let Some(frame) = frame.cast::<Element>() {
                    keep_inside(&frame, &event);
                }
            }
            _ => {}
        })
    };
    html! {
        <div class="backdrop" onclick={close.clone()}>
            <div ref={frame} class={classes!("dialog", props.wide.then_some("dialog--wide"))} role="dialog" aria-modal="true"
                aria-labelledby="dialog-title" {onkeydown} onclick={Callback::from(|event: MouseEvent| event.stop_propagation())}>
                <div class="dialog__head">
                    <h2 id="dialog-title">{ &props.title }</h2>
                    <button type="button" class="tool dialog__close" aria-label={text.get("ui-close")} onclick={close}>
                        { Icon::Close.html() }
                    </button>
                </div>
                <div class="dialog__body">{ props.children.clone() }</div>
            </div>
        </div>
    }
}

/// From the last thing Tab goes to the first, and back.
fn keep_inside(frame: &Element, event: &KeyboardEvent) {
    let Ok(all) = frame.query_selector_all(REACHABLE) else { return };
    let end = |index: u32| all.get(index).and_then(|node| node.dyn_into::<Element>().ok());
    let (first, last) = (end(0), all.length().checked_sub(1).and_then(end));
    let at = active_element();
    let (edge, other) = if event.shift_key() { (&first, &last) } else { (&last, &first) };
    if at.is_some() && at == *edge {
        event.prevent_default();
        focus_on(other.clone());
    }
}

fn active_element() -> Option<Element> {
    web_sys::window()?.document()?.active_element()
}

fn focus_on(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // An element that has left the page cannot have the focus; then nobody has it, as after a reload.
        let _ = element.focus();
    }
}
