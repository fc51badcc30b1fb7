//! What stands in the sandbox before the reader does anything: built by the very lines anybody could type.

use crate::console::{self, Entry};
use crate::engine::Setup;
use crate::engine::common::Time;
use crate::session::Session;

/// The cluster is up and the first records are on their way after these.
const LINES: &[&str] = &[
    "wait 1s",
    "kafka-topics --create --topic orders --partitions 3 --replication-factor 3 --config min.insync.replicas=2",
    "wait 1s",
    "kafka-console-producer --topic orders --producer-property client.id=checkout-web --producer-property acks=all \
     --every 400ms --keys alice,bob,carol,dave,erin,frank",
    "kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-1 --processing 40ms \
     --from-beginning",
    "kafka-console-consumer --topic orders --group billing --consumer-property client.id=billing-2 --processing 40ms \
     --from-beginning",
    // The group has formed by then, and there is something to look back on.
    "wait 8s",
];

/// A session with three brokers, a topic, a producer and a group of two; the clock stands where the story begins.
///
/// # Errors
/// The line that this version does not accept, and why: the tests would have found it first.
pub fn session(setup: Setup) -> Result<Session, String> {
    let mut session = Session::new(setup).map_err(|refusal| refusal.to_string())?;
    for line in LINES {
        match console::parse(line).map_err(|problem| format!("{line}: {problem}"))? {
            Entry::Act(commands) => {
                for command in commands {
                    session.act(command).map_err(|refusal| format!("{line}: {refusal}"))?;
                }
            }
            Entry::Wait(span) => {
                session.advance_to(session.now() + span, u64::MAX);
            }
            _ => return Err(format!("{line}: neither acts nor waits")),
        }
    }
    debug_assert!(session.now() > Time::ZERO);
    Ok(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_accepted_and_records_flow() {
        let mut session = session(Setup::default()).expect("the sandbox stands");
        assert!(session.world().image().topic_id("orders").is_some());
        session.advance_to(Time(15_000_000), u64::MAX);
        let ends: u64 = session
            .world()
            .image()
            .partitions()
            .filter_map(|(id, registration)| {
                let broker = session.world().broker(registration.leader?)?;
                Some(broker.log(id)?.log_end_offset().0)
            })
            .sum();
        assert!(ends > 3, "{ends} records in ten seconds");
    }
}
