//! One grammar for everything that can be done or asked: Kafka's own tools with their own flags, and a verb for each
//! fault.
//!
//! A lesson, a script, a click and a line typed by hand are all the same: a line that parses to commands, to a
//! question, or to an instruction to the clock. Every [`Command`] prints as a line that parses back to itself, so a
//! run can be saved, shared and edited as text. Flags that no Kafka tool has are ours and are listed as ours in
//! [`help`].

mod answer;
mod assignment;
mod configs;
mod dump_log;
mod help;
mod log_dirs;
mod log_tools;
mod offset_checker;
mod print;
pub mod query;
mod quorum;
mod script;
mod tools;
mod verbs;
mod views;
mod words;
mod zookeeper_shell;

use crate::engine::command::{Command, OffsetTarget, ReplicaSpec};
use crate::engine::common::{BrokerId, Span};
use crate::engine::protocol::OffsetSpec;

pub use answer::{answer, reply};
pub use help::{ToolHelp, help};
pub use print::print;
pub use query::{Condition, Expression, Memory, QueryProblem, Scope, Value};
pub use script::{ScriptLine, ScriptProblem, read_script};
pub use words::{ConsoleProblem, span};
pub use zookeeper_shell::Look;

/// What a line means.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Do this, now, in this order.
    Act(Vec<Command>),
    /// Look, and change nothing.
    Ask(Question),
    /// Let the clock run so long.
    Wait(Span),
    /// Let the clock run until this holds; it must within so long.
    Await { condition: Condition, within: Span },
    /// This must hold now.
    Expect(Condition),
    /// An empty line or a comment.
    Nothing,
}

/// What can be asked of the cluster without changing it.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// `kafka-topics --list`
    ListTopics,
    /// `kafka-topics --describe`
    DescribeTopics { topic: Option<String>, only: Option<DescribeFilter> },
    /// `kafka-configs --describe`; with `all`, the defaults and the file's values as well.
    DescribeConfigs { entity: ConfigEntity, all: bool },
    /// `kafka-consumer-groups --list`
    ListGroups { with_state: bool },
    /// `kafka-consumer-groups --describe`; no names: all groups.
    DescribeGroups { groups: Vec<String>, view: GroupView },
    /// `kafka-consumer-groups --reset-offsets` without `--execute`: what it would do.
    ResetPlan { group: String, topic: String, to: OffsetTarget },
    /// `kafka-get-offsets`
    GetOffsets { topic: Option<String>, partitions: Vec<u32>, time: OffsetSpec },
    /// `kafka-dump-log`; on which broker's disk is ours to say.
    DumpLog { files: Vec<String>, records: DumpRecords, broker: Option<BrokerId> },
    /// `kafka-log-dirs --describe`; no names: all brokers, all topics.
    DescribeLogDirs { brokers: Vec<BrokerId>, topics: Vec<String> },
    /// `kafka-metadata-quorum describe --status`
    DescribeQuorum,
    /// `kafka-metadata-quorum describe --replication`
    DescribeQuorumReplication { human_readable: bool },
    /// `kafka-reassign-partitions --generate`
    GenerateReassignment { topics: Vec<String>, brokers: Vec<BrokerId>, is_rack_aware: bool },
    /// `kafka-reassign-partitions --verify`
    VerifyReassignment { partitions: Vec<ReplicaSpec>, preserves_throttles: bool },
    /// `kafka-reassign-partitions --list`
    ListReassignments,
    /// `kafka-run-class kafka.tools.ConsumerOffsetChecker`; no topics: those the group owns.
    CheckOffsets { group: String, topics: Vec<String> },
    /// `zookeeper-shell ls|get|stat`
    Znode { look: Look, path: String },
    /// `show EXPRESSION` (ours).
    Show(Expression),
    /// `help [TOOL]` (ours).
    Help { tool: Option<String> },
}

/// Whose configuration `kafka-configs` speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigEntity {
    AllTopics,
    Topic(String),
    AllBrokers,
    Broker(BrokerId),
    /// `--entity-default`
    BrokerDefaults,
}

/// Filter flags of `kafka-topics --describe`; with one, headings are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescribeFilter {
    UnderReplicated,
    Unavailable,
    UnderMinIsr,
    AtMinIsr,
}

/// What `kafka-consumer-groups --describe` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupView {
    #[default]
    Offsets,
    Members,
    State,
}

/// How much `kafka-dump-log` prints of a batch's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DumpRecords {
    #[default]
    None,
    /// `--deep-iteration`
    Metadata,
    /// `--print-data-log`
    Contents,
}

/// How long `await` waits unless told.
pub const DEFAULT_WITHIN: Span = Span::secs(60);

/// Reads one line.
///
/// # Errors
/// A sentence that says what is not understood and how to mend it.
pub fn parse(line: &str) -> Result<Entry, ConsoleProblem> {
    let trimmed = line.trim_start();
    // Expressions have quotes and brackets of their own, so the shell's rules end before them.
    let (first, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
    match first {
        "expect" => return query::condition(rest).map(Entry::Expect).map_err(|p| p.in_line(line, rest)),
        "await" => return verbs::parse_await(line, rest),
        "show" => {
            let expression = query::expression(rest).map_err(|p| p.in_line(line, rest))?;
            return Ok(Entry::Ask(Question::Show(expression)));
        }
        _ => {}
    }
    let mut words = words::split(line)?;
    if words.is_empty() {
        return Ok(Entry::Nothing);
    }
    let tool = words.remove(0);
    let name = tool.strip_prefix("bin/").unwrap_or(&tool);
    let name = name.strip_suffix(".sh").unwrap_or(name);
    if let Some(entry) = tools::parse(name, &mut words).or_else(|| verbs::parse(name, &mut words)) {
        return entry;
    }
    let known = help::names();
    let mend = match words::nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => "type help to see what there is".to_owned(),
    };
    Err(ConsoleProblem::new(format!("there is no tool called '{name}'"), mend))
}

#[cfg(test)]
mod tests;
