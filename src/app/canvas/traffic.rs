//! Which messages are drawn one by one, and which as one stream.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::route::Way;
use crate::app::components::stage::class_filter::ClassSet;
use crate::engine::common::Time;
use crate::view::envelope::Envelope;

/// More messages than this on one way are one stream with a number.
const STREAM_ABOVE: usize = 40;

/// Everything in flight at one moment of one world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flight {
    pub at: Time,
    /// Another number for every scene, so that two moments with the same clock are told apart.
    pub revision: u64,
    /// The clock runs: the painter asks again at the next frame.
    pub running: bool,
    /// The clock runs so fast that single messages cannot be followed.
    pub fast: bool,
    pub envelopes: Vec<Envelope>,
}

/// Asked once a frame for what is in flight. Equal when it is the same question.
#[derive(Clone)]
pub struct FlightFeed(Rc<dyn Fn() -> Flight>);

impl FlightFeed {
    #[must_use]
    pub fn new(ask: impl Fn() -> Flight + 'static) -> Self {
        Self(Rc::new(ask))
    }

    /// A moment that does not pass.
    #[must_use]
    pub fn still(flight: Flight) -> Self {
        Self::new(move || flight.clone())
    }

    #[must_use]
    pub fn ask(&self) -> Flight {
        (self.0)()
    }
}

impl PartialEq for FlightFeed {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What one way of the figure carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Load<'a> {
    /// Nearest to their goal last, so that they are painted on top.
    Single(Vec<&'a Envelope>),
    Stream {
        count: usize,
    },
}

/// The traffic on every way, filtered by class, in a fixed order.
#[must_use]
pub fn traffic(flight: &Flight, shown: ClassSet) -> Vec<(Way, Load<'_>)> {
    let mut ways: BTreeMap<Way, Vec<&Envelope>> = BTreeMap::new();
    for envelope in flight.envelopes.iter().filter(|envelope| shown.has(envelope.class)) {
        ways.entry(way_of(envelope)).or_default().push(envelope);
    }
    ways.into_iter()
        .map(|(way, mut envelopes)| {
            if envelopes.len() > STREAM_ABOVE || (flight.fast && envelopes.len() > 1) {
                return (way, Load::Stream { count: envelopes.len() });
            }
            envelopes.sort_by_key(|envelope| (envelope.travelled_permille, envelope.id));
            (way, Load::Single(envelopes))
        })
        .collect()
}

#[must_use]
pub fn way_of(envelope: &Envelope) -> Way {
    Way {
        from: envelope.from,
        to: envelope.to,
        class: envelope.class,
        is_response: envelope.is_response,
        partition: envelope.partition,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::{ClientId, NodeId};
    use crate::engine::protocol::Class;
    use crate::view::envelope::EnvelopeFate;

    fn envelope(id: u64, class: Class) -> Envelope {
        Envelope {
            id,
            from: NodeId::Client(ClientId(0)),
            to: NodeId::broker(1),
            class,
            is_response: false,
            partition: None,
            offset: None,
            travelled_permille: 500,
            fate: EnvelopeFate::Arrives,
            glyphs: Vec::new(),
            text: String::new(),
            api: "Produce".to_owned(),
            quiet: false,
        }
    }

    fn flight(count: u64) -> Flight {
        Flight { envelopes: (0..count).map(|id| envelope(id, Class::Produce)).collect(), ..Flight::default() }
    }

    #[test]
    fn forty_messages_are_drawn_and_forty_one_are_a_stream() {
        let forty = flight(40);
        assert!(matches!(&traffic(&forty, ClassSet::all())[..], [(_, Load::Single(messages))] if messages.len() == 40));
        let more = flight(41);
        assert!(matches!(traffic(&more, ClassSet::all())[..], [(_, Load::Stream { count: 41 })]));
    }

    #[test]
    fn a_fast_clock_makes_streams_of_few_but_leaves_one_message_alone() {
        let two = Flight { fast: true, ..flight(2) };
        assert!(matches!(traffic(&two, ClassSet::all())[..], [(_, Load::Stream { count: 2 })]));
        let one = Flight { fast: true, ..flight(1) };
        assert!(matches!(&traffic(&one, ClassSet::all())[..], [(_, Load::Single(_))]));
    }

    #[test]
    fn a_class_switched_off_is_not_drawn() {
        let mut flight = flight(1);
        flight.envelopes.push(envelope(1, Class::Control));
        let shown = ClassSet::all().toggled(Class::Control);
        assert!(traffic(&flight, shown).iter().all(|(way, _)| way.class != Class::Control));
    }
}
