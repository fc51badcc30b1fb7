//! What the form for a new cluster holds, and the setup that it comes to.

use crate::app::state::sandbox::template;
use crate::engine::Setup;
use crate::engine::common::{BrokerId, ServerId, Span};
use crate::engine::config::KafkaVersion;
use crate::engine::world::BrokerSpec;

/// As many as the stage has room for.
const MOST_BROKERS: u32 = 10;
const RACKS: [&str; 5] = ["a", "b", "c", "d", "e"];
/// `node.id` of the first controller; brokers are numbered from 1.
const FIRST_CONTROLLER: u32 = 101;

/// Who keeps the cluster's memory, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    KRaft(u32),
    ZooKeeper(u32),
}

impl Memory {
    fn of(setup: &Setup) -> Self {
        let count = |len: usize| u32::try_from(len).expect("a handful");
        match setup.zookeepers.len() {
            0 => Self::KRaft(count(setup.controllers.len())),
            servers => Self::ZooKeeper(count(servers)),
        }
    }

    pub fn count(self) -> u32 {
        match self {
            Self::KRaft(count) | Self::ZooKeeper(count) => count,
        }
    }

    pub fn is_zookeeper(self) -> bool {
        matches!(self, Self::ZooKeeper(_))
    }

    /// The sizes that the engine stands up: odd, so that a majority can be told.
    pub fn sizes(self) -> &'static [Self] {
        match self {
            Self::KRaft(_) => &[Self::KRaft(1), Self::KRaft(3), Self::KRaft(5)],
            Self::ZooKeeper(_) => &[Self::ZooKeeper(1), Self::ZooKeeper(3)],
        }
    }

    pub fn in_kraft(self) -> Self {
        Self::KRaft(self.count())
    }

    pub fn in_zookeeper(self) -> Self {
        Self::ZooKeeper(self.count().min(3))
    }

    fn is_of(self, version: KafkaVersion) -> bool {
        if self.is_zookeeper() { version.runs_on_zookeeper() } else { version.runs_on_kraft() }
    }

    fn write_to(self, setup: &mut Setup) {
        if Self::of(setup) == self {
            return;
        }
        setup.controllers.clear();
        setup.zookeepers.clear();
        match self {
            Self::KRaft(count) => {
                setup.controllers.extend((0..count).map(|index| BrokerId(FIRST_CONTROLLER + index)));
            }
            Self::ZooKeeper(count) => setup.zookeepers.extend((1..=count).map(ServerId)),
        }
    }
}

/// What the form says; numbers as typed, so that nothing typed is thrown away.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterForm {
    pub template: String,
    pub version: KafkaVersion,
    pub memory: Memory,
    pub brokers: String,
    pub racks: String,
    pub latency_ms: String,
    pub seed: String,
}

impl ClusterForm {
    /// As the template has it.
    pub fn of(id: &str) -> Self {
        let template = template(id);
        let setup = &template.setup;
        Self {
            template: template.id.clone(),
            version: setup.version,
            memory: Memory::of(setup),
            brokers: setup.brokers.len().to_string(),
            racks: racks_of(setup).to_string(),
            latency_ms: (setup.latency.0 / 1_000).to_string(),
            seed: setup.seed.to_string(),
        }
    }

    /// With this version, and with a memory that it knows.
    pub fn with_version(&self, version: KafkaVersion) -> Self {
        let memory = match self.memory {
            memory if memory.is_of(version) => memory,
            memory if memory.is_zookeeper() => memory.in_kraft(),
            memory => memory.in_zookeeper(),
        };
        Self { version, memory, ..self.clone() }
    }

    /// With this memory, and with the version nearest to the chosen one that knows it.
    pub fn with_memory(&self, memory: Memory) -> Self {
        let all = KafkaVersion::ALL;
        let here = all.iter().position(|version| *version == self.version).unwrap_or_default();
        let fit = (0..all.len()).filter(|index| memory.is_of(all[*index]));
        let version = fit.min_by_key(|index| index.abs_diff(here)).map_or(self.version, |index| all[index]);
        Self { version, memory, ..self.clone() }
    }

    /// The setup it comes to, or the message that says what is wrong with which field.
    pub fn setup(&self) -> Result<Setup, &'static str> {
        let mut setup = template(&self.template).setup.clone();
        let number = |typed: &str| typed.trim().parse::<u32>().ok();
        let brokers = number(&self.brokers).filter(|count| (1..=MOST_BROKERS).contains(count));
        let brokers = brokers.ok_or("ui-new-bad-brokers")?;
        let racks = number(&self.racks).filter(|count| *count as usize <= RACKS.len()).ok_or("ui-new-bad-racks")?;
        let latency: u64 =
            self.latency_ms.trim().parse().ok().filter(|ms| *ms <= 10_000).ok_or("ui-new-bad-latency")?;
        setup.seed = self.seed.trim().parse().map_err(|_| "ui-new-bad-seed")?;
        setup.latency = Span::millis(latency);
        setup.version = self.version;
        self.memory.write_to(&mut setup);
        place(&mut setup, brokers, racks);
        Ok(setup)
    }
}

/// How many racks the brokers stand in; 0 if they are told of none.
fn racks_of(setup: &Setup) -> usize {
    let mut racks: Vec<&str> = setup.brokers.iter().filter_map(|broker| broker.rack.as_deref()).collect();
    racks.sort_unstable();
    racks.dedup();
    racks.len()
}

/// So many brokers in so many racks, one rack after the other; all as it was if nothing else is asked for.
fn place(setup: &mut Setup, brokers: u32, racks: u32) {
    if (setup.brokers.len(), racks_of(setup)) == (brokers as usize, racks as usize) {
        return;
    }
    let rack = |id: u32| (racks > 0).then(|| RACKS[((id - 1) % racks) as usize].to_owned());
    setup.brokers = (1..=brokers).map(|id| BrokerSpec { id: BrokerId(id), rack: rack(id) }).collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sandbox::{session, templates};
    use crate::engine::config::KafkaVersion::{V2_8, V3_9, V4_3};

    #[test]
    fn the_form_of_a_template_comes_to_its_own_setup() {
        for one in templates() {
            assert_eq!(ClusterForm::of(&one.id).setup().as_ref(), Ok(&one.setup), "{}", one.id);
        }
    }

    #[test]
    fn brokers_stand_in_racks_by_turns_or_in_none() {
        let mut form = ClusterForm::of("orders");
        form.brokers = "5".to_owned();
        let five = form.setup().expect("five brokers are no problem").brokers;
        assert_eq!(five.iter().map(|broker| broker.id.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(five.iter().filter_map(|broker| broker.rack.as_deref()).collect::<String>(), "abcab");
        form.racks = "0".to_owned();
        assert!(form.setup().expect("no racks are no problem").brokers.iter().all(|broker| broker.rack.is_none()));
        form.brokers = "1".to_owned();
        assert_eq!(form.setup().expect("one broker is no problem").brokers.len(), 1);
    }

    #[test]
    fn version_and_memory_follow_each_other() {
        let form = ClusterForm::of("orders");
        assert_eq!((form.version, form.memory), (V4_3, Memory::KRaft(1)));
        let five = form.with_memory(Memory::KRaft(5));
        assert_eq!((five.version, five.setup().unwrap().controllers.len()), (V4_3, 5));
        // ZooKeeper ends with 3.9, and its ensembles here with three.
        let old = five.with_memory(five.memory.in_zookeeper());
        assert_eq!((old.version, old.memory), (V3_9, Memory::ZooKeeper(3)));
        let setup = old.setup().unwrap();
        assert_eq!((setup.controllers.len(), setup.zookeepers.len()), (0, 3));
        assert_eq!(form.with_version(V2_8).memory, Memory::ZooKeeper(1));
        assert_eq!(form.with_version(V3_9).memory, Memory::KRaft(1));
        assert_eq!(old.with_version(V4_3).memory, Memory::KRaft(3));
    }

    /// Whatever can be chosen stands up and lets records flow, on every version.
    #[test]
    fn every_choice_of_version_and_memory_stands() {
        for version in KafkaVersion::ALL {
            let chosen = ClusterForm::of("orders").with_version(version);
            for memory in chosen.memory.sizes() {
                let form = chosen.with_memory(*memory);
                assert_eq!(form.version, version);
                let setup = form.setup().unwrap();
                let session = session(template(&form.template), setup);
                let session = session.unwrap_or_else(|reason| panic!("{version}, {memory:?}: {reason}"));
                let world = session.world();
                let orders = world.image().topic_id("orders").expect("the topic is there");
                let written = world.brokers().flat_map(|(_, broker)| {
                    (0..3).filter_map(|index| {
                        broker
                            .log(crate::engine::common::TopicPartition::new(orders, index))
                            .map(|log| log.log_end_offset().0)
                    })
                });
                assert!(written.sum::<u64>() > 3, "{version}, {memory:?}");
            }
        }
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        let with = |change: fn(&mut ClusterForm)| {
            let mut form = ClusterForm::of("orders");
            change(&mut form);
            form.setup().err()
        };
        assert_eq!(with(|form| form.brokers = "11".into()), Some("ui-new-bad-brokers"));
        assert_eq!(with(|form| form.brokers = "many".into()), Some("ui-new-bad-brokers"));
        assert_eq!(with(|form| form.racks = "6".into()), Some("ui-new-bad-racks"));
        assert_eq!(with(|form| form.latency_ms = "-1".into()), Some("ui-new-bad-latency"));
        assert_eq!(with(|form| form.seed = "x".into()), Some("ui-new-bad-seed"));
    }
}
