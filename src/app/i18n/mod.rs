//! Every word of the page, in English and Chinese, from `static/i18n/*.ftl` (Project Fluent).
//!
//! A component asks [`use_text`] for the texts of the language in context. Kafka's own names for states, configs and
//! errors are not translated and do not pass through here. A missing message shows its key, and a test keeps both
//! files equal in keys, so that none is missing.

use std::rc::Rc;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;
use yew::prelude::*;

/// The figure, the facts of the engine, and the page around the figure. No key stands in two files.
const ENGLISH: [&str; 3] = [
    include_str!("../../../static/i18n/en.ftl"),
    include_str!("../../../static/i18n/facts.en.ftl"),
    include_str!("../../../static/i18n/ui.en.ftl"),
];
const CHINESE: [&str; 3] = [
    include_str!("../../../static/i18n/zh.ftl"),
    include_str!("../../../static/i18n/facts.zh.ftl"),
    include_str!("../../../static/i18n/ui.zh.ftl"),
];

/// The language of the page; provided as a Yew context by the root component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    /// For the `lang` attribute.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// From a browser's or a share link's language tag; anything but Chinese reads English.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") { Self::Zh } else { Self::En }
    }

    /// The language that a switch goes over to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }

    fn sources(self) -> [&'static str; 3] {
        match self {
            Self::En => ENGLISH,
            Self::Zh => CHINESE,
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().expect("both tags are well formed")
    }
}

/// The texts of one language. Cheap to clone; equal when the language is.
#[derive(Clone)]
pub struct Text {
    lang: Lang,
    bundle: Rc<FluentBundle<FluentResource>>,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.lang == other.lang
    }
}

impl Text {
    #[must_use]
    pub fn of(lang: Lang) -> Self {
        thread_local! {
            static BUNDLES: [Rc<FluentBundle<FluentResource>>; 2] = [bundle(Lang::En), bundle(Lang::Zh)];
        }
        Self { lang, bundle: BUNDLES.with(|bundles| Rc::clone(&bundles[lang as usize])) }
    }

    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// The message without arguments: `text.get("stage-producers")`.
    #[must_use]
    pub fn get(&self, key: &str) -> AttrValue {
        self.get_with(key, &[])
    }

    /// The message with its arguments: `text.get_with("stage-lag", &[("count", lag.into())])`.
    #[must_use]
    pub fn get_with(&self, key: &str, args: &[(&'static str, FluentValue<'_>)]) -> AttrValue {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return AttrValue::from(key.to_owned());
        };
        let args: FluentArgs = args.iter().cloned().collect();
        // Errors are missing arguments; Fluent then shows their names, which says more than nothing would.
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned();
        AttrValue::from(text)
    }
}

/// The texts in the language of the page.
#[hook]
pub fn use_text() -> Text {
    Text::of(use_context::<Lang>().unwrap_or_default())
}

fn bundle(lang: Lang) -> Rc<FluentBundle<FluentResource>> {
    let mut bundle = FluentBundle::new(vec![lang.identifier()]);
    // Isolating marks are for mixed writing directions; here they would only get into copied text.
    bundle.set_use_isolating(false);
    // A message with a syntax error is left out and shows as its key; the test below finds it first.
    for source in lang.sources() {
        let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(resource);
    }
    Rc::new(bundle)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(lang: Lang) -> BTreeSet<String> {
        let sources = lang.sources();
        sources
            .iter()
            .flat_map(|source| source.lines())
            .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
            .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim().to_owned()))
            .collect()
    }

    #[test]
    fn both_languages_parse_without_an_error() {
        for lang in [Lang::En, Lang::Zh] {
            for source in lang.sources() {
                let errors = FluentResource::try_new(source.to_owned()).err().map(|(_, errors)| errors);
                assert_eq!(errors, None, "{lang:?}");
            }
        }
    }

    #[test]
    fn both_languages_have_the_same_keys() {
        let (english, chinese) = (keys(Lang::En), keys(Lang::Zh));
        let missing: Vec<_> = english.symmetric_difference(&chinese).collect();
        assert_eq!(missing, Vec::<&String>::new());
    }

    #[test]
    fn plural_forms_follow_the_number() {
        let text = Text::of(Lang::En);
        assert_eq!(text.get_with("stage-in-flight", &[("count", 1.into())]), "1 request in flight");
        assert_eq!(text.get_with("stage-in-flight", &[("count", 3.into())]), "3 requests in flight");
        assert_eq!(Text::of(Lang::Zh).get_with("stage-in-flight", &[("count", 3.into())]), "3 个请求在途");
    }

    #[test]
    fn a_missing_message_shows_its_key() {
        assert_eq!(Text::of(Lang::En).get("stage-no-such-text"), "stage-no-such-text");
    }
}
