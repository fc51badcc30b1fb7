//! One panel for whatever is selected. Nothing selected: a hint, and the three busiest numbers.

use yew::prelude::*;

use super::parts::{head, hint};
use super::{broker, client, controller, group, link, message, nothing, partition, queue, record, zookeeper};
use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::selection::Selection;
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::engine::common::NodeId;
use crate::engine::world::Process;

#[component]
pub fn Inspector() -> Html {
    let (page, text) = (use_page(), use_text());
    let body = match &page.ui.selected {
        Some(thing) => of(&page, &text, thing),
        None => nothing::view(&page, &text),
    };
    html! {
        <div class="inspector" data-inspector={kind(page.ui.selected.as_ref())}>
            if page.ui.selected.is_some() {
                <button type="button" class="tool inspector__close" aria-label={text.get("ui-deselect")}
                    title={text.get("ui-deselect")} onclick={page.on_click(UiAction::Deselect)}>{ Icon::Close.html() }</button>
            }
            { body }
        </div>
    }
}

fn of(page: &Page, text: &Text, thing: &Selection) -> Html {
    let found = match thing {
        Selection::Node(node) | Selection::Member(node) => of_node(page, text, *node),
        Selection::Partition(id) => partition::view(page, text, *id, None),
        Selection::Replica(NodeId::Broker(broker), id) => partition::view(page, text, *id, Some(*broker)),
        Selection::Record(NodeId::Broker(broker), id, offset) => record::view(page, text, *broker, *id, *offset),
        Selection::Link(a, b) => Some(link::view(page, text, *a, *b)),
        Selection::Message(id) => message::view(page, text, *id),
        Selection::Group(name) => group::view(page, text, name),
        Selection::QueueMessage(number) => queue::message(page, text, *number),
        Selection::Replica(..) | Selection::Record(..) => None,
    };
    // A thing may be gone by now: a message has arrived, a branch without this group was entered.
    found.unwrap_or_else(|| html! { <>{ head(text.get("ui-gone"), html! {}) }{ hint(text.get("ui-gone-hint")) }</> })
}

fn of_node(page: &Page, text: &Text, node: NodeId) -> Option<Html> {
    let is = {
        let model = page.model();
        match model.session().world().process(node)? {
            Process::Broker(_) => 0,
            Process::Controller(_) => 1,
            Process::Producer(_) => 2,
            Process::Consumer(_) => 3,
            Process::Admin(_) => 4,
            Process::QueueBroker(_) => 5,
            Process::QueueProducer(_) | Process::QueueWorker(_) => 6,
            Process::ZooKeeper(_) => 7,
        }
    };
    match (is, node) {
        (0, NodeId::Broker(id)) => broker::view(page, text, id),
        (1, _) => controller::view(page, text, node),
        (2, _) => client::producer(page, text, node),
        (3, _) => client::consumer(page, text, node),
        (5, _) => queue::broker(page, text),
        (7, NodeId::ZooKeeper(id)) => zookeeper::view(page, text, id),
        _ => Some(client::other(page, text, node)),
    }
}

fn kind(selected: Option<&Selection>) -> &'static str {
    match selected {
        None => "nothing",
        Some(Selection::Node(NodeId::Broker(_))) => "broker",
        Some(Selection::Node(_) | Selection::Member(_)) => "program",
        Some(Selection::Partition(_) | Selection::Replica(..)) => "partition",
        Some(Selection::Record(..)) => "record",
        Some(Selection::Link(..)) => "link",
        Some(Selection::Message(_)) => "message",
        Some(Selection::Group(_)) => "group",
        Some(Selection::QueueMessage(_)) => "queue-message",
    }
}
