//! The drawer: tabs, of which one is open or none.
//!
//! Tabs that hold what the reader is writing or reading in stay alive while another is open.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::arrows_tab::ArrowsTab;
use super::behind::Behind;
use super::charts_tab::ChartsTab;
use super::console_tab::ConsoleTab;
use super::events_tab::EventsTab;
use super::guarantees_tab::GuaranteesTab;
use super::input_tab::InputTab;
use super::properties_tab::PropertiesTab;
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::app::state::ui::Tab;

#[component]
pub fn Drawer() -> Html {
    let (page, text) = (use_page(), use_text());
    let open = page.ui.drawer;
    let tab = |tab: Tab| {
        let selected = open == Some(tab);
        // With the drawer closed the first tab keeps the tab stop.
        let stop = selected || (open.is_none() && tab == Tab::ALL[0]);
        html! {
            <button key={tab.key()} type="button" role="tab" id={tab.key()} aria-selected={selected.to_string()}
                aria-controls="drawer-panel" tabindex={if stop { "0" } else { "-1" }}
                onclick={page.on_click(UiAction::Drawer(tab))}>{ text.get(tab.key()) }</button>
        }
    };
    let body = |tab: Tab, html: Html| {
        let is_open = open == Some(tab);
        html! {
            <div key={tab.key()} class="drawer__body" hidden={!is_open}><Behind {is_open}>{ html }</Behind></div>
        }
    };
    html! {
        <div class="drawer">
            <div class="drawer__bar">
                <div class="drawer__tabs" role="tablist" aria-label={text.get("ui-panel-drawer")}
                    onkeydown={Callback::from(arrows)}>
                    { for Tab::ALL.into_iter().map(tab) }
                </div>
                if let Some(tab) = open {
                    <button type="button" class="tool drawer__close" aria-label={text.get("ui-close")}
                        onclick={page.on_click(UiAction::Drawer(tab))}>{ Icon::ChevronDown.html() }</button>
                }
            </div>
            <div id="drawer-panel" class="drawer__panel" role="tabpanel" hidden={open.is_none()}
                data-tab={open.map(Tab::key)} aria-labelledby={open.map(Tab::key)}>
                if open == Some(Tab::Events) { { body(Tab::Events, html! { <EventsTab /> }) } }
                if open == Some(Tab::Arrows) { { body(Tab::Arrows, html! { <ArrowsTab /> }) } }
                if open == Some(Tab::Charts) { { body(Tab::Charts, html! { <ChartsTab /> }) } }
                if open == Some(Tab::Guarantees) { { body(Tab::Guarantees, html! { <GuaranteesTab /> }) } }
                { body(Tab::Console, html! { <ConsoleTab is_open={open == Some(Tab::Console)} /> }) }
                { body(Tab::Properties, html! { <PropertiesTab /> }) }
                { body(Tab::Input, html! { <InputTab /> }) }
            </div>
        </div>
    }
}

/// Arrows move between tabs; Enter or Space opens one.
fn arrows(event: KeyboardEvent) {
    let at = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let next = match event.key().as_str() {
        "ArrowRight" => at.and_then(|at| at.next_element_sibling()),
        "ArrowLeft" => at.and_then(|at| at.previous_element_sibling()),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        // Buttons can always have the focus.
        let _ = next.focus();
    }
}
