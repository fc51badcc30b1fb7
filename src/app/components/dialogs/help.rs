//! Every key and what it does, from the table that feeds the listener.

use yew::prelude::*;

use super::frame::Frame;
use crate::app::i18n::use_text;
use crate::app::state::action::UiAction;
use crate::app::state::keys::{BINDINGS, Binding};
use crate::app::state::page::use_page;
use crate::app::state::ui::Dialog;

#[component]
pub fn Help() -> Html {
    let (page, text) = (use_page(), use_text());
    let row = |binding: &Binding| {
        html! { <div key={binding.cap}><dt><kbd>{ binding.cap }</kbd></dt><dd>{ text.get(binding.says) }</dd></div> }
    };
    html! {
        <Frame title={text.get("ui-help")} wide=true>
            <dl class="keys">{ for BINDINGS.iter().map(row) }</dl>
            <p class="dialog__note">{ text.get("ui-help-stage") }</p>
            <p class="dialog__note">
                <button type="button" class="tool tool--edge" data-fidelity=""
                    onclick={page.on_click(UiAction::Open(Dialog::Fidelity))}>{ text.get("ui-fidelity-link") }</button>
            </p>
            <p class="dialog__note"><a href="?gallery">{ text.get("ui-help-gallery") }</a></p>
            <p class="dialog__note">{ text.get("ui-not-affiliated") }</p>
        </Frame>
    }
}
