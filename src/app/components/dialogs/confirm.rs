//! Starting over loses nothing but the clock: the reader is asked all the same.

use yew::prelude::*;

use super::frame::Frame;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::page::use_page;
use crate::engine::Setup;

#[derive(Properties, PartialEq)]
pub struct ConfirmRestartProps {
    pub setup: Box<Setup>,
}

#[component]
pub fn ConfirmRestart(props: &ConfirmRestartProps) -> Html {
    let (page, text) = (use_page(), use_text());
    html! {
        <Frame title={text.get("ui-restart-title")}>
            <p>{ text.get("ui-restart-text") }</p>
            <ul class="confirm__list">
                { for props.setup.properties.iter().map(|(key, value)| html! {
                    <li key={key.clone()}><code>{ format!("{key}={value}") }</code></li>
                }) }
            </ul>
            <p class="dialog__buttons">
                <button type="button" class="button button--primary" data-autofocus=""
                    onclick={page.on_click(UiAction::Restart(props.setup.clone()))}>{ text.get("ui-restart-do") }</button>
                <button type="button" class="button button--quiet" onclick={page.on_click(UiAction::Escape)}>
                    { text.get("ui-cancel") }
                </button>
            </p>
        </Frame>
    }
}
