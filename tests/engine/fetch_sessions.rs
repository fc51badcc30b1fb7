//! Fetch sessions in a whole cluster (KIP-227): who has them, by version, and what that spares.

use kafkascope::engine::command::{Command, CommitStyle};
use kafkascope::engine::common::{BrokerId, NodeId, ServerId, Span};
use kafkascope::engine::config::KafkaVersion;
use kafkascope::engine::protocol::{Body, FetchMetadata, FetchRequest, Request};
use kafkascope::engine::{Setup, World};

use super::lab::Lab;

fn on_zookeeper(version: KafkaVersion) -> Lab {
    let mut lab =
        Lab::new(Setup { version, controllers: Vec::new(), zookeepers: vec![ServerId(1)], ..Setup::default() });
    lab.secs(3);
    lab.act(Command::CreateTopic {
        name: "orders".into(),
        partitions: Some(3),
        replication_factor: Some(3),
        assignment: None,
        configs: [].into(),
    });
    lab.secs(2);
    lab
}

/// Every fetch that is on the wire in the next second.
fn fetches(lab: &mut Lab) -> Vec<FetchRequest> {
    let mut seen = Vec::new();
    let until = lab.world.now() + Span::secs(1);
    while lab.world.now() < until {
        lab.run(Span::micros(200));
        for message in lab.world.kernel().in_flight() {
            if let Body::Request { request: Request::Fetch(fetch), .. } = &message.body {
                seen.push((message.id, fetch.clone()));
            }
        }
    }
    seen.sort_by_key(|(id, _)| *id);
    seen.dedup_by_key(|(id, _)| *id);
    seen.into_iter().map(|(_, fetch)| fetch).collect()
}

fn sessions(world: &World) -> usize {
    world.brokers().map(|(_, broker)| broker.fetch_sessions().sessions().len()).sum()
}

#[test]
fn before_1_1_every_fetch_is_full() {
    for version in [KafkaVersion::V0_8, KafkaVersion::V0_9] {
        let mut lab = on_zookeeper(version);
        let seen = fetches(&mut lab);
        assert!(seen.len() > 10 && sessions(&lab.world) == 0, "{version}");
        for fetch in seen {
            assert_eq!((fetch.metadata, fetch.partitions.len()), (FetchMetadata::LEGACY, 1), "{version}");
        }
    }
    let mut lab = on_zookeeper(KafkaVersion::V2_3);
    assert_eq!(sessions(&lab.world), 6, "each of three brokers has two followers");
    let seen = fetches(&mut lab);
    assert!(seen.iter().all(|fetch| !fetch.metadata.is_full() && fetch.partitions.is_empty()), "nothing changes");
}

#[test]
fn an_idle_follower_and_an_idle_consumer_say_nothing_and_are_told_nothing() {
    let mut lab = Lab::with_orders(1);
    // Positions are not committed, so that nothing is written.
    lab.consumer("reader", "readers", &[("enable.auto.commit", "false")], Span::millis(1), CommitStyle::Auto);
    lab.secs(10);
    // Two followers at each broker, and the consumer at those that lead a partition of its own.
    let leaders: Vec<BrokerId> = (0..3).filter_map(|id| lab.world.image().partition(lab.orders(id))?.leader).collect();
    let has_session = |broker: &BrokerId| {
        let sessions = lab.world.broker(*broker).unwrap().fetch_sessions();
        sessions.sessions().any(|session| matches!(session.fetcher(), NodeId::Client(_)))
    };
    assert!(leaders.iter().all(has_session));
    let seen = fetches(&mut lab);
    assert!(seen.len() > 10 && seen.iter().any(|fetch| fetch.params.follower.is_none()));
    for fetch in seen {
        assert!(matches!(fetch.metadata, FetchMetadata::Incremental { .. }), "{fetch:?}");
        assert_eq!((fetch.partitions, fetch.forgotten), (vec![], vec![]));
    }
}

#[test]
fn a_consumer_that_closes_ends_its_sessions() {
    let mut lab = Lab::with_orders(1);
    let before = sessions(&lab.world);
    lab.consumer("reader", "readers", &[], Span::millis(1), CommitStyle::Auto);
    lab.secs(10);
    assert!(sessions(&lab.world) > before);
    lab.act(Command::Close { client: "reader".into() });
    lab.secs(10);
    let of_clients = lab.world.brokers().flat_map(|(_, broker)| broker.fetch_sessions().sessions());
    assert_eq!(of_clients.filter(|session| session.fetcher().is_client()).count(), 0);
}
