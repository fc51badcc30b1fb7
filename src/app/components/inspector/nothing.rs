//! Nothing is selected: how to select something, and the three numbers that move most.

use yew::prelude::*;

use super::parts::{head, hint, section};
use crate::app::components::drawer::guarantees_tab::GuaranteesTab;
use crate::app::i18n::Text;
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::Page;
use crate::view::scene::{ReplicaRole, Scene};

/// Numbers that are shown.
const NUMBERS: usize = 3;

struct Busy {
    label: String,
    value: u64,
    what: &'static str,
    thing: Selection,
}

pub fn view(page: &Page, text: &Text) -> Html {
    let busiest = busiest(&page.scene);
    html! {
        <>
            { head(text.get("ui-panel-inspector"), html! { { text.get("ui-nothing") } }) }
            { hint(text.get("ui-nothing-hint")) }
            if !busiest.is_empty() {
                <section class="inspector__section">
                    <h3>{ text.get("ui-busiest") }</h3>
                    <ul class="busiest">
                        { for busiest.into_iter().map(|busy| html! {
                            <li key={format!("{}{}", busy.what, busy.label)}>
                                <button type="button" onclick={page.on_click(UiAction::Select(busy.thing))}>
                                    <b>{ busy.value }</b><span>{ text.get(busy.what) }</span><small>{ busy.label }</small>
                                </button>
                            </li>
                        }) }
                    </ul>
                </section>
            }
            { section(text.get("ui-tab-guarantees"), html! { <GuaranteesTab /> }) }
        </>
    }
}

/// The largest of each kind, then the largest of all.
fn busiest(scene: &Scene) -> Vec<Busy> {
    let leaders =
        scene.brokers.iter().flat_map(|broker| broker.replicas.iter().map(move |replica| (broker.node, replica)));
    let logs = leaders.filter(|(_, replica)| replica.role == ReplicaRole::Leader).map(|(node, replica)| Busy {
        label: replica.name.clone(),
        value: replica.log_end.since(replica.log_start),
        what: "ui-busy-records",
        thing: Selection::Replica(node, replica.partition),
    });
    let lags = scene.groups.iter().map(|group| Busy {
        label: group.badge.group.clone(),
        value: group.lag,
        what: "ui-busy-lag",
        thing: Selection::Group(group.badge.group.clone()),
    });
    let sends = scene.producers.iter().map(|producer| Busy {
        label: producer.name.clone(),
        value: producer.acked,
        what: "ui-busy-acked",
        thing: Selection::Node(producer.node),
    });
    let largest = |all: Vec<Busy>| all.into_iter().max_by_key(|busy| busy.value).filter(|busy| busy.value > 0);
    let mut best: Vec<Busy> =
        [largest(logs.collect()), largest(lags.collect()), largest(sends.collect())].into_iter().flatten().collect();
    best.sort_by_key(|busy| std::cmp::Reverse(busy.value));
    best.truncate(NUMBERS);
    best
}
