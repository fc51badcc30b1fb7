//! Replication as operators see it: scripts with what Kafka's tools print, and the facts behind them.

use kafkascope::engine::clients::{AdminFact, ConsumerFact};
use kafkascope::engine::command::{Command, Target};
use kafkascope::engine::common::{BrokerId, ErrorCode, NodeId, Span};
use kafkascope::engine::controller::{ControllerFact, ElectedBecause};
use kafkascope::engine::metadata::LeaderRecoveryState;
use kafkascope::engine::runtime::RuntimeFact;
use kafkascope::engine::server::BrokerFact;
use kafkascope::engine::{Fact, Setup};

use super::lab::Lab;

fn lab(properties: &[(&str, &str)]) -> Lab {
    let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut lab = Lab::new(Setup { properties, ..Setup::default() });
    lab.secs(3);
    lab
}

fn count(lab: &Lab, wanted: impl Fn(&Fact) -> bool) -> usize {
    lab.trace.iter().filter(|record| wanted(&record.fact)).count()
}

#[test]
fn leadership_returns_by_hand_and_the_tool_says_what_it_did() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3,2:3:1
         wait 1s
         | Created topic orders.
         crash broker-1
         await leader(orders-0) == 2 within 12s
         kafka-leader-election --election-type preferred --topic orders --partition 0
         wait 1s
         | Error completing leader election (PREFERRED) for partition: orders-0: org.apache.kafka.common.errors.PreferredLeaderNotAvailableException: The preferred leader was not available.
         | 1 replica(s) could not be elected
         restart broker-1
         wait 20s
         expect leader(orders-0) == 2
         kafka-leader-election --election-type preferred --path-to-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0},{\"topic\":\"orders\",\"partition\":1}]}'
         wait 1s
         | Successfully completed leader election (PREFERRED) for partitions orders-0
         | Valid replica already elected for partitions orders-1
         expect leader(orders-0) == 1
         kafka-leader-election --election-type unclean --topic nothing --partition 3
         wait 1s
         | Error completing leader election (UNCLEAN) for partition: nothing-3: org.apache.kafka.common.errors.UnknownTopicOrPartitionException: No such topic as nothing
         | 1 replica(s) could not be elected",
    );
    let asked = |fact: &Fact| {
        matches!(fact, Fact::Controller(ControllerFact::LeaderElected { why: ElectedBecause::Asked, .. }))
    };
    assert_eq!(count(&lab, asked), 1);
    assert!(count(&lab, |fact| matches!(fact, Fact::Admin(AdminFact::LeadersElected { .. }))) == 3);
}

#[test]
fn leadership_returns_by_itself_at_the_next_check() {
    let mut lab = lab(&[("leader.imbalance.check.interval.seconds", "40")]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3
         wait 1s
         | Created topic orders.
         bounce broker-1
         await leader(orders-0) == 2 within 12s
         await leader(orders-0) == 1 within 41s",
    );
}

#[test]
fn a_broker_that_is_stopped_hands_over_first_and_nobody_waits_for_a_session() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3,2:1:3 --config min.insync.replicas=2
         wait 1s
         | Created topic orders.
         kafka-console-producer --topic orders --producer-property client.id=checkout --every 50ms
         wait 3s",
    );
    let stopped_at = lab.world.now();
    lab.act(Command::Stop { node: Target::Broker(BrokerId(1)) });
    let one = NodeId::Broker(BrokerId(1));
    let took = lab.until(Span::secs(5), "the end of broker-1", |lab| !lab.world.is_up(one));
    assert!(took < Span::secs(3), "no session has to expire: {took}");
    let elected = lab
        .first(stopped_at, |fact| {
            let why = ElectedBecause::LeaderShutsDown;
            matches!(fact, Fact::Controller(ControllerFact::LeaderElected { why: found, .. }) if *found == why)
        })
        .expect("the leadership moved");
    assert!(elected < lab.world.now(), "first the leadership moves, then the broker ends");
    let wanted = [
        count(&lab, |fact| matches!(fact, Fact::Broker(BrokerFact::ControlledShutdownBegan))),
        count(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::ControlledShutdownBegan { .. }))),
        count(&lab, |fact| matches!(fact, Fact::Broker(BrokerFact::ShutDown { is_approved: true }))),
        count(&lab, |fact| matches!(fact, Fact::Runtime(RuntimeFact::Exited))),
    ];
    assert_eq!(wanted, [1, 1, 1, 1]);
    lab.script(
        "expect leader(orders-0) == 2
         wait 3s
         kafka-topics --describe --topic orders --under-replicated-partitions
         | Topic: orders  Partition: 0  Leader: 2  Replicas: 1,2,3  Isr: 2,3  Elr:   LastKnownElr:
         | Topic: orders  Partition: 1  Leader: 2  Replicas: 2,1,3  Isr: 2,3  Elr:   LastKnownElr:
         restart broker-1
         wait 8s
         kafka-topics --describe --topic orders --under-replicated-partitions
         expect leader(orders-0) == 2",
    );
    lab.assert_promises_kept();
}

#[test]
fn without_a_controller_a_stopping_broker_waits_five_minutes_and_goes_alone() {
    let mut lab = lab(&[]);
    lab.script("crash controller-101\n stop broker-2\n wait 299s");
    let two = NodeId::Broker(BrokerId(2));
    assert!(lab.world.is_up(two));
    lab.secs(2);
    assert!(!lab.world.is_up(two));
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Broker(BrokerFact::ShutDown { is_approved: false }))), 1);
}

#[test]
fn replicas_move_by_the_tool_and_the_stage_between_is_shown() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2,2:1
         wait 1s
         | Created topic orders.
         kafka-console-producer --topic orders --producer-property client.id=checkout --every 20ms --records 100
         wait 4s
         kafka-reassign-partitions --list
         | No partition reassignments found.
         hold broker-2 broker-3
         kafka-reassign-partitions --execute --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":1,\"replicas\":[3,2]}]}'
         wait 1s
         | Current partition replica assignment
         |
         | {\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":1,\"replicas\":[2,1],\"log_dirs\":[\"any\",\"any\"]}]}
         |
         | Save this to use as the --reassignment-json-file option during rollback
         | Successfully started partition reassignment for orders-1
         kafka-reassign-partitions --list
         | Current partition reassignments:
         | orders-1: replicas: 3,2,1. adding: 3. removing: 1.
         kafka-topics --describe --topic orders --under-replicated-partitions
         | Topic: orders  Partition: 1  Leader: 2  Replicas: 3,2,1  Isr: 2,1  Adding Replicas: 3  Removing Replicas: 1  Elr:   LastKnownElr:
         kafka-reassign-partitions --verify --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":1,\"replicas\":[3,2]}]}'
         | Status of partition reassignment:
         | Reassignment of partition orders-1 is still in progress.
         kafka-reassign-partitions --execute --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[3]}]}'
         wait 1s
         | Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.
         release broker-2 broker-3
         wait 5s
         kafka-reassign-partitions --verify --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":1,\"replicas\":[3,2]}]}'
         | Status of partition reassignment:
         | Reassignment of partition orders-1 is completed.
         |
         | Clearing broker-level throttles on brokers 1,2,3
         | Clearing topic-level throttles on topic orders
         kafka-reassign-partitions --execute --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":1,\"replicas\":[9,2]}]}'
         wait 1s
         | Error: Unknown broker id 9
         kafka-reassign-partitions --cancel --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":1}]}'
         wait 1s
         | None of the specified partition reassignments are active.",
    );
    // The new replica has everything; the one that went has no log any more.
    let id = lab.orders(1);
    let end = |broker: u32| lab.world.broker(BrokerId(broker)).unwrap().log(id).map(|log| log.log_end_offset());
    assert_eq!((end(3), end(1)), (end(2), None));
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::ReassignmentBegan { .. }))), 1);
    let ended =
        |fact: &Fact| matches!(fact, Fact::Controller(ControllerFact::ReassignmentEnded { cancelled: false, .. }));
    assert_eq!(count(&lab, ended), 1);
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Admin(AdminFact::ReassignmentsStarted { .. }))), 1);
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Admin(AdminFact::AssignmentRefused { .. }))), 3);
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Broker(BrokerFact::ReplicaRemoved { .. }))), 1);
    lab.assert_promises_kept();
}

#[test]
fn a_reassignment_can_be_called_off_and_one_that_moves_the_leader_moves_it_at_the_end() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2
         wait 1s
         | Created topic orders.
         partition broker-1 broker-3
         kafka-reassign-partitions --execute --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[3,2]}]}'
         wait 2s
         | Current partition replica assignment
         |
         | {\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[1,2],\"log_dirs\":[\"any\",\"any\"]}]}
         |
         | Save this to use as the --reassignment-json-file option during rollback
         | Successfully started partition reassignment for orders-0
         kafka-reassign-partitions --cancel --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}'
         wait 1s
         | Successfully cancelled partition reassignment for: orders-0
         kafka-topics --describe --topic orders --unavailable-partitions
         repair broker-1 broker-3
         kafka-reassign-partitions --execute --reassignment-json-file '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[3,2]}]}'
         wait 5s
         | Current partition replica assignment
         |
         | {\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[2,1],\"log_dirs\":[\"any\",\"any\"]}]}
         |
         | Save this to use as the --reassignment-json-file option during rollback
         | Successfully started partition reassignment for orders-0
         expect leader(orders-0) == 3",
    );
    let cancelled =
        |fact: &Fact| matches!(fact, Fact::Controller(ControllerFact::ReassignmentEnded { cancelled: true, .. }));
    assert_eq!(count(&lab, cancelled), 1);
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Admin(AdminFact::ReassignmentsCancelled { .. }))), 1);
    // The leader that completed its own removal was told so.
    let refused = |fact: &Fact| {
        matches!(fact, Fact::Controller(ControllerFact::IsrRefused { error: ErrorCode::NewLeaderElected, .. }))
    };
    assert_eq!(count(&lab, refused), 1);
}

#[test]
fn eligible_leader_replicas_are_kept_shown_and_elected() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3 --config min.insync.replicas=2
         wait 1s
         | Created topic orders.
         stop broker-1
         wait 3s
         kafka-topics --describe --topic orders --under-replicated-partitions
         | Topic: orders  Partition: 0  Leader: 2  Replicas: 1,2,3  Isr: 2,3  Elr:   LastKnownElr:
         stop broker-2
         wait 3s
         kafka-topics --describe --topic orders --under-replicated-partitions
         | Topic: orders  Partition: 0  Leader: 3  Replicas: 1,2,3  Isr: 3  Elr: 2  LastKnownElr:
         kafka-configs --alter --entity-type topics --entity-name orders --add-config min.insync.replicas=1
         | Completed updating config for topic orders.
         wait 1s
         kafka-topics --describe --topic orders --under-replicated-partitions
         | Topic: orders  Partition: 0  Leader: 3  Replicas: 1,2,3  Isr: 3  Elr:   LastKnownElr:
         restart broker-1 broker-2
         wait 8s
         crash broker-3
         wait 15s
         kafka-topics --describe --topic orders --under-replicated-partitions
         | Topic: orders  Partition: 0  Leader: 1  Replicas: 1,2,3  Isr: 2,1  Elr:   LastKnownElr:",
    );
    lab.assert_promises_kept();
}

#[test]
fn the_last_replica_of_all_leads_again_but_must_recover() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1
         wait 1s
         | Created topic orders.
         crash broker-1
         wait 12s
         kafka-topics --describe --topic orders --unavailable-partitions
         | Topic: orders  Partition: 0  Leader: none  Replicas: 1  Isr:   Elr: 1  LastKnownElr: 1
         restart broker-1
         await leader(orders-0) == 1 within 5s",
    );
    let last_known = |fact: &Fact| {
        matches!(fact, Fact::Controller(ControllerFact::LeaderElected { why: ElectedBecause::LastKnown, .. }))
    };
    assert_eq!(count(&lab, last_known), 1);
    assert!(count(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::EligibleChanged { .. }))) >= 2);
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::FeatureFinalized { .. }))), 1);
    let id = lab.orders(0);
    assert_eq!(lab.world.image().partition(id).unwrap().recovery, LeaderRecoveryState::Recovering);
}

#[test]
fn allowed_later_an_unclean_election_happens_and_loses_what_only_the_dead_leader_had() {
    let mut lab = lab(&[("unclean.leader.election.interval.ms", "20000")]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3
         wait 1s
         | Created topic orders.
         crash broker-2 broker-3
         wait 12s
         kafka-console-producer --topic orders --producer-property client.id=checkout --every 10ms --records 50
         wait 3s
         power-loss broker-1
         wait 12s
         restart broker-2 broker-3
         wait 10s
         expect leader(orders-0) == none
         kafka-configs --alter --entity-type topics --entity-name orders --add-config unclean.leader.election.enable=true
         | Completed updating config for topic orders.
         await leader(orders-0) == 2 within 20s
         await isr(orders-0) == [2, 3] within 10s
         restart broker-1
         wait 40s",
    );
    let unclean = |fact: &Fact| {
        matches!(fact, Fact::Controller(ControllerFact::LeaderElected { why: ElectedBecause::Unclean, .. }))
    };
    assert_eq!(count(&lab, unclean), 1);
    // Broker 3's return made the leader propose; with that it declared itself recovered.
    assert_eq!(count(&lab, |fact| matches!(fact, Fact::Controller(ControllerFact::LeaderRecovered { .. }))), 1);
    assert_eq!((lab.acked("checkout"), lab.log_end(BrokerId(2), 0).0), (50, 0));
}

#[test]
fn a_consumer_reads_in_its_own_rack_and_goes_back_to_the_leader_when_that_replica_dies() {
    // Brokers 1, 2, 3 stand in racks a, b, c.
    let class = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
    let mut lab = lab(&[("replica.selector.class", class)]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3
         wait 1s
         | Created topic orders.
         kafka-console-producer --topic orders --producer-property client.id=checkout --every 20ms
         kafka-console-consumer --topic orders --group near --from-beginning --consumer-property client.id=near --consumer-property client.rack=b
         kafka-console-consumer --topic orders --group home --from-beginning --consumer-property client.id=home --consumer-property client.rack=a
         kafka-console-consumer --topic orders --group far --from-beginning --consumer-property client.id=far --consumer-property client.rack=z
         wait 10s",
    );
    let set = |fact: &Fact| matches!(fact, Fact::Consumer(ConsumerFact::ReadReplicaSet { replica: BrokerId(2), .. }));
    let any = |fact: &Fact| matches!(fact, Fact::Consumer(ConsumerFact::ReadReplicaSet { .. }));
    assert_eq!((count(&lab, set), count(&lab, any)), (1, 1), "only one consumer has a replica nearer than the leader");
    // A follower's high watermark is a fetch behind its leader's, and the consumer never sees more.
    let before = lab.processed("near");
    assert!(before > 100 && before <= lab.high_watermark(BrokerId(2), 0).0, "{before}");
    lab.crash(BrokerId(2));
    lab.secs(12);
    let cleared = |fact: &Fact| matches!(fact, Fact::Consumer(ConsumerFact::ReadReplicaCleared { .. }));
    assert!(count(&lab, cleared) >= 1);
    assert!(lab.processed("near") > before + 300, "it goes on at the leader");
    assert_eq!(
        count(&lab, |fact| matches!(fact, Fact::Consumer(ConsumerFact::PositionSet { .. }))),
        3,
        "nobody resets"
    );
    lab.assert_promises_kept();
}

#[test]
fn with_eligible_leader_replicas_a_single_brokers_minimum_cannot_be_changed() {
    let mut lab = lab(&[]);
    let alter = |broker: Option<u32>, delete: bool| Command::AlterBrokerConfig {
        broker: broker.map(BrokerId),
        configs: (!delete).then(|| ("min.insync.replicas".to_owned(), "2".to_owned())).into_iter().collect(),
        delete: if delete { vec!["min.insync.replicas".to_owned()] } else { Vec::new() },
    };
    // Kafka's own sentences (ConfigurationControlManager).
    let refused = |lab: &mut Lab, command: Command| lab.world.apply(&command).unwrap_err().0;
    assert_eq!(
        refused(&mut lab, alter(Some(1), false)),
        "Broker-level min.insync.replicas cannot be altered while ELR is enabled."
    );
    lab.act(alter(None, false));
    assert_eq!(
        refused(&mut lab, alter(None, true)),
        "Cluster-level min.insync.replicas cannot be removed while ELR is enabled."
    );
}

#[test]
fn a_consumer_notices_that_what_it_read_is_gone_and_goes_on_where_the_histories_part() {
    let mut lab = lab(&[]);
    lab.script(
        "kafka-topics --create --topic orders --replica-assignment 1:2:3 --config unclean.leader.election.enable=true
         wait 1s
         | Created topic orders.
         kafka-console-producer --topic orders --producer-property client.id=early --every 10ms --records 10
         kafka-console-consumer --topic orders --group billing --from-beginning --consumer-property client.id=billing-1
         wait 10s
         expect processed(billing) == 10
         crash broker-2 broker-3
         wait 12s
         kafka-console-producer --topic orders --producer-property client.id=late --every 10ms --records 20
         wait 3s
         expect processed(billing) == 30
         power-loss broker-1
         wait 12s
         restart broker-2 broker-3
         wait 60s",
    );
    let truncated = lab.trace.iter().find_map(|record| match &record.fact {
        Fact::Consumer(ConsumerFact::LogTruncated { from, to, .. }) => Some((from.0, to.map(|to| to.0))),
        _ => None,
    });
    // Broker 2 has the first ten only: KIP-320's truncation detection, not an OFFSET_OUT_OF_RANGE.
    assert_eq!(truncated, Some((30, Some(10))));
}
