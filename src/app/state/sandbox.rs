//! What stands in the sandbox before the reader does anything: a template, built by the very lines anybody could type.

use std::sync::OnceLock;

use crate::engine::Setup;
use crate::scenario::Template;
use crate::session::Session;

/// The templates that come with the page, the default first.
#[must_use]
pub fn templates() -> &'static [Template] {
    static TEMPLATES: OnceLock<Vec<Template>> = OnceLock::new();
    TEMPLATES.get_or_init(Template::builtin)
}

/// The template of this id; the default if there is none of this name.
#[must_use]
pub fn template(id: &str) -> &'static Template {
    let all = templates();
    all.iter().find(|template| template.id == id).unwrap_or(&all[0])
}

/// A template stood up with `setup`; the clock stands where the story begins.
///
/// # Errors
/// The setup or the line that this version does not accept, and why.
pub fn session(template: &Template, setup: Setup) -> Result<Session, String> {
    let moves = template.moves(&setup)?;
    Session::stand(setup, moves).map_err(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::common::Time;

    #[test]
    fn every_template_stands_and_can_be_looked_back_on() {
        for template in templates() {
            let session = session(template, template.setup.clone()).expect("the template stands");
            assert!(session.now() > Time(5_000_000), "{}", template.id);
            assert!(session.world().image().topic_id(&template.topic).is_some(), "{}", template.id);
        }
    }

    #[test]
    fn an_unknown_name_gives_the_default() {
        assert_eq!(template("no-such-thing").id, templates()[0].id);
    }
}
