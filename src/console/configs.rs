//! `kafka-configs`: what can be changed while brokers run, and where a value in effect comes from.
//!
//! Sentences and columns are those of `ConfigCommand`; the list of synonyms is that of `ConfigHelper`, the winner first.

use super::answer::{bootstrap, by_name, metadata, timed_out, topic_config};
use super::words::{ConsoleProblem, Flag, Line, Takes, number};
use super::{ConfigEntity, Entry, Question};
use crate::engine::World;
use crate::engine::command::{Command, Properties};
use crate::engine::common::BrokerId;
use crate::engine::config::{BrokerConfig, TopicConfig, broker_synonyms, server_synonym};
use crate::engine::controller::ControllerFact;
use crate::engine::metadata::TopicImage;
use crate::engine::server::Broker;

use Takes::{Nothing, Value, Values};

pub(super) const FLAGS: &[Flag] = &[
    ("alter", Nothing),
    ("describe", Nothing),
    ("all", Nothing),
    ("entity-type", Value),
    ("entity-name", Value),
    ("entity-default", Nothing),
    ("topic", Value),
    ("broker", Value),
    ("broker-defaults", Nothing),
    ("add-config", Values),
    ("delete-config", Values),
];

pub(super) fn parse(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let entity = entity(&mut line)?;
    let entry = match (line.has("alter"), line.has("describe")) {
        (true, false) => alter(&mut line, entity)?,
        (false, true) => Entry::Ask(Question::DescribeConfigs { entity, all: line.has("all") }),
        // Kafka's own sentence.
        _ => {
            let what = "Command must include exactly one action: --describe, --alter";
            return Err(ConsoleProblem::new(what, "keep the one you mean"));
        }
    };
    line.end()?;
    Ok(entry)
}

fn entity(line: &mut Line) -> Result<ConfigEntity, ConsoleProblem> {
    if let Some(topic) = line.value("topic") {
        return Ok(ConfigEntity::Topic(topic));
    }
    if let Some(broker) = line.value("broker") {
        return Ok(ConfigEntity::Broker(BrokerId(number(&broker, "--broker")?)));
    }
    if line.has("broker-defaults") {
        return Ok(ConfigEntity::BrokerDefaults);
    }
    let (kind, name, default) = (line.required("entity-type")?, line.value("entity-name"), line.has("entity-default"));
    match (kind.as_str(), name, default) {
        ("topics", Some(topic), false) => Ok(ConfigEntity::Topic(topic)),
        ("topics", None, false) => Ok(ConfigEntity::AllTopics),
        ("brokers", None, true) => Ok(ConfigEntity::BrokerDefaults),
        ("brokers", Some(id), false) => Ok(ConfigEntity::Broker(BrokerId(number(&id, "--entity-name")?))),
        ("brokers", None, false) => Ok(ConfigEntity::AllBrokers),
        ("topics" | "brokers", ..) => Err(ConsoleProblem::new(
            "--entity-default stands for the default of all brokers, and alone",
            "give either --entity-name or --entity-default",
        )),
        _ => {
            let what = format!("--entity-type {kind} has no configuration here");
            Err(ConsoleProblem::new(what, "write brokers or topics"))
        }
    }
}

fn alter(line: &mut Line, entity: ConfigEntity) -> Result<Entry, ConsoleProblem> {
    let mut configs = Properties::new();
    for list in line.values("add-config") {
        for pair in pairs(&list) {
            let Some((key, value)) = pair.split_once('=') else {
                let what = format!("--add-config {pair} is no pair of key and value");
                return Err(ConsoleProblem::new(what, format!("write --add-config {pair}=…")));
            };
            let bare = value.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')).unwrap_or(value);
            configs.insert(key.to_owned(), bare.to_owned());
        }
    }
    let lists = line.values("delete-config");
    let delete: Vec<String> = lists.iter().flat_map(|list| list.split(',')).map(|key| key.trim().to_owned()).collect();
    if configs.is_empty() && delete.is_empty() {
        // Kafka's own sentence.
        let what = "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter";
        return Err(ConsoleProblem::new(what, "add --add-config KEY=VALUE"));
    }
    let command = match entity {
        ConfigEntity::Broker(broker) => Command::AlterBrokerConfig { broker: Some(broker), configs, delete },
        ConfigEntity::BrokerDefaults => Command::AlterBrokerConfig { broker: None, configs, delete },
        ConfigEntity::Topic(topic) => Command::AlterTopicConfig { topic, configs, delete },
        ConfigEntity::AllTopics | ConfigEntity::AllBrokers => {
            let what = "an entity name must be specified with --alter";
            return Err(ConsoleProblem::new(what, "add --entity-name NAME, or --entity-default for all brokers"));
        }
    };
    Ok(Entry::Act(vec![command]))
}

/// `a=1,b=[2,3]` at its commas, those within brackets excepted, as the tool does.
fn pairs(list: &str) -> Vec<&str> {
    let mut pairs = Vec::new();
    let (mut begin, mut depth) = (0, 0_u32);
    for (at, c) in list.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                pairs.push(&list[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pairs.push(&list[begin..]);
    pairs
}

/// What the tool prints when the controller has taken the change in.
pub(super) fn reply(fact: &ControllerFact, world: &World) -> Option<String> {
    match fact {
        ControllerFact::TopicReconfigured { topic, .. } => {
            let name = &world.image().topic(*topic)?.name;
            Some(format!("Completed updating config for topic {name}."))
        }
        ControllerFact::BrokersReconfigured { broker: Some(broker), .. } => {
            Some(format!("Completed updating config for broker {broker}."))
        }
        ControllerFact::BrokersReconfigured { broker: None, .. } => {
            Some("Completed updating default config for brokers in the cluster.".to_owned())
        }
        _ => None,
    }
}

pub(super) fn describe(world: &World, entity: &ConfigEntity, all: bool) -> String {
    let (Some(image), Some(broker)) = (metadata(world), bootstrap(world).and_then(|id| world.broker(id))) else {
        return timed_out("describeConfigs");
    };
    let topics = by_name(image).into_iter().map(|(_, topic)| topic);
    match entity {
        ConfigEntity::AllTopics => topics.map(|topic| describe_topic(world, broker, topic, all)).collect(),
        ConfigEntity::Topic(name) => match topics.into_iter().find(|topic| *topic.name == **name) {
            Some(topic) => describe_topic(world, broker, topic, all),
            None => format!("The topic '{name}' doesn't exist and doesn't have dynamic config."),
        },
        ConfigEntity::AllBrokers => {
            let brokers = world.brokers().map(|(_, broker)| describe_broker(broker, all));
            brokers.chain([describe_defaults(broker)]).collect()
        }
        ConfigEntity::Broker(id) => match world.broker(*id) {
            Some(broker) => describe_broker(broker, all),
            None => format!("The broker '{id}' doesn't exist and doesn't have dynamic config."),
        },
        ConfigEntity::BrokerDefaults => describe_defaults(broker),
    }
}

fn describe_topic(world: &World, broker: &Broker, topic: &TopicImage, all: bool) -> String {
    let config = topic_config(world, topic);
    let mut text = format!("{} configs for topic {} are:\n", if all { "All" } else { "Dynamic" }, topic.name);
    for name in sorted(TopicConfig::KEYS.iter().map(|key| key.name)) {
        let own = topic.overrides.get(name);
        if !all && own.is_none() {
            continue;
        }
        let own = own.map(|value| format!("DYNAMIC_TOPIC_CONFIG:{name}={value}"));
        let inherited = server_synonym(name).map(|server| synonyms(broker, server)).unwrap_or_default();
        text += &entry(name, config.get(name), own.into_iter().chain(inherited));
    }
    text
}

fn describe_broker(broker: &Broker, all: bool) -> String {
    let mut text = format!("{} configs for broker {} are:\n", if all { "All" } else { "Dynamic" }, broker.id());
    for name in sorted(BrokerConfig::KEYS.iter().map(|key| key.name)) {
        let is_own = broker.image().broker_override(Some(broker.id()), name).is_some();
        if all || is_own {
            text += &entry(name, broker.config().get(name), synonyms(broker, name));
        }
    }
    text
}

fn describe_defaults(broker: &Broker) -> String {
    let mut text = "Default configs for brokers in the cluster are:\n".to_owned();
    for (key, value) in broker.image().broker_overrides(None) {
        let source = format!("DYNAMIC_DEFAULT_BROKER_CONFIG:{key}={value}");
        text += &entry(key, Some(value.to_string()), [source]);
    }
    text
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names
}

fn entry(name: &str, value: Option<String>, synonyms: impl IntoIterator<Item = String>) -> String {
    let synonyms: Vec<String> = synonyms.into_iter().collect();
    format!("  {name}={} sensitive=false synonyms={{{}}}\n", value.as_deref().unwrap_or("null"), synonyms.join(", "))
}

/// Every place that has a say in a broker's value, the one that decides first.
fn synonyms(broker: &Broker, key: &str) -> Vec<String> {
    let (image, file) = (broker.image(), broker.started_config());
    let names = broker_synonyms(key);
    let mut found = Vec::new();
    let mut add = |source: &str, value: &dyn Fn(&str) -> Option<String>| {
        found.extend(names.iter().filter_map(|name| Some(format!("{source}:{name}={}", value(name)?))));
    };
    add("DYNAMIC_BROKER_CONFIG", &|name| image.broker_override(Some(broker.id()), name).map(str::to_owned));
    add("DYNAMIC_DEFAULT_BROKER_CONFIG", &|name| image.broker_override(None, name).map(str::to_owned));
    add("STATIC_BROKER_CONFIG", &|name| file.get(name).filter(|_| file.explicit.contains(name)));
    add("DEFAULT_CONFIG", &|name| BrokerConfig::key(name)?.at(file.version).default.map(str::to_owned));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{answer, query, reply as tool_reply};
    use crate::engine::Setup;
    use crate::engine::common::{Span, Time};

    fn world() -> World {
        let properties = [("log.retention.hours".to_owned(), "48".to_owned())].into();
        // With eligible leader replicas a single broker's min.insync.replicas could not be set.
        let features = [("eligible.leader.replicas.version".to_owned(), 0)].into();
        let mut world = World::new(Setup { properties, features, ..Setup::default() }).expect("a sound setup");
        world.run_until(Time::ZERO + Span::secs(3));
        type_in(&mut world, "kafka-topics --create --topic orders --replication-factor 3");
        world.take_trace();
        world
    }

    /// Types a line, lets a second pass, and gives what the tool printed.
    fn type_in(world: &mut World, line: &str) -> String {
        let entry = crate::console::parse(line).unwrap_or_else(|problem| panic!("{line}: {problem}"));
        match entry {
            Entry::Ask(question) => {
                answer(&question, query::Scope { world, past: &[], memory: &query::Memory::default() })
            }
            Entry::Act(commands) => {
                let mut text = Vec::new();
                for command in commands {
                    if let Err(refusal) = world.apply(&command) {
                        return refusal.to_string();
                    }
                }
                world.run_until(world.now() + Span::secs(1));
                for record in world.take_trace() {
                    text.extend(tool_reply(&record, world));
                }
                text.join("\n")
            }
            _ => unreachable!("tools act or answer"),
        }
    }

    /// Formats: fact sheet §11.9 and `ConfigCommand` of 4.3.
    #[test]
    fn a_topic_shows_where_its_value_comes_from() {
        let mut world = world();
        let told = type_in(
            &mut world,
            "kafka-configs --alter --entity-type topics --entity-name orders --add-config retention.ms=1000",
        );
        assert_eq!(told, "Completed updating config for topic orders.");
        let describe = "kafka-configs --describe --topic orders";
        assert_eq!(
            type_in(&mut world, describe),
            "Dynamic configs for topic orders are:\n  retention.ms=1000 sensitive=false \
             synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=1000, STATIC_BROKER_CONFIG:log.retention.hours=48, \
             DEFAULT_CONFIG:log.retention.hours=168}"
        );
        let told = type_in(&mut world, "kafka-configs --alter --topic orders --delete-config retention.ms");
        assert_eq!(told, "Completed updating config for topic orders.");
        assert_eq!(type_in(&mut world, describe), "Dynamic configs for topic orders are:");
        let all = type_in(&mut world, "kafka-configs --describe --topic orders --all");
        let retention = "\n  retention.ms=172800000 sensitive=false \
                         synonyms={STATIC_BROKER_CONFIG:log.retention.hours=48, DEFAULT_CONFIG:log.retention.hours=168}\n";
        assert!(all.starts_with("All configs for topic orders are:\n") && all.contains(retention), "{all}");
        assert_eq!(
            type_in(&mut world, "kafka-configs --describe --topic nowhere"),
            "The topic 'nowhere' doesn't exist and doesn't have dynamic config."
        );
    }

    #[test]
    fn brokers_change_at_run_time_alone_or_together() {
        let mut world = world();
        let told = type_in(&mut world, "kafka-configs --alter --broker-defaults --add-config min.insync.replicas=2");
        assert_eq!(told, "Completed updating default config for brokers in the cluster.");
        let told = type_in(
            &mut world,
            "kafka-configs --alter --entity-type brokers --entity-name 1 --add-config min.insync.replicas=3",
        );
        assert_eq!(told, "Completed updating config for broker 1.");
        let in_effect = |world: &World| -> Vec<u32> {
            world.brokers().map(|(_, broker)| broker.config().min_insync_replicas).collect()
        };
        assert_eq!(in_effect(&world), [3, 2, 2]);
        assert_eq!(
            type_in(&mut world, "kafka-configs --describe --entity-type brokers --entity-name 1"),
            "Dynamic configs for broker 1 are:\n  min.insync.replicas=3 sensitive=false \
             synonyms={DYNAMIC_BROKER_CONFIG:min.insync.replicas=3, \
             DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=2, DEFAULT_CONFIG:min.insync.replicas=1}"
        );
        assert_eq!(
            type_in(&mut world, "kafka-configs --describe --entity-type brokers --entity-default"),
            "Default configs for brokers in the cluster are:\n  min.insync.replicas=2 sensitive=false \
             synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=2}"
        );
        type_in(&mut world, "kafka-configs --alter --broker 1 --delete-config min.insync.replicas");
        assert_eq!(in_effect(&world), [2, 2, 2]);
        let refused = type_in(&mut world, "kafka-configs --alter --broker 1 --add-config num.partitions=6");
        assert!(refused.starts_with("Cannot update these configs dynamically: [num.partitions]."), "{refused}");
    }

    #[test]
    fn a_rewritten_file_is_read_by_the_next_start_alone() {
        let mut world = world();
        type_in(&mut world, "server-properties broker-2 replica.lag.time.max.ms=15000 log.retention.hours=1");
        let broker = |world: &World| world.broker(BrokerId(2)).expect("it is there").clone();
        let pending: Vec<&str> = broker(&world).pending_restart().into_iter().map(|(key, ..)| key).collect();
        assert_eq!(pending, ["replica.lag.time.max.ms", "log.retention.hours"]);
        assert_eq!(broker(&world).config().replica_lag_time_max, Span::secs(30));
        type_in(&mut world, "bounce broker-2");
        assert_eq!(broker(&world).config().replica_lag_time_max, Span::secs(15));
        assert!(broker(&world).pending_restart().is_empty());
    }
}
