//! What the reader writes down as the one thing in which another run is to differ, and what it comes to.

use crate::engine::Setup;
use crate::engine::common::{BrokerId, ServerId};
use crate::engine::config::KafkaVersion;
use crate::session::{Knob, Session};

/// In what the other run differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    #[default]
    Seed,
    /// Which Kafka runs, and who keeps its memory.
    Kafka,
    /// A line of every broker's `server.properties`.
    Properties,
    /// A line of the configuration that this program was started with.
    Program(String),
}

/// A knob turned, and what both runs are called by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Turning {
    pub knob: Knob,
    /// None: as it is, where nothing was set.
    pub left: Option<String>,
    pub right: String,
}

/// A Kafka with its memory, as one choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub version: KafkaVersion,
    pub on_zookeeper: bool,
}

impl Kind {
    #[must_use]
    pub fn of(setup: &Setup) -> Self {
        Self { version: setup.version, on_zookeeper: !setup.zookeepers.is_empty() }
    }

    /// Every one there is, the newest first.
    pub fn all() -> impl Iterator<Item = Self> {
        KafkaVersion::ALL.iter().rev().flat_map(|&version| {
            let memories = [version.runs_on_kraft().then_some(false), version.runs_on_zookeeper().then_some(true)];
            memories.into_iter().flatten().map(move |on_zookeeper| Self { version, on_zookeeper })
        })
    }

    /// `Kafka 3.9, ZooKeeper`.
    #[must_use]
    pub fn name(self) -> String {
        format!("Kafka {}, {}", self.version, if self.on_zookeeper { "ZooKeeper" } else { "KRaft" })
    }

    /// The same cluster on this Kafka. An ensemble is as large as the quorum was, a quorum as large as the ensemble.
    fn write_to(self, setup: &mut Setup) {
        setup.version = self.version;
        let count = u32::try_from(setup.controllers.len().max(setup.zookeepers.len())).unwrap_or(1);
        match (self.on_zookeeper, setup.zookeepers.is_empty()) {
            (true, true) => {
                setup.controllers.clear();
                setup.zookeepers = (1..=count.min(3)).map(ServerId).collect();
            }
            (false, false) => {
                setup.zookeepers.clear();
                setup.controllers = (0..count).map(|index| BrokerId(101 + index)).collect();
            }
            _ => {}
        }
    }
}

impl Turn {
    /// What stands in the field to begin with.
    #[must_use]
    pub fn suggested(&self, session: &Session) -> String {
        let setup = session.setup();
        match self {
            Self::Seed => (setup.seed + 1).to_string(),
            Self::Kafka => {
                let other = |kind: &Kind| kind.on_zookeeper == setup.zookeepers.is_empty();
                Kind::all().find(other).map(Kind::name).unwrap_or_default()
            }
            Self::Properties => "min.insync.replicas=1".to_owned(),
            Self::Program(name) => {
                let given = session.programs().find(|(known, _)| known == name).map(|(_, configs)| configs);
                let acks = given.iter().flatten().find(|(key, _)| *key == "acks").map(|(_, value)| *value);
                match acks {
                    Some("all" | "-1") => "acks=1".to_owned(),
                    Some(_) => "acks=all".to_owned(),
                    None => "linger.ms=100".to_owned(),
                }
            }
        }
    }

    /// What was written comes to, or the message that says what is wrong with it.
    ///
    /// # Errors
    /// The key of the message.
    pub fn read(&self, written: &str, session: &Session) -> Result<Turning, &'static str> {
        let mut setup = session.setup().clone();
        let line = || {
            let (key, value) = written.split_once('=').ok_or("ui-knob-bad-line")?;
            let (key, value) = (key.trim(), value.trim());
            if key.is_empty() { Err("ui-knob-bad-line") } else { Ok((key.to_owned(), value.to_owned())) }
        };
        let (left, right) = match self {
            Self::Seed => {
                let was = setup.seed;
                setup.seed = written.trim().parse().map_err(|_| "ui-new-bad-seed")?;
                (Some(format!("seed {was:x}")), format!("seed {:x}", setup.seed))
            }
            Self::Kafka => {
                let was = Kind::of(&setup);
                let kind = Kind::all().find(|kind| kind.name() == written.trim()).ok_or("ui-knob-bad-kafka")?;
                kind.write_to(&mut setup);
                (Some(was.name()), kind.name())
            }
            Self::Properties => {
                let (key, value) = line()?;
                let right = format!("{key}={value}");
                let was = setup.properties.insert(key.clone(), value);
                (was.map(|was| format!("{key}={was}")), right)
            }
            Self::Program(name) => {
                let (key, value) = line()?;
                let (_, given) = session.programs().find(|(known, _)| known == name).ok_or("ui-knob-bad-line")?;
                let was = given.iter().find(|(known, _)| *known == key).map(|(_, was)| format!("{name}: {key}={was}"));
                let right = format!("{name}: {key}={value}");
                let knob = Knob::Program { name: name.clone(), key, value };
                return same(was.as_deref(), &right).map_or(Ok(Turning { knob, left: was, right }), Err);
            }
        };
        same(left.as_deref(), &right).map_or(Ok(Turning { knob: Knob::Cluster(Box::new(setup)), left, right }), Err)
    }
}

/// A knob that stands where it stood makes no other run.
fn same(left: Option<&str>, right: &str) -> Option<&'static str> {
    (left == Some(right)).then_some("ui-knob-same")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::state::sandbox;

    fn standing() -> Session {
        let template = sandbox::template("orders");
        sandbox::session(template, template.setup.clone()).expect("a template stands")
    }

    #[test]
    fn what_is_suggested_is_another_run() {
        let session = standing();
        let program = session.programs().next().expect("a template starts programs").0.to_owned();
        for turn in [Turn::Seed, Turn::Kafka, Turn::Properties, Turn::Program(program)] {
            let turning =
                turn.read(&turn.suggested(&session), &session).unwrap_or_else(|key| panic!("{turn:?}: {key}"));
            assert_ne!(turning.left.as_deref(), Some(&*turning.right));
            session.with_turned(&turning.knob).unwrap_or_else(|refusal| panic!("{turn:?}: {refusal}"));
        }
    }

    #[test]
    fn what_is_no_knob_says_why() {
        let session = standing();
        assert_eq!(Turn::Seed.read("soon", &session), Err("ui-new-bad-seed"));
        assert_eq!(Turn::Seed.read(&session.setup().seed.to_string(), &session), Err("ui-knob-same"));
        assert_eq!(Turn::Kafka.read("Kafka 9", &session), Err("ui-knob-bad-kafka"));
        assert_eq!(Turn::Properties.read("min.insync.replicas", &session), Err("ui-knob-bad-line"));
    }
}
