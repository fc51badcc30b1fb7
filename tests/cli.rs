//! The command, run as a user runs it.

use std::io::Write;
use std::process::{Command, Stdio};

use kafkascope::session::{Run, Session};

/// A cluster that forms, works, loses a broker and gets it back.
const FAILOVER: &str = "\
wait 3s
kafka-topics --create --topic orders --partitions 3 --replication-factor 3 --config min.insync.replicas=2
wait 1s
kafka-console-producer --topic orders --producer-property client.id=checkout --every 50ms --keys alice,bob,carol
kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1
wait 4s
crash broker-1
wait 12s
restart broker-1
wait 5s
";

fn kafkascope(arguments: &[&str], input: &str) -> (bool, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kafkascope"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command is built");
    child.stdin.take().expect("it was piped").write_all(input.as_bytes()).expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_script_runs_and_its_run_replays_to_the_same_fingerprint() {
    let (ok, out, err) = kafkascope(&["run", "-", "--format", "json", "--seed", "7"], FAILOVER);
    assert!(ok, "{err}");
    let last: serde_json::Value = serde_json::from_str(out.lines().last().expect("it prints")).expect("JSON lines");
    let run: Run = serde_json::from_value(last["run"].clone()).expect("a run is plain data");
    let session = Session::replay(&run).expect("it was accepted before");
    assert_eq!(session.world().fingerprint().to_string(), last["fingerprint"]);
}

#[test]
fn a_failed_expectation_fails_the_command_and_says_what_it_saw() {
    let (ok, out, _) = kafkascope(&["run", "-"], "wait 3s\nexpect up(broker-2)\nexpect up(broker-2) == false\n");
    assert!(!ok);
    assert!(out.contains("up(broker-2)"), "{out}");
}

#[test]
fn a_line_nobody_understands_is_told_with_its_place() {
    let (ok, _, err) = kafkascope(&["run", "-"], "wait 1s\nkafka-topic --create --topic x\n");
    assert!(!ok);
    assert!(err.contains('2') && err.contains("kafka-topics"), "it names the line and what may be meant: {err}");
}

#[test]
fn a_missing_file_gets_a_sentence() {
    let (ok, _, err) = kafkascope(&["run", "no-such-file.kafka"], "");
    assert!(!ok);
    assert!(err.contains("no-such-file.kafka"), "{err}");
}

/// Random clusters, workloads and faults keep every promise their configuration makes. `SWEEP_SEEDS` says how many.
#[test]
fn random_faults_break_no_promise() {
    let seeds = std::env::var("SWEEP_SEEDS").unwrap_or_else(|_| "300".to_owned());
    let (ok, out, err) = kafkascope(&["sweep", "--seeds", &seeds], "");
    assert!(ok, "{out}{err}");
}

#[test]
fn the_built_in_lessons_are_sound() {
    let (ok, out, err) = kafkascope(&["check"], "");
    assert!(ok, "{out}{err}");
    for lesson in ["queue-and-topic", "leader-failover", "offsets-and-replay"] {
        assert!(out.contains(lesson), "{out}");
    }
}
