//! Both stages under one head, each with a page of its own; below them the table.

use yew::prelude::*;

use super::head::Head;
use super::side::Side;
use super::table::Table;
use crate::app::state::page::{Page, use_page};

#[component]
pub fn Compare() -> Html {
    let page = use_page();
    // On a phone one of the two is in view.
    let shown = use_state_eq(|| 0_usize);
    let on_show = {
        let setter = shown.setter();
        use_callback((), move |side: usize, ()| setter.set(side))
    };
    let Some(right) = page.of_rival() else { return Html::default() };
    html! {
        <div class="compare" data-shown={shown.to_string()}>
            <Head {on_show} shown={*shown} />
            <div class="stage-pair">
                <ContextProvider<Page> context={page.clone()}><Side number=0 /></ContextProvider<Page>>
                <ContextProvider<Page> context={right}><Side number=1 /></ContextProvider<Page>>
            </div>
            <Table />
        </div>
    }
}
