//! The tools that look at logs from outside: `kafka-delete-records`, `kafka-get-offsets`, `kafka-dump-log`.

use serde::{Deserialize, Serialize};

use super::words::{ConsoleProblem, Flag, Line, Takes, number};
use super::{DumpRecords, Entry, Question, views};
use crate::engine::World;
use crate::engine::command::{Command, RecordsBefore};
use crate::engine::common::{BrokerId, ErrorCode, Offset, PartitionId, TopicPartition};
use crate::engine::protocol::{OffsetSpec, TopicName};
use crate::engine::record::time_of_wire_timestamp;

use Takes::{Nothing, Value};

pub(super) const DELETE: &[Flag] = &[("offset-json-file", Value)];

pub(super) const OFFSETS: &[Flag] = &[("topic", Value), ("partitions", Value), ("time", Value)];

pub(super) const DUMP: &[Flag] =
    &[("files", Value), ("print-data-log", Nothing), ("deep-iteration", Nothing), ("broker", Value)];

// ---- kafka-delete-records ------------------------------------------------------------------------------------------

/// What the tool reads from its file. There are no files here, so the line itself holds the text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OffsetJson {
    partitions: Vec<RecordsBefore>,
    #[serde(default = "first_version")]
    version: u32,
}

fn first_version() -> u32 {
    1
}

pub(super) fn delete_records(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let text = line.required("offset-json-file")?;
    line.end()?;
    let mend = "write the text of the file itself: \
                '{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":3}],\"version\":1}'";
    let json: OffsetJson = serde_json::from_str(&text).map_err(|error| {
        ConsoleProblem::new(format!("--offset-json-file is not what the tool reads ({error})"), mend)
    })?;
    let mut named: Vec<_> = json.partitions.iter().map(|one| (&one.topic, one.partition)).collect();
    named.sort();
    if named.windows(2).any(|pair| pair[0] == pair[1]) {
        // Kafka's own sentence begins so.
        return Err(ConsoleProblem::new("Offset json file contains duplicate topic partitions", "name each once"));
    }
    Ok(Entry::Act(vec![Command::DeleteRecords { offsets: json.partitions }]))
}

/// The text that reads back as these offsets.
pub(super) fn deletion_json(offsets: &[RecordsBefore]) -> String {
    let json = OffsetJson { partitions: offsets.to_vec(), version: first_version() };
    serde_json::to_string(&json).expect("plain data has a text")
}

type Deleted = (TopicName, PartitionId, Result<Offset, ErrorCode>);

/// `DeleteRecordsCommand`
pub(super) fn deletion_table(results: &[Deleted]) -> String {
    let row = |(topic, partition, outcome): &Deleted| match outcome {
        Ok(low_watermark) => format!("\npartition: {topic}-{partition}\tlow_watermark: {low_watermark}"),
        Err(error) => format!("\npartition: {topic}-{partition}\terror: {}", error.message()),
    };
    let rows: String = results.iter().map(row).collect();
    format!("Executing records delete operation\nRecords delete operation completed:{rows}")
}

// ---- kafka-get-offsets ---------------------------------------------------------------------------------------------

pub(super) fn get_offsets(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let topic = line.value("topic");
    let partitions = line.value("partitions").map_or(Ok(Vec::new()), |list| {
        list.split(',').map(|text| number(text.trim(), "--partitions")).collect::<Result<Vec<u32>, _>>()
    })?;
    let time = line.value("time").map_or(Ok(OffsetSpec::Latest), |text| offset_spec(&text))?;
    line.end()?;
    Ok(Entry::Ask(Question::GetOffsets { topic, partitions, time }))
}

fn offset_spec(text: &str) -> Result<OffsetSpec, ConsoleProblem> {
    Ok(match text {
        "latest" | "-1" => OffsetSpec::Latest,
        "earliest" | "-2" => OffsetSpec::Earliest,
        "max-timestamp" | "-3" => OffsetSpec::MaxTimestamp,
        _ => {
            let millis: i64 = text.parse().map_err(|_| {
                let what = format!("Malformed time argument {text}");
                ConsoleProblem::new(what, "write latest, earliest, max-timestamp or milliseconds since 1970")
            })?;
            // What lies before the simulated world lies before all its records.
            OffsetSpec::At(time_of_wire_timestamp(millis).unwrap_or_default())
        }
    })
}

/// `GetOffsetShell`: one row for each partition whose leader has an answer.
pub(super) fn offsets(world: &World, topic: Option<&str>, partitions: &[u32], time: OffsetSpec) -> String {
    let mut ids: Vec<(String, TopicPartition)> = Vec::new();
    for (id, image) in world.image().topics() {
        let is_asked = topic.is_none_or(|name| *image.name == *name);
        let numbers = image.partitions.keys().filter(|number| partitions.is_empty() || partitions.contains(&number.0));
        ids.extend(
            numbers
                .filter(|_| is_asked)
                .map(|number| (image.name.to_string(), TopicPartition { topic: id, partition: *number })),
        );
    }
    if ids.is_empty() {
        return "Error occurred: Could not match any topic-partitions with the specified filters".to_owned();
    }
    ids.sort();
    let mut text = String::new();
    for (name, id) in ids {
        let number = id.partition;
        text.push_str(&match views::leader_log(world, id) {
            None => format!(
                "Skip getting offsets for topic-partition {name}-{number} due to error: {}\n",
                ErrorCode::LeaderNotAvailable.message()
            ),
            Some((_, log)) => {
                let below = |found: Option<Offset>| found.filter(|offset| *offset < log.high_watermark());
                let offset = match time {
                    OffsetSpec::Earliest => Some(log.log_start_offset()),
                    OffsetSpec::Latest => Some(log.high_watermark()),
                    OffsetSpec::MaxTimestamp => below(log.fetch_offset_of_max_timestamp().map(|found| found.offset)),
                    OffsetSpec::At(time) => below(log.fetch_offset_by_timestamp(time).map(|found| found.offset)),
                };
                offset.map_or_else(String::new, |offset| format!("{name}:{number}:{offset}\n"))
            }
        });
    }
    text
}

// ---- kafka-dump-log ------------------------------------------------------------------------------------------------

pub(super) fn dump_log(mut line: Line) -> Result<Entry, ConsoleProblem> {
    let files = line.required("files")?.split(',').map(|file| file.trim().to_owned()).collect();
    let records = match (line.has("print-data-log"), line.has("deep-iteration")) {
        (true, _) => DumpRecords::Contents,
        (false, true) => DumpRecords::Metadata,
        (false, false) => DumpRecords::None,
    };
    let broker = line.number("broker")?.map(BrokerId);
    line.end()?;
    Ok(Entry::Ask(Question::DumpLog { files, records, broker }))
}
