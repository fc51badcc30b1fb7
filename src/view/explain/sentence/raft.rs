//! Sentences for what happens in the quorum: elections, votes, terms of office, and copies of its log.

use super::{Sentence, broker_list};
use crate::engine::common::BrokerId;
use crate::engine::raft::{RaftFact, ResignedBecause, VoteRefusedBecause};

pub(super) fn of_raft(fact: &RaftFact) -> Sentence {
    let about = |key, candidate: BrokerId| Sentence::new(key).number("candidate", candidate.0);
    match fact {
        RaftFact::BecameUnattached { epoch } => Sentence::new("fact-raft-unattached").number("epoch", epoch.0),
        RaftFact::BecameProspective { epoch } => {
            Sentence::new("fact-raft-prospective").number("epoch", epoch.0).number("next", epoch.next().0)
        }
        RaftFact::BecameCandidate { epoch } => Sentence::new("fact-raft-candidate").number("epoch", epoch.0),
        RaftFact::BackedOff { epoch, millis } => {
            Sentence::new("fact-raft-backed-off").number("epoch", epoch.0).number("millis", *millis)
        }
        RaftFact::BecameLeader { epoch, votes, epoch_start } => Sentence::new("fact-raft-leader")
            .number("epoch", epoch.0)
            .text("votes", broker_list(votes))
            .number("offset", epoch_start.0),
        RaftFact::BecameFollower { epoch, leader } => {
            Sentence::new("fact-raft-follower").number("epoch", epoch.0).number("leader", leader.0)
        }
        RaftFact::Resigned { epoch, why } => Sentence::new(match why {
            ResignedBecause::NoMajority => "fact-raft-resigned-alone",
            ResignedBecause::Restarted => "fact-raft-resigned-restarted",
            ResignedBecause::Asked => "fact-raft-resigned-asked",
        })
        .number("epoch", epoch.0),
        RaftFact::VoteGranted { epoch, candidate, pre_vote: true } => {
            about("fact-raft-pre-vote-granted", *candidate).number("epoch", epoch.next().0)
        }
        RaftFact::VoteGranted { epoch, candidate, pre_vote: false } => {
            about("fact-raft-vote-granted", *candidate).number("epoch", epoch.0)
        }
        RaftFact::VoteRefused { epoch, candidate, pre_vote, why } => {
            let epoch = if *pre_vote { epoch.next() } else { *epoch };
            let said = match why {
                VoteRefusedBecause::AlreadyVoted { candidate: other } => {
                    about("fact-raft-vote-refused-given", *candidate).number("other", other.0)
                }
                VoteRefusedBecause::KnowsLeader { leader } => {
                    about("fact-raft-vote-refused-leader", *candidate).number("leader", leader.0)
                }
                VoteRefusedBecause::LogBehind { own } => about("fact-raft-vote-refused-log", *candidate)
                    .number("end", own.offset.0)
                    .number("last", own.epoch.0),
                VoteRefusedBecause::Stands => about("fact-raft-vote-refused-stands", *candidate),
            };
            said.number("epoch", epoch.0)
        }
        RaftFact::Truncated { from, to } => {
            Sentence::new("fact-raft-truncated").number("offset", to.0).number("records", from.since(*to))
        }
        RaftFact::SnapshotTaken { id, records, bytes } => Sentence::new("fact-raft-snapshot-taken")
            .number("offset", id.offset.0)
            .text("file", format!("{id}.checkpoint"))
            .number("records", *records)
            .number("bytes", *bytes),
        RaftFact::SnapshotFetched { id, from } => Sentence::new("fact-raft-snapshot-fetched")
            .text("file", format!("{id}.checkpoint"))
            .number("leader", from.0),
        RaftFact::LogCleaned { start } => Sentence::new("fact-raft-log-cleaned").number("offset", start.0),
    }
}
