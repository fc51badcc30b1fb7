//! What a topic keeps instead of taking records away: one committed offset per group and partition.

use yew::prelude::*;

use super::group_badge::GroupBadge;
use crate::app::canvas::anchor::OFFSETS_ANCHOR;
use crate::app::i18n::use_text;
use crate::view::scene::{GroupCard, Progress};

#[derive(Properties, PartialEq)]
pub struct ProgressTableProps {
    pub groups: Vec<GroupCard>,
}

#[component]
pub fn ProgressTable(props: &ProgressTableProps) -> Html {
    let text = use_text();
    html! {
        <section class="lane progress-table" data-anchor={OFFSETS_ANCHOR}>
            <h4>{ text.get("stage-kept-offsets") }</h4>
            { for props.groups.iter().map(|group| {
                let owned = group.members.iter().flat_map(|member| &member.partitions);
                let mut rows: Vec<&Progress> = owned.chain(&group.unowned).collect();
                rows.sort_by_key(|progress| progress.partition);
                html! {
                    <p key={group.badge.group.clone()}>
                        <GroupBadge badge={group.badge.clone()} />
                        { for rows.into_iter().map(|progress| html! {
                            <span key={progress.label.clone()}>
                                { &progress.label }{ " " }
                                <b>{ progress.committed.map_or_else(|| "–".to_owned(), |offset| offset.to_string()) }</b>
                            </span>
                        }) }
                    </p>
                }
            }) }
        </section>
    }
}
