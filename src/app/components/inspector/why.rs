//! "Why is HW 6?": the equation with live values, and the facts that led to it, each a link to its moment.

use yew::prelude::*;

use super::parts::chain;
use crate::app::i18n::Text;
use crate::app::state::page::Page;
use crate::engine::common::TopicPartition;
use crate::view::explain::why_high_watermark;

pub fn why_section(page: &Page, text: &Text, id: TopicPartition) -> Html {
    let answer = {
        let model = page.model();
        let session = model.session();
        why_high_watermark(session.world(), session.past(), id)
    };
    let Some(why) = answer else {
        return html! { <section class="inspector__section"><p class="inspector__hint">{ text.get("ui-why-no-leader") }</p></section> };
    };
    let ends: Vec<String> = why.ends.iter().map(|(broker, end)| format!("{broker}: {end}")).collect();
    let title = text.get_with("ui-why-hw", &[("hw", why.high_watermark.0.into())]);
    html! {
        <section class="inspector__section" data-why="">
            <h3>{ title }</h3>
            <div class="why">
                <p class="why__equation">
                    { "HW " }<b>{ why.high_watermark.to_string() }</b>{ " = " }{ text.get("ui-why-equation") }{ " " }
                    <code>{ format!("{{{}}}", ends.join(", ")) }</code>
                </p>
                if why.below_min_isr {
                    <p class="why__note">
                        { text.get_with("ui-why-below-min", &[("isr", why.isr.len().into()), ("min", why.min_insync_replicas.into())]) }
                    </p>
                }
                { chain(page, text, &why.facts) }
            </div>
        </section>
    }
}
