//! One thing changed, and the rest of a run done again: what two runs are compared by.

use super::history::Session;
use crate::engine::{Command, Refusal, Setup};

/// The one thing in which a second run differs from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knob {
    /// Another cluster: another seed, another Kafka, another `server.properties`.
    Cluster(Box<Setup>),
    /// A program that was started with another value for one key of its configuration.
    Program { name: String, key: String, value: String },
}

/// A run with the knob turned.
#[derive(Debug)]
pub struct Turned {
    pub session: Session,
    /// What was done by hand and would not be accepted by this cluster, with the reasons.
    pub refused: Vec<(Command, Refusal)>,
}

impl Session {
    /// The same commands at the same times with one thing changed; the clock stands where this one's does. Played as far
    /// as this run has been.
    ///
    /// # Errors
    /// If the cluster cannot stand with it, or the program cannot start, or there is no such program.
    pub fn with_turned(&self, knob: &Knob) -> Result<Turned, Refusal> {
        let setup = match knob {
            Knob::Cluster(setup) => Setup::clone(setup),
            Knob::Program { .. } => self.setup().clone(),
        };
        let mut session = Self::new(setup)?;
        let (mut refused, mut found) = (Vec::new(), matches!(knob, Knob::Cluster(_)));
        for input in &self.branch().inputs {
            // What was done at one moment is done at one moment: nothing happens in between.
            if session.now() < input.at {
                session.advance_to(input.at, u64::MAX);
            }
            let mut command = input.command.clone();
            let is_it = turn(&mut command, knob);
            found |= is_it;
            let done = if input.led { session.lead(command.clone()) } else { session.act(command.clone()) };
            match done {
                Err(refusal) if is_it => return Err(refusal),
                Err(refusal) => refused.push((command, refusal)),
                Ok(_) => {}
            }
        }
        if !found {
            return Err(Refusal("no program of this name was started in this run".to_owned()));
        }
        session.advance_to(self.furthest(), u64::MAX);
        session.seek(self.now());
        Ok(Turned { session, refused })
    }

    /// The programs that this run started, with the configuration that each was given: what [`Knob::Program`] can turn.
    pub fn programs(&self) -> impl Iterator<Item = (&str, Vec<(&str, &str)>)> {
        self.branch().inputs.iter().filter_map(|input| match &input.command {
            Command::AddProducer { name, configs, .. } | Command::AddConsumer { name, configs, .. } => {
                Some((&**name, configs.iter().map(|(key, value)| (&**key, &**value)).collect()))
            }
            _ => None,
        })
    }
}

/// Writes the other value into the command, if it is the one that starts the program.
fn turn(command: &mut Command, knob: &Knob) -> bool {
    let Knob::Program { name: wanted, key, value } = knob else { return false };
    match command {
        Command::AddProducer { name, configs, .. } | Command::AddConsumer { name, configs, .. } if name == wanted => {
            configs.insert(key.clone(), value.clone());
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Time;
    use crate::engine::command::Target;
    use crate::engine::common::{BrokerId, ServerId};
    use crate::engine::config::KafkaVersion;
    use crate::engine::runtime::Crash;
    use crate::scenario::Template;

    fn standing() -> Session {
        let template = Template::builtin().into_iter().find(|one| one.id == "orders").expect("it comes with the page");
        let moves = template.moves(&template.setup).expect("its own lines");
        let mut session = Session::stand(template.setup, moves).expect("a template stands");
        session.advance_to(Time(6_000_000), u64::MAX);
        session
    }

    fn program(name: &str, key: &str, value: &str) -> Knob {
        Knob::Program { name: name.into(), key: key.into(), value: value.into() }
    }

    #[test]
    fn a_knob_that_is_not_turned_gives_the_same_run() {
        let session = standing();
        let again = session.with_turned(&Knob::Cluster(Box::new(session.setup().clone()))).expect("as before");
        assert!(again.refused.is_empty());
        assert_eq!(again.session.world().fingerprint(), session.world().fingerprint());
    }

    #[test]
    fn another_seed_gives_another_run_of_the_same_commands() {
        let session = standing();
        let setup = Setup { seed: session.setup().seed + 1, ..session.setup().clone() };
        let other = session.with_turned(&Knob::Cluster(Box::new(setup))).expect("any seed stands");
        assert_ne!(other.session.world().fingerprint(), session.world().fingerprint());
        assert_eq!((other.session.now(), other.session.furthest()), (session.now(), session.furthest()));
        let commands =
            |session: &Session| session.branch().inputs.iter().map(|one| one.command.clone()).collect::<Vec<_>>();
        assert_eq!(commands(&other.session), commands(&session));
    }

    #[test]
    fn a_program_starts_with_the_other_value_or_the_reason_is_told() {
        let session = standing();
        let (name, _) = session.programs().next().expect("a template starts programs");
        let turned = session.with_turned(&program(name, "linger.ms", "500")).expect("a sound value");
        let given = turned.session.programs().next().expect("the same program").1;
        assert!(given.contains(&("linger.ms", "500")), "{given:?}");
        let refusal = session.with_turned(&program(name, "linger.ms", "soon")).expect_err("not a number");
        assert!(refusal.0.contains("linger.ms"), "{refusal}");
        assert!(session.with_turned(&program("nobody", "linger.ms", "5")).is_err());
    }

    #[test]
    fn what_the_other_cluster_does_not_accept_is_told_and_the_rest_is_done() {
        let mut session = standing();
        let crash = Command::Crash { node: Target::Controller(BrokerId(101)), how: Crash::Process };
        session.act(crash).expect("the controller is up");
        let mut setup = Setup { version: KafkaVersion::V3_9, ..session.setup().clone() };
        setup.controllers.clear();
        setup.zookeepers = vec![ServerId(1)];
        let turned = session.with_turned(&Knob::Cluster(Box::new(setup))).expect("ZooKeeper stands");
        assert_eq!(turned.refused.len(), 1, "{:?}", turned.refused);
        assert_eq!(turned.session.branch().inputs.len() + 1, session.branch().inputs.len());
    }
}
