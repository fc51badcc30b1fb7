//! Zoom 0: brokers by partitions, one mark per replica. It stands beside the brokers as a navigator.

use std::collections::BTreeSet;

use yew::prelude::*;

use super::broker_card::short_name;
use super::hands::Hands;
use super::log_strip::describe_replica;
use crate::app::i18n::use_text;
use crate::app::selection::Selection;
use crate::engine::common::TopicPartition;
use crate::view::scene::{BrokerCard, BrokerState, ReplicaRole};

#[derive(Properties, PartialEq)]
pub struct ReplicaMapProps {
    pub brokers: Vec<BrokerCard>,
    pub subject: Option<TopicPartition>,
    pub hands: Hands,
}

#[component]
pub fn ReplicaMap(props: &ReplicaMapProps) -> Html {
    let text = use_text();
    let ReplicaMapProps { brokers, subject, hands } = props;
    let partitions: BTreeSet<TopicPartition> =
        brokers.iter().flat_map(|broker| &broker.replicas).map(|replica| replica.partition).collect();
    let row = |broker: &BrokerCard| {
        let offline = (broker.state == BrokerState::Offline).then_some("map__row--offline");
        let name = text.get_with("stage-broker", &[("id", broker.id.into())]);
        html! {
            <tr key={broker.id} class={classes!(offline)}>
                <th scope="row">{ short_name(broker.node) }</th>
                { for partitions.iter().map(|&partition| {
                    let replica = broker.replicas.iter().find(|replica| replica.partition == partition);
                    let open = (Some(partition) == *subject).then_some("map__cell--subject");
                    html! {
                        <td key={partition.partition.0} class={classes!(open)}>
                            if let Some(replica) = replica {
                                <button type="button" tabindex="-1" data-roving=""
                                    class={classes!("map__mark", mark_class(replica.role),
                                        hands.ring(&Selection::Replica(broker.node, partition)))}
                                    aria-label={describe_replica(&text, replica, &name)}
                                    title={replica.name.clone()} onclick={hands.open(partition)} />
                            } else {
                                <i class="map__none" />
                            }
                        </td>
                    }
                }) }
            </tr>
        }
    };
    html! {
        <section class="card map" aria-label={text.get("stage-map")}>
            <table>
                <thead><tr>
                    <td />
                    { for partitions.iter().map(|partition| html! {
                        <th key={partition.partition.0} scope="col">{ partition.partition.to_string() }</th>
                    }) }
                </tr></thead>
                <tbody>{ for brokers.iter().map(row) }</tbody>
            </table>
        </section>
    }
}

fn mark_class(role: ReplicaRole) -> &'static str {
    match role {
        ReplicaRole::Leader => "map__mark--leader",
        ReplicaRole::InSync => "map__mark--in-sync",
        ReplicaRole::OutOfSync => "map__mark--out",
        ReplicaRole::Offline => "map__mark--offline",
    }
}
