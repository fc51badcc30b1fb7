//! Which promises hold, which were broken and where, and which were never made, and why not.
//!
//! "Broken" and "not promised" are told apart in words: losing an acknowledged record with acks=1 is Kafka keeping its
//! word.

use yew::prelude::*;

use crate::app::components::stage::icon::Icon;
use crate::app::i18n::{Text, use_text};
use crate::app::state::action::UiAction;
use crate::app::state::page::{Page, use_page};
use crate::checker::{Evidence, Guarantee, Unpromised, Verdict, Violation};
use crate::engine::common::BrokerId;
use crate::engine::world::World;
use crate::view::explain::partition_name;

#[component]
pub fn GuaranteesTab() -> Html {
    let (page, text) = (use_page(), use_text());
    let mut verdicts = page.model().session().verdicts();
    // Where there is no queue its promise is nobody's question.
    let has_queue = page.scene.queue.is_some();
    verdicts.retain(|(guarantee, _)| *guarantee != Guarantee::OneWorkerPerMessage || has_queue);
    // What is broken comes first.
    verdicts.sort_by_key(|(_, verdict)| rank(verdict));
    html! {
        <ul class="guarantees">
            { for verdicts.iter().map(|(guarantee, verdict)| line(&page, &text, *guarantee, verdict)) }
        </ul>
    }
}

fn rank(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::BrokenHere(_) => 0,
        Verdict::BrokenEarlier(_) => 1,
        Verdict::Holds => 3,
        Verdict::NotPromised { seen: Some(_), .. } => 2,
        Verdict::NotPromised { seen: None, .. } => 4,
    }
}

fn line(page: &Page, text: &Text, guarantee: Guarantee, verdict: &Verdict) -> Html {
    let name = text.get(&format!("ui-guarantee-{}", guarantee.id()));
    let (class, icon, said) = match verdict {
        Verdict::Holds => ("guarantee guarantee--holds", Icon::Check, html! { { text.get("ui-guarantee-holds") } }),
        Verdict::NotPromised { why, seen } => (
            "guarantee guarantee--unpromised",
            Icon::Dash,
            html! {
                <>
                    { unpromised(page, text, why) }
                    if let Some(violation) = seen { { " " }{ broken(page, text, violation) } }
                </>
            },
        ),
        Verdict::BrokenHere(violation) => (
            "guarantee guarantee--broken",
            Icon::Cross,
            html! { <>{ text.get("ui-guarantee-broken-here") }{ " " }{ broken(page, text, violation) }</> },
        ),
        Verdict::BrokenEarlier(violation) => (
            "guarantee guarantee--earlier",
            Icon::Warn,
            html! { <>{ text.get("ui-guarantee-broken-earlier") }{ " " }{ broken(page, text, violation) }</> },
        ),
    };
    html! { <li key={guarantee.id()} {class} data-guarantee={guarantee.id()}>{ icon.html() }<b>{ name }</b><span>{ said }</span></li> }
}

fn broken(page: &Page, text: &Text, violation: &Violation) -> Html {
    let model = page.model();
    let said = evidence(text, model.session().world(), &violation.evidence);
    let at = text.get_with("ui-at-time", &[("time", violation.at.to_string().into())]);
    html! {
        <>
            { said }{ " " }
            <button type="button" class="link" onclick={page.on_click(UiAction::SeekStep(violation.step))}>{ at }</button>
        </>
    }
}

/// "Not promised, because …"
fn unpromised(page: &Page, text: &Text, why: &Unpromised) -> AttrValue {
    let model = page.model();
    let world = model.session().world();
    let of_leader = |key: &str, partition, leader: BrokerId| {
        text.get_with(
            key,
            &[("partition", partition_name(world, partition).into()), ("leader", leader.to_string().into())],
        )
    };
    match why {
        Unpromised::Acks { producer } => {
            text.get_with("ui-unpromised-acks", &[("producer", world.name_of(*producer).into())])
        }
        Unpromised::UncleanElection { partition, leader } => of_leader("ui-unpromised-unclean", *partition, *leader),
        Unpromised::LastKnownLeader { partition, leader } => of_leader("ui-unpromised-last-known", *partition, *leader),
        Unpromised::Unnoticed { partition, leader } => of_leader("ui-unpromised-unnoticed", *partition, *leader),
        Unpromised::CutAtHighWatermark { partition, leader } => of_leader("ui-unpromised-cut", *partition, *leader),
        Unpromised::NeverCompared { partition, leader } => {
            of_leader("ui-unpromised-never-compared", *partition, *leader)
        }
        Unpromised::PowerLoss { partition, brokers } => {
            let brokers: Vec<String> = brokers.iter().map(ToString::to_string).collect();
            let brokers = brokers.join(", ");
            text.get_with(
                "ui-unpromised-power",
                &[("partition", partition_name(world, *partition).into()), ("brokers", brokers.into())],
            )
        }
        Unpromised::SessionEnded { consumer } => {
            text.get_with("ui-unpromised-session", &[("consumer", world.name_of(*consumer).into())])
        }
        Unpromised::Order { producer } => {
            text.get_with("ui-unpromised-order", &[("producer", world.name_of(*producer).into())])
        }
        Unpromised::NotIdempotent { producer } => {
            text.get_with("ui-unpromised-not-idempotent", &[("producer", world.name_of(*producer).into())])
        }
        Unpromised::ProducerStateLost { partition, leader } => {
            of_leader("ui-unpromised-state-lost", *partition, *leader)
        }
        Unpromised::ProducerUnknown { partition, leader } => {
            of_leader("ui-unpromised-producer-unknown", *partition, *leader)
        }
    }
}

fn evidence(text: &Text, world: &World, evidence: &Evidence) -> AttrValue {
    let say = |key: &str, args: &[(&'static str, String)]| {
        let args: Vec<_> = args.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
        text.get_with(key, &args)
    };
    let of = |partition| ("partition", partition_name(world, partition));
    match evidence {
        Evidence::Missing { partition, leader, first, last } => say(
            "ui-evidence-missing",
            &[of(*partition), ("leader", leader.to_string()), ("first", first.to_string()), ("last", last.to_string())],
        ),
        Evidence::TwoLeaders { partition, epoch, brokers: (one, other) } => say(
            "ui-evidence-two-leaders",
            &[of(*partition), ("epoch", epoch.to_string()), ("one", one.to_string()), ("other", other.to_string())],
        ),
        Evidence::TwoControllers { epoch, controllers: (one, other) } => say(
            "ui-evidence-two-controllers",
            &[("epoch", epoch.to_string()), ("one", one.to_string()), ("other", other.to_string())],
        ),
        Evidence::MetadataMissing { controller, end, committed } => say(
            "ui-evidence-metadata-missing",
            &[("controller", controller.to_string()), ("end", end.to_string()), ("committed", committed.to_string())],
        ),
        Evidence::TwoKafkaControllers { epoch, brokers: (one, other) } => say(
            "ui-evidence-two-kafka-controllers",
            &[("epoch", epoch.to_string()), ("one", one.to_string()), ("other", other.to_string())],
        ),
        Evidence::Fell { partition, from, to } => {
            say("ui-evidence-fell", &[of(*partition), ("from", from.to_string()), ("to", to.to_string())])
        }
        Evidence::ReadTooFar { partition, read, high_watermark } => {
            say("ui-evidence-read", &[of(*partition), ("read", read.to_string()), ("hw", high_watermark.to_string())])
        }
        Evidence::TwoOwners { partition, generation, owners: (one, other) } => {
            let mut args = vec![of(*partition), ("one", world.name_of(*one)), ("other", world.name_of(*other))];
            let Some(generation) = generation else { return say("ui-evidence-two-claims", &args) };
            args.push(("generation", generation.to_string()));
            say("ui-evidence-two-owners", &args)
        }
        Evidence::OutOfOrder { partition, producer, first, second } => say(
            "ui-evidence-order",
            &[
                of(*partition),
                ("producer", world.name_of(*producer)),
                ("first", first.to_string()),
                ("second", second.to_string()),
            ],
        ),
        Evidence::WrittenTwice { partition, producer, first, second } => say(
            "ui-evidence-twice",
            &[
                of(*partition),
                ("producer", world.name_of(*producer)),
                ("first", first.to_string()),
                ("second", second.to_string()),
            ],
        ),
        Evidence::TwoWorkers { message, workers: (one, other) } => say(
            "ui-evidence-two-workers",
            &[("message", message.to_string()), ("one", world.name_of(*one)), ("other", world.name_of(*other))],
        ),
    }
}
