//! Kafkascope without a page: run a script, trace it, rehearse lessons, sweep seeds, measure.
//!
//! Everything it prints comes from the same parts that the page uses. It ends with a status other than zero whenever
//! an expectation fails, a lesson is not sound, or a promise is broken, so that it can stand in any build.

mod sweep;
mod trace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::json;

use crate::console::{self, Condition, Entry, Memory, Scope, ScriptLine};
use crate::engine::command::QueueSpec;
use crate::engine::common::{BrokerId, ServerId, Span};
use crate::engine::config::KafkaVersion;
use crate::engine::world::BrokerSpec;
use crate::engine::{Record, Setup, Time};
use crate::scenario::{Catalog, Lesson};
use crate::session::{Advance, Session, check_lesson};

/// A teaching simulator of Apache Kafka, without its page.
#[derive(Debug, Parser)]
#[command(name = "kafkascope", version)]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Run a script of console lines and print what the tools print.
    Run(ScriptArguments),
    /// Run a script and print what happened, one column per node.
    Trace {
        #[command(flatten)]
        script: ScriptArguments,
        /// Messages too, not only what they led to.
        #[arg(long)]
        messages: bool,
    },
    /// Rehearse lessons: every wait, claim, caption, prediction and task, on several seeds.
    Check {
        /// Lesson documents (.toml) and scripts; none: the lessons that come with Kafkascope.
        files: Vec<PathBuf>,
        /// How many seeds to rehearse each on.
        #[arg(long, default_value_t = 5)]
        seeds: u64,
        /// Say what each lesson says.
        #[arg(long, short)]
        verbose: bool,
    },
    /// Run random clusters under random faults and hold them to their promises.
    Sweep {
        #[arg(long, default_value_t = 100)]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 0)]
        from: u64,
        /// With two disks in every broker, some of which fail.
        #[arg(long)]
        disks: bool,
        /// Print what happened in the shortened run.
        #[arg(long)]
        trace: bool,
    },
}

#[derive(Debug, Args)]
struct ScriptArguments {
    /// The script; "-" reads it from standard input.
    file: PathBuf,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[arg(long, default_value_t = 3)]
    brokers: u32,
    /// Put a point-to-point broker beside the cluster.
    #[arg(long)]
    queue: bool,
    /// Keep the metadata in so many ZooKeeper servers (1 or 3) instead of KRaft controllers; Kafka is 3.9 then.
    #[arg(long, value_name = "SERVERS")]
    zookeeper: Option<u32>,
    /// A line of server.properties: KEY=VALUE.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    properties: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Why a run ended badly: a sentence for the user.
type Failure = String;

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Subcommands::Run(arguments) => run_script(&arguments),
        Subcommands::Trace { script, messages } => trace::print(&script, messages),
        Subcommands::Check { files, seeds, verbose } => check(&files, seeds, verbose),
        Subcommands::Sweep { seeds, from, disks, trace } => sweep::sweep(from, seeds, disks, trace),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

// ---- scripts -------------------------------------------------------------------------------------------------------

fn read(path: &Path) -> Result<String, Failure> {
    let read =
        if path == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { fs::read_to_string(path) };
    read.map_err(|error| {
        let name = path.display();
        format!("{name} cannot be read: {error}. Give the path of a text file, or - for standard input.")
    })
}

fn read_script(path: &Path) -> Result<Vec<ScriptLine>, Failure> {
    console::read_script(&read(path)?).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| format!("{}, {problem}", path.display())).collect();
        lines.join("\n")
    })
}

impl ScriptArguments {
    fn session(&self) -> Result<Session, Failure> {
        let mut setup = Setup {
            seed: self.seed,
            brokers: (1..=self.brokers).map(|id| BrokerSpec { id: BrokerId(id), rack: None }).collect(),
            queue: self.queue.then(QueueSpec::default),
            ..Setup::default()
        };
        if let Some(servers) = self.zookeeper {
            setup.version = KafkaVersion::V3_9;
            setup.controllers.clear();
            setup.zookeepers = (1..=servers).map(ServerId).collect();
        }
        if self.brokers < 3 {
            // What Kafka's own single-node server.properties sets.
            setup.properties.insert("offsets.topic.replication.factor".to_owned(), "1".to_owned());
        }
        for pair in &self.properties {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("--set {pair} is no pair of key and value: write KEY=VALUE"))?;
            setup.properties.insert(key.to_owned(), value.to_owned());
        }
        Session::new(setup).map_err(|refusal| refusal.to_string())
    }
}

/// What a script's line led to.
enum Event<'a> {
    Line(&'a ScriptLine),
    /// What a tool printed.
    Output(String),
    Fact(&'a Record),
    Failed(Failure),
}

/// Runs a script from its first line to its last and hands what happens to `tell`. Answers how many lines failed.
fn follow(session: &mut Session, script: &[ScriptLine], mut tell: impl FnMut(Time, Event<'_>)) -> usize {
    let memory = Memory::new();
    let mut failures = 0;
    for line in script {
        tell(session.now(), Event::Line(line));
        let failure = match &line.entry {
            Entry::Act(commands) => {
                let refusal = commands.iter().find_map(|command| session.act(command.clone()).err());
                refusal.map(|refusal| refusal.to_string())
            }
            Entry::Ask(question) => {
                let scope = Scope { world: session.world(), past: session.past(), memory: &memory };
                let answer = console::answer(question, scope);
                tell(session.now(), Event::Output(answer));
                None
            }
            Entry::Wait(span) => {
                play(session, *span, None, &mut tell);
                None
            }
            Entry::Await { condition, within } => {
                play(session, *within, Some(condition), &mut tell);
                verdict(session, condition)
            }
            Entry::Expect(condition) => verdict(session, condition),
            Entry::Nothing => None,
        };
        if let Some(failure) = failure {
            failures += 1;
            tell(session.now(), Event::Failed(format!("line {}: {failure}", line.number)));
        }
    }
    failures
}

/// Plays for so long, or until the condition holds, and tells every fact on the way.
fn play(session: &mut Session, span: Span, until: Option<&Condition>, tell: &mut impl FnMut(Time, Event<'_>)) {
    let end = session.now() + span;
    loop {
        if until.is_some_and(|condition| verdict(session, condition).is_none()) {
            return;
        }
        let before = session.world().step_count();
        let advance = session.advance_to(end, 1);
        let past = session.past();
        let new = past.partition_point(|record| record.step <= before);
        for record in &past[new..] {
            tell(record.at, Event::Fact(record));
            if let Some(output) = console::reply(record, session.world()) {
                tell(record.at, Event::Output(output));
            }
        }
        if advance == Advance::Arrived {
            return;
        }
    }
}

/// Why the condition does not hold, if it does not.
fn verdict(session: &Session, condition: &Condition) -> Option<Failure> {
    let memory = Memory::new();
    let scope = Scope { world: session.world(), past: session.past(), memory: &memory };
    match condition.holds(scope) {
        Ok(true) => None,
        Ok(false) => {
            let parts: Vec<String> =
                condition.parts(scope).iter().map(|(text, value)| format!("{text} is {value}")).collect();
            Some(format!("expected {condition}, but {}", parts.join(", ")))
        }
        Err(problem) => Some(format!("{condition}: {problem}")),
    }
}

fn run_script(arguments: &ScriptArguments) -> Result<(), Failure> {
    let script = read_script(&arguments.file)?;
    let mut session = arguments.session()?;
    let format = arguments.format;
    let failures = follow(&mut session, &script, |at, event| match (format, event) {
        (_, Event::Fact(_)) => {}
        (Format::Text, Event::Line(line)) => println!("{:>9} > {}", at.to_string(), line.text.trim()),
        (Format::Text, Event::Output(output)) => {
            for line in output.lines() {
                println!("{:>9}   {line}", "");
            }
        }
        (Format::Text, Event::Failed(failure)) => println!("{:>9} ! {failure}", at.to_string()),
        (Format::Json, Event::Line(line)) => {
            println!("{}", json!({ "at_us": at.0, "line": line.number, "text": line.text }));
        }
        (Format::Json, Event::Output(output)) => println!("{}", json!({ "at_us": at.0, "output": output })),
        (Format::Json, Event::Failed(failure)) => println!("{}", json!({ "at_us": at.0, "failed": failure })),
    });
    let (steps, fingerprint) = (session.world().step_count(), session.world().fingerprint());
    match format {
        Format::Text => println!("{:>9}   {steps} events, fingerprint {fingerprint}", session.now().to_string()),
        Format::Json => {
            let fingerprint = fingerprint.to_string();
            println!(
                "{}",
                json!({
                    "at_us": session.now().0, "events": steps.0, "fingerprint": fingerprint, "failures": failures,
                    "run": session.run(),
                })
            );
        }
    }
    if failures == 0 { Ok(()) } else { Err(format!("{failures} of {} lines failed", script.len())) }
}

// ---- lessons -------------------------------------------------------------------------------------------------------

fn check(files: &[PathBuf], seeds: u64, verbose: bool) -> Result<(), Failure> {
    let mut lessons: Vec<Arc<Lesson>> = Vec::new();
    if files.is_empty() {
        lessons.extend(Catalog::builtin().lessons().iter().cloned());
    }
    let mut bad = Vec::new();
    for file in files {
        if file.extension().is_some_and(|extension| extension == "toml") {
            match Lesson::parse(&read(file)?) {
                Ok(lesson) => lessons.push(Arc::new(lesson)),
                Err(problem) => bad.push(format!("{}: {problem}", file.display())),
            }
        } else {
            match read_script(file) {
                Ok(script) => println!("{}: {} lines, all understood", file.display(), script.len()),
                Err(problems) => bad.push(problems),
            }
        }
    }
    for lesson in &lessons {
        for offset in 0..seeds.max(1) {
            let report = check_lesson(lesson, lesson.setup.seed + offset);
            if verbose || !report.is_sound() {
                print!("{report}");
            }
            if !report.is_sound() {
                bad.push(format!("{} is not sound on seed {}", lesson.id, report.seed));
            }
        }
        println!("{}: rehearsed on {} seeds", lesson.id, seeds.max(1));
    }
    if bad.is_empty() { Ok(()) } else { Err(bad.join("\n")) }
}
