//! One of the two runs: its name, what comes of it in a sentence with values, its stage.

use yew::prelude::*;

use crate::app::components::lesson::caption::Caption;
use crate::app::components::shell::stage_host::{StageOfPage, use_feed};
use crate::app::components::stage::density::{Density, use_density};
use crate::app::i18n::Text;
use crate::app::state::compare::{Compared, comparison};
use crate::app::state::lesson::language;
use crate::app::state::page::{Page, use_page};
use crate::scenario::Side as Document;

#[derive(Properties, PartialEq)]
pub struct SideProps {
    /// 0 is the left one.
    pub number: usize,
}

#[component]
pub fn Side(props: &SideProps) -> Html {
    let page = use_page();
    let feed = use_feed(&page);
    let density = match use_density(page.ui.presenter) {
        Density::Phone => Density::Phone,
        _ => Density::of_half(&page.scene),
    };
    let language = language(page.ui.lang);
    let said = document(&page, props.number)
        .and_then(|side| side.says.get(language).show(page.model().scope()).ok())
        .unwrap_or_default();
    html! {
        <section class="stage-half" data-side={props.number.to_string()}>
            <header class="stage-half__head"><h2>{ name(&page, props.number) }</h2><p><Caption {said} /></p></header>
            <StageOfPage scene={page.scene.clone()} {feed} {density} />
        </section>
    }
}

fn document(page: &Page, number: usize) -> Option<&'static Document> {
    match &page.ui.compared {
        Some(Compared::Ready(id)) => comparison(id).map(|one| one.sides()[number]),
        _ => None,
    }
}

/// What a side is called.
pub fn name(page: &Page, number: usize) -> AttrValue {
    let as_it_is = || Text::of(page.ui.lang).get("ui-knob-as-it-is");
    match (document(page, number), &page.ui.compared) {
        (Some(side), _) => side.name.get(language(page.ui.lang)).clone().into(),
        (None, Some(Compared::Branches(names))) => names[number].clone().into(),
        (None, Some(Compared::Turned { left, .. })) if number == 0 => left.clone().map_or_else(as_it_is, Into::into),
        (None, Some(Compared::Turned { right, .. })) => right.clone().into(),
        _ => AttrValue::default(),
    }
}
