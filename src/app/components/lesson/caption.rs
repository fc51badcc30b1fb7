//! A caption: prose whose values wear the form of the thing they speak of.
//!
//! A value knows its formula (`leader(orders-0)`), and the formula names the thing; how the thing looks just now is
//! asked of the scene, so that word and figure never disagree.

use yew::prelude::*;

use crate::app::components::shell::word::{Look, Word};
use crate::app::selection::Selection;
use crate::app::state::page::{Page, use_page};
use crate::console::Value;
use crate::console::query::Kind;
use crate::engine::command::Target;
use crate::engine::common::{BrokerId, NodeId, TopicPartition};
use crate::engine::world::World;
use crate::scenario::Shown;
use crate::view::scene::{BrokerState, ReplicaRole, Scene};

#[derive(Properties, PartialEq)]
pub struct CaptionProps {
    pub said: Vec<Shown>,
}

#[component]
pub fn Caption(props: &CaptionProps) -> Html {
    let page = use_page();
    html! { <>{ for props.said.iter().map(|piece| piece_html(&page, piece)) }</> }
}

fn piece_html(page: &Page, piece: &Shown) -> Html {
    let Some(value) = &piece.of else { return html! { { &piece.text } } };
    if is_long(&value.value) {
        // As long as a sentence, it must break as one.
        return html! { <b class="listed">{ &piece.text }</b> };
    }
    let model = page.model();
    let (look, thing) = worn(model.session().world(), &page.scene, (value.kind, &value.value, &value.expression));
    html! { <Word {look} label={piece.text.clone()} {thing} /> }
}

/// The look of a value and the thing it stands for.
fn worn(world: &World, scene: &Scene, (kind, value, expression): (Kind, &Value, &str)) -> (Look, Option<Selection>) {
    let arguments = arguments(expression);
    let partition = arguments.iter().find_map(|name| partition_named(world, name));
    let group = || arguments.first().map(|name| Selection::Group((*name).to_owned()));
    match kind {
        Kind::Broker => match value {
            Value::Int(id) => broker(scene, *id, expression.starts_with("leader(")),
            _ => (Look::Plain, None),
        },
        Kind::HighWatermark => (Look::HighWatermark, partition.map(Selection::Partition)),
        Kind::LogEnd | Kind::LogStart => (Look::LogEnd, partition.map(Selection::Partition)),
        Kind::Group | Kind::GroupState | Kind::Lag | Kind::Committed => (Look::Group, group()),
        Kind::Client | Kind::Position => {
            let name = match value {
                Value::Text(name) => Some(name.as_str()),
                _ => arguments.first().copied(),
            };
            let node = name.and_then(|name| world.node_of(&Target::Client(name.into())));
            (Look::Group, node.map(Selection::Node))
        }
        Kind::Brokers | Kind::Epoch | Kind::Offset => (Look::Number, partition.map(Selection::Partition)),
        Kind::Plain | Kind::Number | Kind::Truth | Kind::Time | Kind::Lost | Kind::ReadTwice => (Look::Number, None),
    }
}

/// A list of words, an error's sentence, what stands in a znode.
fn is_long(value: &Value) -> bool {
    match value {
        Value::List(items) => matches!(items.first(), Some(Value::Text(_))),
        Value::Text(text) => text.chars().count() > 24,
        _ => false,
    }
}

/// A broker wears what its replica of the subject is, unless it is down.
fn broker(scene: &Scene, id: i64, leads: bool) -> (Look, Option<Selection>) {
    let Ok(id) = u32::try_from(id) else { return (Look::Plain, None) };
    let thing = Some(Selection::Node(NodeId::Broker(BrokerId(id))));
    let Some(card) = scene.brokers.iter().find(|card| card.id == id) else { return (Look::Plain, thing) };
    let look = match (card.state, card.replicas.first().map(|replica| replica.role)) {
        (BrokerState::Offline, _) => Look::Offline,
        _ if leads => Look::Leader,
        (_, Some(ReplicaRole::Leader)) => Look::Leader,
        (_, Some(ReplicaRole::InSync)) => Look::InSync,
        (_, Some(ReplicaRole::OutOfSync)) => Look::OutOfSync,
        (_, Some(ReplicaRole::Offline)) => Look::Offline,
        (_, None) => Look::Plain,
    };
    (look, thing)
}

/// `hw(orders-0, 3)` → `["orders-0", "3"]`
fn arguments(expression: &str) -> Vec<&str> {
    let Some((_, rest)) = expression.split_once('(') else { return Vec::new() };
    let inside = rest.split(')').next().unwrap_or_default();
    inside.split(',').map(|argument| argument.trim().trim_matches(['"', '\''])).filter(|a| !a.is_empty()).collect()
}

/// `orders-0`, if there is such a partition.
fn partition_named(world: &World, name: &str) -> Option<TopicPartition> {
    let (topic, partition) = name.rsplit_once('-')?;
    let id = world.image().topic_id(topic)?;
    Some(TopicPartition::new(id, partition.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_the_words_in_brackets() {
        assert_eq!(arguments("hw(orders-0, 3)"), ["orders-0", "3"]);
        assert_eq!(arguments("time()"), Vec::<&str>::new());
        assert_eq!(arguments("$kept"), Vec::<&str>::new());
        assert_eq!(arguments("leo(orders-0) - hw(orders-0)"), ["orders-0"]);
    }
}
