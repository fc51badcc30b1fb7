//! What lies behind an open tab keeps its state and looks at the page as it was when it was covered.
//!
//! Components draw anew with every revision of the page they see. What nobody sees need not.

use yew::prelude::*;

use crate::app::state::page::{Page, use_page};

#[derive(Properties, PartialEq)]
pub struct BehindProps {
    pub is_open: bool,
    pub children: Html,
}

#[component]
pub fn Behind(props: &BehindProps) -> Html {
    let page = use_page();
    let seen = use_mut_ref(|| page.clone());
    if props.is_open {
        seen.replace(page);
    }
    let context = seen.borrow().clone();
    html! { <ContextProvider<Page> {context}>{ props.children.clone() }</ContextProvider<Page>> }
}
