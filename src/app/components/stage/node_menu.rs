//! The small menu on a node's card: what can be done to this process, and to its connections.
//!
//! An action that would change nothing stays in the list, grey, with its reason: the reader learns why.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::action::StageAction;
use super::icon::Icon;
use crate::app::i18n::use_text;

/// One line of the menu.
#[derive(Clone, PartialEq)]
pub struct MenuItem {
    pub action: StageAction,
    pub icon: Icon,
    pub label: AttrValue,
    /// Why it would do nothing now.
    pub refused: Option<AttrValue>,
}

#[derive(Properties, PartialEq)]
pub struct NodeMenuProps {
    /// What the menu is about: `Broker 2`.
    pub name: AttrValue,
    pub items: Vec<MenuItem>,
    pub on_action: Callback<StageAction>,
}

#[component]
pub fn NodeMenu(props: &NodeMenuProps) -> Html {
    let text = use_text();
    let open = use_state_eq(|| false);
    let menu = use_node_ref();
    let button = use_node_ref();
    {
        // An opened menu takes the focus, so that arrows and Escape work at once.
        let menu = menu.clone();
        use_effect_with(*open, move |&open| {
            if open
                && let Some(first) = menu.cast::<HtmlElement>().and_then(|menu| focusable(menu.first_element_child()))
            {
                let _ = first.focus();
            }
        });
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            open.set(!*open);
        })
    };
    let on_keydown = {
        let (open, button) = (open.clone(), button.clone());
        Callback::from(move |event: KeyboardEvent| {
            let at = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
            let next = match event.key().as_str() {
                "Escape" => {
                    open.set(false);
                    button.cast::<HtmlElement>()
                }
                "ArrowDown" => at.and_then(|at| focusable(at.next_element_sibling())),
                "ArrowUp" => at.and_then(|at| focusable(at.previous_element_sibling())),
                "Tab" => {
                    open.set(false);
                    return;
                }
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            if let Some(next) = next {
                let _ = next.focus();
            }
        })
    };
    let on_focusout = {
        let (open, menu) = (open.clone(), menu.clone());
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|to| to.dyn_into::<web_sys::Node>().ok());
            if !menu.get().is_some_and(|menu| menu.contains(to.as_ref())) {
                open.set(false);
            }
        })
    };
    let item = |item: &MenuItem| {
        let (open, action, on_action) = (open.clone(), item.action, props.on_action.clone());
        let refused = item.refused.is_some();
        let onclick = Callback::from(move |event: MouseEvent| {
            event.stop_propagation();
            if !refused {
                open.set(false);
                on_action.emit(action);
            }
        });
        html! {
            <button key={item.label.to_string()} type="button" role="menuitem" class="menu__item" tabindex="-1"
                aria-disabled={refused.to_string()} {onclick}>
                { item.icon.html() }<span>{ &item.label }</span>
                if let Some(reason) = &item.refused { <small>{ reason }</small> }
            </button>
        }
    };
    let label = text.get_with("stage-menu", &[("name", props.name.as_str().into())]);
    html! {
        <span class="menu" onkeydown={on_keydown} onfocusout={on_focusout}>
            <button ref={button} type="button" class="menu__button" tabindex="-1" data-roving="" aria-haspopup="menu"
                aria-expanded={open.to_string()} aria-label={label.clone()} title={label.clone()} onclick={toggle}>
                { Icon::Bolt.html() }
            </button>
            if *open {
                <div ref={menu} class="menu__list" role="menu" aria-label={label}>
                    { for props.items.iter().map(item) }
                </div>
            }
        </span>
    }
}

fn focusable(element: Option<web_sys::Element>) -> Option<HtmlElement> {
    element.and_then(|element| element.dyn_into().ok())
}
