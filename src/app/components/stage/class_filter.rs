//! Which classes of messages are drawn, and the row of switches for them.

use yew::prelude::*;

use super::icon::Icon;
use crate::app::i18n::use_text;
use crate::engine::protocol::Class;

/// All classes in the order of the switches.
pub const CLASSES: [Class; 6] =
    [Class::Produce, Class::Replicate, Class::Fetch, Class::Group, Class::Control, Class::Liveness];

/// A set of message classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassSet(u8);

impl Default for ClassSet {
    /// Everything but bare signs of life.
    fn default() -> Self {
        Self::all().toggled(Class::Liveness)
    }
}

impl ClassSet {
    #[must_use]
    pub fn all() -> Self {
        Self(u8::MAX)
    }

    #[must_use]
    pub fn has(self, class: Class) -> bool {
        self.0 & bit(class) != 0
    }

    #[must_use]
    pub fn toggled(self, class: Class) -> Self {
        Self(self.0 ^ bit(class))
    }
}

fn bit(class: Class) -> u8 {
    1 << class as u8
}

/// `class-produce`…: gives hue and tint to whatever wears it.
#[must_use]
pub fn class_name(class: Class) -> &'static str {
    match class {
        Class::Produce => "class-produce",
        Class::Replicate => "class-replicate",
        Class::Fetch => "class-fetch",
        Class::Group => "class-group",
        Class::Control => "class-control",
        Class::Liveness => "class-liveness",
    }
}

#[must_use]
pub fn class_icon(class: Class) -> Icon {
    match class {
        Class::Produce => Icon::Produce,
        Class::Replicate => Icon::Replicate,
        Class::Fetch => Icon::Fetch,
        Class::Group => Icon::Heads,
        Class::Control => Icon::Nut,
        Class::Liveness => Icon::Pulse,
    }
}

#[derive(Properties, PartialEq)]
pub struct ClassFilterProps {
    pub shown: ClassSet,
    pub on_change: Callback<ClassSet>,
}

#[component]
pub fn ClassFilter(props: &ClassFilterProps) -> Html {
    let text = use_text();
    let switch = |class: Class| {
        let name = text.get(&format!("stage-{}", class_name(class)));
        let next = props.shown.toggled(class);
        html! {
            <button key={class_name(class)} type="button" class={classes!("class-filter__switch", class_name(class))}
                aria-pressed={props.shown.has(class).to_string()} aria-label={name.clone()} title={name}
                onclick={props.on_change.reform(move |_: MouseEvent| next)}>
                { class_icon(class).html() }
            </button>
        }
    };
    html! {
        <div class="class-filter" role="group" aria-label={text.get("stage-classes-shown")}>
            { for CLASSES.into_iter().map(switch) }
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_switched_by_itself() {
        for class in CLASSES {
            let without = ClassSet::all().toggled(class);
            assert!(!without.has(class));
            assert!(CLASSES.into_iter().filter(|&other| other != class).all(|other| without.has(other)));
            assert_eq!(without.toggled(class), ClassSet::all());
        }
    }
}
