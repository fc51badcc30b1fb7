//! Which promises hold, which were broken and where, and which this configuration never made.

use yew::prelude::*;

use crate::app::i18n::use_text;

#[component]
pub fn GuaranteesTab() -> Html {
    let text = use_text();
    html! { <p class="inspector__hint">{ text.get("ui-guarantees-none") }</p> }
}
