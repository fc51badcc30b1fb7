//! How a reader's pointing travels between the page and every part of the figure.

use yew::prelude::*;

use super::action::StageAction;
use crate::app::selection::Selection;
use crate::engine::common::TopicPartition;

/// Handed down to every component that can be pointed at.
#[derive(Clone, PartialEq)]
pub struct Hands {
    pub selected: Option<Selection>,
    /// What the prose or the inspector points at just now.
    pub pointed: Option<Selection>,
    pub on_select: Callback<Selection>,
    /// Opens a partition to full detail: it becomes the subject.
    pub on_open: Callback<TopicPartition>,
    pub on_action: Callback<StageAction>,
}

impl Hands {
    /// `is-selected` or `is-pointed`, for the ring around a thing.
    #[must_use]
    pub fn ring(&self, thing: &Selection) -> Classes {
        if self.selected.as_ref() == Some(thing) {
            classes!("is-selected")
        } else if self.pointed.as_ref() == Some(thing) {
            classes!("is-pointed")
        } else {
            Classes::new()
        }
    }

    /// A click that selects this thing and not what it stands on.
    #[must_use]
    pub fn pick(&self, thing: Selection) -> Callback<MouseEvent> {
        self.on_select.reform(move |event: MouseEvent| {
            event.stop_propagation();
            thing.clone()
        })
    }

    /// A click that opens a partition to full detail.
    #[must_use]
    pub fn open(&self, partition: TopicPartition) -> Callback<MouseEvent> {
        self.on_open.reform(move |event: MouseEvent| {
            event.stop_propagation();
            partition
        })
    }

    /// A click that does something.
    #[must_use]
    pub fn act(&self, action: StageAction) -> Callback<MouseEvent> {
        self.on_action.reform(move |event: MouseEvent| {
            event.stop_propagation();
            action
        })
    }
}
