//! Sentences for machines, links and messages: what the kernel did.

use super::{Sentence, gist};
use crate::engine::common::NodeId;
use crate::engine::protocol::Digest;
use crate::engine::runtime::{Crash, Loss, RuntimeFact};
use crate::engine::world::World;

fn message(world: &World, key: &'static str, (from, to): (NodeId, NodeId), digest: &Digest) -> Sentence {
    let kind = if digest.is_response { "response" } else { "request" };
    Sentence::new(key)
        .node(world, "from", from)
        .node(world, "to", to)
        .text("api", digest.name)
        .text("kind", kind)
        .text("gist", gist(world, &digest.gist))
}

pub(super) fn of_runtime(world: &World, fact: &RuntimeFact<Digest>) -> Sentence {
    let link = |key, from, to| Sentence::new(key).node(world, "from", from).node(world, "to", to);
    match fact {
        RuntimeFact::Sent { from, to, digest, .. } => message(world, "fact-sent", (*from, *to), digest),
        RuntimeFact::Delivered { from, to, digest, .. } => message(world, "fact-delivered", (*from, *to), digest),
        RuntimeFact::Lost { from, to, digest, why, .. } => {
            let key = match why {
                Loss::Cut => "fact-lost-cut",
                Loss::Crash => "fact-lost-crash",
                Loss::Down => "fact-lost-down",
                Loss::Reset => "fact-lost-reset",
                Loss::Dropped => "fact-lost-dropped",
            };
            message(world, key, (*from, *to), digest)
        }
        RuntimeFact::Held { from, to, digest, .. } => message(world, "fact-held", (*from, *to), digest),
        RuntimeFact::Released { from, to, .. } => link("fact-released", *from, *to),
        RuntimeFact::Started => Sentence::new("fact-started"),
        RuntimeFact::Crashed { how: Crash::Process } => Sentence::new("fact-crashed"),
        RuntimeFact::Crashed { how: Crash::Power } => Sentence::new("fact-power-lost"),
        RuntimeFact::Exited => Sentence::new("fact-exited"),
        RuntimeFact::Paused => Sentence::new("fact-paused"),
        RuntimeFact::Resumed => Sentence::new("fact-resumed"),
        RuntimeFact::Disconnected { peer } => Sentence::new("fact-disconnected").node(world, "peer", *peer),
        RuntimeFact::LinkCut { from, to } => link("fact-link-cut", *from, *to),
        RuntimeFact::LinkRepaired { from, to } => link("fact-link-repaired", *from, *to),
        RuntimeFact::LinkHeld { from, to } => link("fact-link-held", *from, *to),
        RuntimeFact::LinkReleased { from, to } => link("fact-link-released", *from, *to),
        RuntimeFact::LatencySet { from, to, latency } => {
            link("fact-latency-set", *from, *to).text("latency", latency.base.to_string())
        }
    }
}
